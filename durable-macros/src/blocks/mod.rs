//! The blocks of the language: `child!`, `parallel!`, `race!` and `record!`. Inside a durable function they are expanded
//! by the rewriting, with the function's error type; elsewhere by macros of the same names, where the error is
//! inferred. Knows nothing of the statements around a block.

mod arms;
mod child;
mod parallel;
mod race;
mod record;

use proc_macro2::{Delimiter, Group, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::parse::{Parse, ParseStream};
use syn::spanned::Spanned;
use syn::{Expr, ExprAsync, ExprClosure, Ident, LitStr, Macro, ReturnType, Stmt, Token};

use crate::diagnostics::{check_name, generated, refusal, refused, typed_return};
use crate::rewrite::{Rewrite, statement_tokens};
use crate::runtime::Runtime;

/// How a block turns the tokens between its brackets into an operation.
type Expansion = fn(&mut Rewrite<'_>, TokenStream, Site) -> syn::Result<TokenStream>;

/// Where an operation is built in the user's code: what rustc says about the operation covers it.
#[derive(Clone, Copy)]
struct Site {
    start: Span,
    end: Span,
}

impl Site {
    /// At a token of the user.
    fn at(user: Span) -> Self {
        Site { start: user, end: user }
    }

    /// At a macro call with this name.
    fn of(name: &Ident, mac: &Macro) -> Self {
        Site { start: name.span(), end: mac.delimiter.span().close() }
    }

    /// The call of a constructor of the runtime: `path` begins behind the runtime's own.
    fn construct(self, runtime: &Runtime, path: TokenStream, arguments: TokenStream) -> TokenStream {
        let root = runtime.respanned(self.start);
        let mut group = Group::new(Delimiter::Parenthesis, arguments);
        group.set_span(self.end);
        quote_spanned!(self.start=> #root::#path #group)
    }
}

/// The blocks by name.
const BLOCKS: [(&str, Expansion); 4] =
    [("child", child::expand), ("parallel", parallel::expand), ("race", race::expand), ("record", record::expand)];

impl Rewrite<'_> {
    /// The operation that a macro call stands for, if it is a block of the language.
    pub(crate) fn block(&mut self, mac: &Macro) -> Option<TokenStream> {
        let name = self.runtime.item(&mac.path)?;
        let (_, expansion) = BLOCKS.iter().find(|(block, _)| name == block)?;
        let expanded = expansion(self, mac.tokens.clone(), Site::of(name, mac));
        Some(expanded.unwrap_or_else(|error| refused(&error)))
    }
}

/// Expands a block outside of a durable function.
pub(crate) fn alone(name: &str, tokens: TokenStream) -> TokenStream {
    let runtime = Runtime::default();
    let mut rewrite = Rewrite::new(&runtime, None);
    // As in a closure, there is no context outside of the blocks.
    rewrite.in_closure = true;
    rewrite.outermost = true;
    let Some((_, expansion)) = BLOCKS.iter().find(|(block, _)| name == *block) else {
        return refusal(tokens, format!("there is no block `{name}!`"));
    };
    match expansion(&mut rewrite, tokens, Site::at(Span::mixed_site())) {
        Ok(operation) if rewrite.uses_postfix => {
            let import = import(&runtime);
            quote!({ #import #operation })
        }
        Ok(operation) => operation,
        Err(error) => refused(&error),
    }
}

/// Brings the method into scope that awaits inside macros are rewritten to.
pub(crate) fn import(runtime: &Runtime) -> TokenStream {
    let root = runtime.at(Span::call_site());
    quote_spanned!(Span::mixed_site()=> use #root::__private::OperationInMacro as _;)
}

const COMPUTED_NAME: &str = "the name in front of a block is a literal; a computed one is given behind it: `.named(…)`";

/// `expr` or `"name", expr`, with an optional comma at the end.
struct Named {
    name: Option<LitStr>,
    expr: Expr,
}

impl Parse for Named {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let name = leading_name(input)?;
        let expr = input.parse()?;
        if input.parse::<Option<Token![,]>>()?.is_some() && !input.is_empty() {
            return Err(syn::Error::new_spanned(expr, COMPUTED_NAME));
        }
        Ok(Named { name, expr })
    }
}

/// Refuses `future.await` and `future.await?` where a block awaits by itself.
fn refuse_await(expr: &Expr, reason: &str) -> syn::Result<()> {
    match expr {
        Expr::Await(awaited) => Err(syn::Error::new_spanned(awaited.await_token, reason)),
        Expr::Try(inner) => refuse_await(&inner.expr, reason),
        Expr::Paren(inner) => refuse_await(&inner.expr, reason),
        Expr::Group(inner) => refuse_await(&inner.expr, reason),
        _ => Ok(()),
    }
}

/// A name in front of a comma, checked. Only a literal can be one: blocks are named while they are compiled.
fn leading_name(input: ParseStream<'_>) -> syn::Result<Option<LitStr>> {
    if !(input.peek(LitStr) && input.peek2(Token![,])) {
        return Ok(None);
    }
    let name: LitStr = input.parse()?;
    input.parse::<Token![,]>()?;
    check_name(&name.value(), &name)?;
    Ok(Some(name))
}

/// The body of a block: `async { … }`, `async move { … }` or `async || -> Result<T, E> { … }`.
struct AsyncBody {
    /// The span of `async`.
    span: Span,
    /// `move`, if it is written.
    capture: Option<Token![move]>,
    result: BlockResult,
    statements: Vec<Stmt>,
}

/// What a block returns.
enum BlockResult {
    /// A result with the error of the enclosing durable function.
    Enclosing,
    /// The type that the block says.
    Own(TokenStream),
    /// What its generated last expression has.
    Generated,
}

impl AsyncBody {
    /// The body that an expression is, if it is one.
    fn of(expr: &Expr) -> syn::Result<Option<Self>> {
        match expr {
            Expr::Async(block) => Ok(Some(Self::of_block(block))),
            Expr::Closure(closure) if closure.asyncness.is_some() => Self::of_closure(closure).map(Some),
            Expr::Group(group) => Self::of(&group.expr),
            _ => Ok(None),
        }
    }

    fn of_block(block: &ExprAsync) -> Self {
        AsyncBody {
            span: block.async_token.span,
            capture: block.capture,
            result: BlockResult::Enclosing,
            statements: block.block.stmts.clone(),
        }
    }

    fn of_closure(closure: &ExprClosure) -> syn::Result<Self> {
        if !closure.inputs.is_empty() {
            let message = "a block takes no parameters: write `async || -> Result<T, E> { … }`";
            return Err(syn::Error::new_spanned(&closure.inputs, message));
        }
        let result = match &closure.output {
            ReturnType::Type(_, result) => BlockResult::Own(quote!(#result)),
            ReturnType::Default => BlockResult::Enclosing,
        };
        let statements = match &*closure.body {
            Expr::Block(block) => block.block.stmts.clone(),
            expr => vec![Stmt::Expr(expr.clone(), None)],
        };
        let span = closure.asyncness.map_or_else(|| closure.span(), |token| token.span);
        Ok(AsyncBody { span, capture: closure.capture, result, statements })
    }

    /// The async closure that the block becomes, and whether it owns what it captures: because of `move`, or because
    /// names bound by a closure around it travel by value.
    fn closure(&self, rewrite: &Rewrite<'_>, original: TokenStream, parameters: &TokenStream) -> (bool, TokenStream) {
        // In the user's place but for the names: rustc looks for the reason of an error only among such tokens.
        let user = self.span;
        let (root, env) = (rewrite.runtime.respanned(user), Ident::new("__env", generated(user)));
        let typed = match &self.result {
            BlockResult::Own(result) => typed_return(result, generated(user)),
            BlockResult::Generated => TokenStream::new(),
            BlockResult::Enclosing => {
                let error = rewrite.error(user);
                typed_return(&quote_spanned!(generated(user)=> ::core::result::Result<_, #error>), generated(user))
            }
        };
        let statements = statement_tokens(&self.statements);
        let names = rewrite.bound.mentioned_in(original);
        if let Some(capture) = self.capture {
            return (true, quote_spanned!(user=> async #capture |#parameters| { #typed #statements }));
        }
        if names.is_empty() {
            return (false, quote_spanned!(user=> async |#parameters| { #typed #statements }));
        }
        let closure = quote_spanned!(user=> {
            let #env = #root::__private::Owned((#(#names,)*));
            async |#parameters| {
                #typed
                let (#(#names,)*) = #env.take();
                #statements
            }
        });
        (true, closure)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A block outside of a durable function, expanded, without the blanks between tokens.
    fn expanded(name: &str, source: &str) -> String {
        alone(name, source.parse().unwrap()).to_string().replace(' ', "").replace("::durable_runtime::", "")
    }

    #[test]
    fn outside_of_a_durable_function_the_error_is_inferred() {
        let expansion = expanded("parallel", "a = f(), b = async { g().await }");
        assert!(expansion.starts_with("Parallel::<_,_>::new(\"parallel\",(Branch::new(\"a\",f()),"), "{expansion}");
        assert!(expansion.contains("as::core::result::Result<_,_>"), "{expansion}");
        assert_eq!(expanded("record", "f(x)"), "Step::new(\"f\",asyncmove||{__private::future(f(x)).await})");
    }

    #[test]
    fn outside_of_a_durable_function_only_blocks_have_a_context() {
        let expansion = expanded("parallel", "a = f(x.await), b = async { vec![y.await] }");
        assert!(expansion.starts_with("{use__private::OperationInMacroas_;Parallel"), "{expansion}");
        assert!(expansion.contains("f(x.await)") && expansion.contains("y.__run(&__durable).await"), "{expansion}");
    }

    #[test]
    fn what_a_plain_function_records_owns_what_it_uses_and_what_a_block_in_it_records_borrows() {
        assert!(expanded("parallel", "a = record!(f(&x))").contains("asyncmove||"));
        assert!(!expanded("child", "async { record!(f(&x)).await }").contains("asyncmove||"));
    }

    #[test]
    fn a_recorded_future_is_named_after_its_callee() {
        for (source, name) in [
            ("api::fetch(&url)", "fetch"),
            ("client.get(&url)?.send()", "send"),
            ("r#try(1)", "try"),
            ("(later)", "record"),
            ("async { 1 }", "record"),
            ("\"by hand\", api::fetch()", "by hand"),
        ] {
            assert!(alone("record", source.parse().unwrap()).to_string().contains(&format!("{name:?}")), "{source}");
        }
    }
}
