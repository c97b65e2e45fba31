//! The rewriting of a durable body: every `.await` becomes a checkpoint in the body's context, the blocks of the
//! language (`child!`, `parallel!`, `race!`, `record!`) become operations, and everything else stays as it is
//! written. Knows nothing of what the blocks become.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::visit_mut::{self, VisitMut};
use syn::{Attribute, Expr, ExprAwait, Ident, Item, Stmt};

use crate::closures::BoundNames;
use crate::diagnostics::{generated, parentheses, refusal};
use crate::runtime::Runtime;
use crate::sleep;

/// Rewrites one body. Blocks are rewritten by the same value, with a context of their own by the same name.
pub(crate) struct Rewrite<'a> {
    /// Where the runtime is.
    pub(crate) runtime: &'a Runtime,
    /// The result type of the enclosing durable function, whose error blocks share. None in a plain function, where
    /// the error is inferred.
    pub(crate) result: Option<&'a TokenStream>,
    /// Names that closures around the current expression have bound.
    pub(crate) bound: BoundNames,
    /// Whether a method call was generated that needs the hidden trait in scope.
    pub(crate) uses_postfix: bool,
    /// Whether the current expression is inside a closure, where `.await` is not ours.
    pub(crate) in_closure: bool,
    /// Whether the current expression is the whole of a block that stands in a plain function.
    pub(crate) outermost: bool,
    /// What replaces the current macro call of somebody else's, because of something refused in its tokens.
    pub(crate) refused: Option<TokenStream>,
    /// Whether `async` blocks are ordinary here: in the arguments of `untracked`.
    untracked: bool,
}

const NESTED_ASYNC: &str = "an `async` block is an ordinary future: durable operations cannot be awaited in it; \
    write `child!(async { … })` to make it an operation, `record!(async { … })` to record its result, \
    or `untracked(async { … })` to await it without recording";

impl<'a> Rewrite<'a> {
    /// A rewriting for a function with the given result type, or for a block outside of one.
    pub(crate) fn new(runtime: &'a Runtime, result: Option<&'a TokenStream>) -> Self {
        Rewrite {
            runtime,
            result,
            bound: BoundNames::default(),
            uses_postfix: false,
            in_closure: false,
            outermost: false,
            refused: None,
            untracked: false,
        }
    }

    /// Rewrites the statements of a body.
    pub(crate) fn statements(&mut self, statements: &mut [Stmt]) {
        statements.iter_mut().for_each(|statement| self.visit_stmt_mut(statement));
    }

    /// The name of the context in the generated closures.
    pub(crate) fn context(&self, user: Span) -> Ident {
        Ident::new("__durable", generated(user))
    }

    /// The error type of the enclosing durable function, or `_`.
    pub(crate) fn error(&self, user: Span) -> TokenStream {
        let root = self.runtime.at(user);
        match self.result {
            Some(result) => quote_spanned!(generated(user)=> #root::__private::ErrorOf<#result>),
            None => quote_spanned!(generated(user)=> _),
        }
    }

    /// Runs `inside` with the names of the closures forgotten: they are locals of the block that it rewrites.
    pub(crate) fn in_block<T>(&mut self, inside: impl FnOnce(&mut Self) -> T) -> T {
        let bound = std::mem::take(&mut self.bound);
        let in_closure = std::mem::replace(&mut self.in_closure, false);
        let untracked = std::mem::replace(&mut self.untracked, false);
        let outermost = std::mem::replace(&mut self.outermost, false);
        let value = inside(self);
        (self.bound, self.in_closure, self.untracked) = (bound, in_closure, untracked);
        self.outermost = outermost;
        value
    }

    fn checkpoint(&mut self, awaited: &mut ExprAwait) -> TokenStream {
        let handlers = self.take_handlers(&mut awaited.base);
        self.visit_expr_mut(&mut awaited.base);
        sleep::mark_literal(&mut awaited.base, self.runtime);
        let ExprAwait { attrs, base, dot_token, await_token } = awaited;
        // Written as if by the user: rustc reports an operation that is none once, over the whole awaited expression.
        let user = base.span();
        let (root, context) = (self.runtime.respanned(user), self.context(user));
        let arguments = parentheses(quote_spanned!(user=> #base, &#context), base.to_token_stream());
        let run = quote_spanned!(user=> #root::Operation::run #arguments);
        let ended = quote!(#run #dot_token #await_token);
        let value = match handlers {
            Some(handlers) => self.handled(handlers, &ended),
            None => ended,
        };
        quote!(#(#attrs)* #value)
    }

    /// The replacement of a macro call: a block of the language, or nothing if the macro stays.
    fn macro_call(&mut self, attributes: &[Attribute], mac: &mut syn::Macro) -> Option<TokenStream> {
        let replaced = self.block(mac).or_else(|| self.foreign_macro(mac))?;
        Some(quote!(#(#attributes)* #replaced))
    }

    fn scoped<T: ?Sized>(&mut self, node: &mut T, visit: impl FnOnce(&mut Self, &mut T)) {
        let mark = self.bound.mark();
        visit(self, node);
        self.bound.release(mark);
    }

    fn bind(&mut self, pattern: &syn::Pat) {
        if self.in_closure {
            self.bound.bind(pattern);
        }
    }
}

impl VisitMut for Rewrite<'_> {
    fn visit_expr_mut(&mut self, expr: &mut Expr) {
        match expr {
            Expr::Await(awaited) if !self.in_closure => *expr = Expr::Verbatim(self.checkpoint(awaited)),
            Expr::Macro(call) => {
                if let Some(tokens) = self.macro_call(&call.attrs, &mut call.mac) {
                    *expr = Expr::Verbatim(tokens);
                }
            }
            Expr::Async(_) if self.untracked => {}
            Expr::Async(block) => *expr = Expr::Verbatim(refusal(block.async_token, NESTED_ASYNC)),
            Expr::Closure(closure) if closure.asyncness.is_some() => {
                if !self.untracked {
                    *expr = Expr::Verbatim(refusal(closure.asyncness, NESTED_ASYNC));
                }
            }
            _ => visit_mut::visit_expr_mut(self, expr),
        }
    }

    fn visit_stmt_mut(&mut self, statement: &mut Stmt) {
        let Stmt::Macro(call) = statement else { return visit_mut::visit_stmt_mut(self, statement) };
        if let Some(tokens) = self.macro_call(&call.attrs, &mut call.mac) {
            *statement = Stmt::Expr(Expr::Verbatim(tokens), call.semi_token);
        }
    }

    // An item inside the body is a function or a type of its own.
    fn visit_item_mut(&mut self, _: &mut Item) {}

    fn visit_expr_call_mut(&mut self, call: &mut syn::ExprCall) {
        let untracked = matches!(&*call.func, Expr::Path(function)
            if function.path.segments.last().is_some_and(|segment| segment.ident == "untracked"));
        let outside = self.untracked;
        self.untracked |= untracked;
        visit_mut::visit_expr_call_mut(self, call);
        self.untracked = outside;
    }

    fn visit_expr_closure_mut(&mut self, closure: &mut syn::ExprClosure) {
        let outside = std::mem::replace(&mut self.in_closure, true);
        self.scoped(closure, |this, closure| {
            closure.inputs.iter().for_each(|input| this.bind(input));
            this.visit_expr_mut(&mut closure.body);
        });
        self.in_closure = outside;
    }

    // From here on: the scopes of names, which matter only inside closures.

    fn visit_block_mut(&mut self, block: &mut syn::Block) {
        self.scoped(block, visit_mut::visit_block_mut);
    }

    fn visit_local_mut(&mut self, local: &mut syn::Local) {
        visit_mut::visit_local_mut(self, local);
        self.bind(&local.pat);
    }

    fn visit_arm_mut(&mut self, arm: &mut syn::Arm) {
        self.scoped(arm, |this, arm| {
            this.bind(&arm.pat);
            visit_mut::visit_arm_mut(this, arm);
        });
    }

    fn visit_expr_let_mut(&mut self, condition: &mut syn::ExprLet) {
        visit_mut::visit_expr_let_mut(self, condition);
        self.bind(&condition.pat);
    }

    fn visit_expr_if_mut(&mut self, expr: &mut syn::ExprIf) {
        self.scoped(expr, visit_mut::visit_expr_if_mut);
    }

    fn visit_expr_while_mut(&mut self, expr: &mut syn::ExprWhile) {
        self.scoped(expr, visit_mut::visit_expr_while_mut);
    }

    fn visit_expr_for_loop_mut(&mut self, expr: &mut syn::ExprForLoop) {
        self.visit_expr_mut(&mut expr.expr);
        self.scoped(expr, |this, expr| {
            this.bind(&expr.pat);
            this.visit_block_mut(&mut expr.body);
        });
    }
}

/// The tokens of statements, which have no common node.
pub(crate) fn statement_tokens(statements: &[Stmt]) -> TokenStream {
    statements.iter().map(ToTokens::to_token_stream).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The statements of a body, rewritten, without the blanks between tokens.
    fn rewritten(source: &str) -> String {
        let runtime = Runtime::default();
        let result = quote!(Result<u32>);
        let mut rewrite = Rewrite::new(&runtime, Some(&result));
        let mut block: syn::Block = syn::parse_str(&format!("{{ {source} }}")).unwrap();
        rewrite.statements(&mut block.stmts);
        statement_tokens(&block.stmts).to_string().replace(' ', "").replace("::durable_runtime::", "")
    }

    #[test]
    fn an_await_is_a_checkpoint_wherever_an_expression_may_stand() {
        for (source, expected) in [
            ("a.await", "Operation::run(a,&__durable).await"),
            ("f(a.await?).await", "Operation::run(f(Operation::run(a,&__durable).await?),&__durable).await"),
            ("match x { y if g(y).await => 1 }", "matchx{yifOperation::run(g(y),&__durable).await=>1}"),
            ("if let Some(x) = a.await {}", "ifletSome(x)=Operation::run(a,&__durable).await{}"),
            ("#[cfg(unix)] a.await;", "#[cfg(unix)]Operation::run(a,&__durable).await;"),
        ] {
            assert_eq!(rewritten(source), expected);
        }
    }

    #[test]
    fn items_closures_untracked_futures_and_macros_of_others_are_left_alone() {
        for source in [
            "async fn inner() { a.await }",
            "let f = |x| x + 1;",
            "untracked(async { a.await })",
            "record_all(|| a)",
            "mine::child!(async { a.await })",
        ] {
            assert_eq!(rewritten(source), source.replace(' ', ""));
        }
    }

    #[test]
    fn a_nested_async_block_is_refused_wherever_it_hides() {
        for source in
            ["let x = async { 1 };", "f(async move { a.await })", "map(items, |i| async { i })", "let f = async || 1;"]
        {
            assert!(rewritten(source).contains("isanordinaryfuture"), "{source}");
        }
    }

    #[test]
    fn only_names_that_closures_bind_travel_by_value() {
        let expansion =
            rewritten("let outer = 1; map(items, |item| { let own = 2; child!(async { f(outer, item, own) }) })");
        assert!(expansion.contains("Owned((item,own,))"), "{expansion}");
        let expansion = rewritten("let outer = 1; child!(async { f(outer) })");
        assert!(!expansion.contains("Owned"), "{expansion}");
    }
}
