//! Awaits inside macros that are not ours. Their grammar is unknown, so `.await` is rewritten token by token to a
//! postfix form, which binds as `.await` does: `vec![a().await?]` becomes `vec![a().__run(&cx).await?]`. Knows nothing
//! of what such a macro does, apart from the ones of `tracing`.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use quote::{quote, quote_spanned};
use syn::parse::{ParseStream, Parser};
use syn::visit_mut::VisitMut;
use syn::{Expr, Macro};

use crate::diagnostics::refusal;
use crate::rewrite::Rewrite;

/// The macros of `tracing` that take fields and a message.
const TRACING: [&str; 12] = [
    "trace",
    "debug",
    "info",
    "warn",
    "error",
    "event",
    "span",
    "trace_span",
    "debug_span",
    "info_span",
    "warn_span",
    "error_span",
];

/// Macros of `tokio` and `futures` that await futures out of sight, wherever they come from.
const AWAITING: [&str; 5] = ["join", "try_join", "select", "select_biased", "try_select"];

const AWAITS: &str = "this macro awaits futures itself, unrecorded: run operations together with \
    `parallel!(a = …, b = …)`, or record it all with `record!(async { … })`";

impl Rewrite<'_> {
    /// Rewrites the tokens of a macro call in place. What comes back replaces the call: it is refused.
    pub(crate) fn foreign_macro(&mut self, mac: &mut Macro) -> Option<TokenStream> {
        if let Some(name) = mac.path.segments.last().map(|segment| &segment.ident)
            && awaits(name)
        {
            return Some(refusal(name, AWAITS));
        }
        if !self.in_closure
            && is_tracing(&mac.path)
            && let Some(awaited) = await_across_fields(mac.tokens.clone())
        {
            return Some(refusal(
                awaited,
                "an await among several fields or in the message of an event: bind it to a variable first",
            ));
        }
        let outside = self.refused.take();
        mac.tokens = self.tokens(mac.tokens.clone());
        std::mem::replace(&mut self.refused, outside)
    }

    fn tokens(&mut self, tokens: TokenStream) -> TokenStream {
        let mut rewritten = TokenStream::new();
        let mut tokens = tokens.into_iter().collect::<Vec<_>>().into_iter().peekable();
        let mut previous: Option<char> = None;
        // From `async` to the end of the braces behind it the tokens are an ordinary future.
        let mut in_async = false;
        // Whether a `|` here would be an operator or separate patterns; elsewhere it begins a closure.
        let mut after_operand = false;
        while let Some(token) = tokens.next() {
            let begins = matches!(&token, TokenTree::Punct(bar) if bar.as_char() == '|')
                || matches!(&token, TokenTree::Ident(word) if word == "move");
            if begins && !after_operand && !in_async {
                let rest = std::iter::once(token.clone()).chain(tokens.clone()).collect();
                if let Some((closure, rest)) = self.closure_tokens(rest) {
                    rewritten.extend(closure);
                    tokens = rest.into_iter().collect::<Vec<_>>().into_iter().peekable();
                    (previous, after_operand) = (None, true);
                    continue;
                }
            }
            after_operand = match &token {
                TokenTree::Punct(punct) => punct.as_char() == '?',
                TokenTree::Ident(word) => word != "return" && word != "move" && word != "else",
                TokenTree::Group(_) | TokenTree::Literal(_) => true,
            };
            let dotted = previous == Some('.');
            let qualified = previous == Some(':');
            previous = match &token {
                TokenTree::Punct(punct) => Some(punct.as_char()),
                _ => None,
            };
            match token {
                TokenTree::Ident(ident) if ident == "await" && dotted && !in_async && !self.in_closure => {
                    // Written as if by the user, as other awaits are.
                    let context = self.context(ident.span());
                    rewritten.extend(quote_spanned!(ident.span()=> __run(&#context).));
                    rewritten.extend(quote!(#ident));
                    self.uses_postfix = true;
                }
                TokenTree::Ident(ident) => {
                    in_async |= ident == "async";
                    let begins_macro = matches!(tokens.peek(), Some(TokenTree::Punct(punct)) if punct.as_char() == '!');
                    if begins_macro
                        && !in_async
                        && awaits(&ident)
                        && matches!(tokens.clone().nth(1), Some(TokenTree::Group(_)))
                    {
                        self.refused.get_or_insert_with(|| refusal(&ident, AWAITS));
                    }
                    let called = begins_macro && !qualified;
                    let block = if called && !in_async { self.block_tokens(&ident, &mut tokens.clone()) } else { None };
                    match block {
                        Some(block) => {
                            // Its `!` and its group are part of the block.
                            tokens.nth(1);
                            rewritten.extend(block);
                        }
                        None => rewritten.extend(quote!(#ident)),
                    }
                }
                TokenTree::Group(group) => {
                    let stream = if in_async { group.stream() } else { self.tokens(group.stream()) };
                    in_async &= group.delimiter() != Delimiter::Brace;
                    let mut inner = Group::new(group.delimiter(), stream);
                    inner.set_span(group.span());
                    rewritten.extend([TokenTree::Group(inner)]);
                }
                other => rewritten.extend([other]),
            }
        }
        rewritten
    }

    /// The closure at the head of the tokens, rewritten as closures outside of macros are, and the tokens behind it.
    fn closure_tokens(&mut self, tokens: TokenStream) -> Option<(TokenStream, TokenStream)> {
        let closure_and_rest = |input: ParseStream<'_>| Ok((input.parse::<syn::ExprClosure>()?, input.parse()?));
        let (closure, rest): (_, TokenStream) = closure_and_rest.parse2(tokens).ok()?;
        let mut closure = Expr::Closure(closure);
        self.visit_expr_mut(&mut closure);
        Some((quote!(#closure), rest))
    }

    /// A block of the language written inside another macro: `! (…)` follows its name.
    fn block_tokens(
        &mut self,
        name: &proc_macro2::Ident,
        rest: &mut impl Iterator<Item = TokenTree>,
    ) -> Option<TokenStream> {
        let (Some(bang), Some(TokenTree::Group(group))) = (rest.next(), rest.next()) else { return None };
        let mac = syn::parse2(quote!(#name #bang #group)).ok()?;
        self.block(&mac)
    }
}

/// Whether a macro of that name awaits what it is given.
fn awaits(name: &proc_macro2::Ident) -> bool {
    AWAITING.iter().any(|awaiting| name == awaiting)
}

fn is_tracing(path: &syn::Path) -> bool {
    let names: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
    match names.as_slice() {
        [name] => TRACING.contains(&name.as_str()),
        [krate, name] => krate == "tracing" && TRACING.contains(&name.as_str()),
        _ => false,
    }
}

/// The first await, unless it is in the only field. The values of the fields before it and the formatted message are
/// held across it, and they are not `Send`.
fn await_across_fields(tokens: TokenStream) -> Option<TokenTree> {
    let arguments = split(tokens);
    let awaited = arguments.iter().find_map(|argument| find_await(argument.clone()))?;
    let fields: Vec<&TokenStream> = arguments.iter().filter(|argument| !is_setting(argument)).collect();
    let alone = match fields.as_slice() {
        [field] => !matches!((*field).clone().into_iter().next(), Some(TokenTree::Literal(_))),
        _ => false,
    };
    (!alone).then_some(awaited)
}

/// `target: …`, `parent: …`, `name: …` and the level in front of the fields hold nothing across an await.
fn is_setting(argument: &TokenStream) -> bool {
    let mut tokens = argument.clone().into_iter();
    match (tokens.next(), tokens.next(), tokens.next()) {
        (None, ..) => true,
        (Some(TokenTree::Ident(_)), Some(TokenTree::Punct(colon)), next) if colon.as_char() == ':' => {
            let path = matches!(next, Some(TokenTree::Punct(second)) if second.as_char() == ':');
            !path || argument.to_string().contains("Level")
        }
        _ => false,
    }
}

fn split(tokens: TokenStream) -> Vec<TokenStream> {
    let mut arguments = vec![TokenStream::new()];
    for token in tokens {
        match (&token, arguments.last_mut()) {
            (TokenTree::Punct(comma), _) if comma.as_char() == ',' => arguments.push(TokenStream::new()),
            (_, Some(argument)) => argument.extend([token]),
            (_, None) => {}
        }
    }
    arguments
}

fn find_await(tokens: TokenStream) -> Option<TokenTree> {
    let mut dotted = false;
    for token in tokens {
        match &token {
            TokenTree::Ident(ident) if dotted && ident == "await" => return Some(token),
            TokenTree::Group(group) => {
                if let Some(found) = find_await(group.stream()) {
                    return Some(found);
                }
            }
            _ => {}
        }
        dotted = matches!(&token, TokenTree::Punct(punct) if punct.as_char() == '.');
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::Runtime;
    use syn::visit_mut::VisitMut;

    /// A body of one expression, rewritten, without the blanks between tokens.
    fn rewritten(source: &str) -> String {
        let runtime = Runtime::default();
        let result = quote!(Result<u32>);
        let mut rewrite = Rewrite::new(&runtime, Some(&result));
        let mut expr = syn::parse_str(source).unwrap();
        rewrite.visit_expr_mut(&mut expr);
        quote!(#expr).to_string().replace(' ', "").replace("::durable_runtime::", "")
    }

    #[test]
    fn awaits_become_method_calls_at_any_depth() {
        assert_eq!(rewritten("vec![a.await?; 3]"), "vec![a.__run(&__durable).await?;3]");
        assert_eq!(rewritten("json!({ \"a\": [a().await] })"), "json!({\"a\":[a().__run(&__durable).await]})");
        assert_eq!(rewritten("wait!(await)"), "wait!(await)");
    }

    #[test]
    fn ordinary_futures_inside_a_macro_are_left_alone() {
        assert_eq!(
            rewritten("both!(async move { a.await }, b.await)"),
            "both!(asyncmove{a.await},b.__run(&__durable).await)"
        );
    }

    #[test]
    fn blocks_of_the_language_inside_a_macro_have_contexts_of_their_own() {
        let expansion = rewritten("vec![child!(async { a.await }).await]");
        assert!(expansion.contains("Child::new(\"child\",async|__durable:Context|"), "{expansion}");
        assert!(expansion.contains("Operation::run(a,&__durable).await}).__run(&__durable).await]"), "{expansion}");
    }

    #[test]
    fn a_macro_that_awaits_by_itself_is_refused_wherever_it_stands() {
        for source in [
            "tokio::join!(a, b)",
            "vec![futures::select! { x = a => x }]",
            "map(x, |y| try_join!(y, y))",
            "vec![child!(async { join!(a, b) })]",
        ] {
            assert!(rewritten(source).contains("awaitsfuturesitself"), "{source}: {}", rewritten(source));
        }
        for source in ["a.join(b)", "join(a, b)", "vec![x.join(y), join != 1]", "vec![record!(async { join!(a, b) })]"]
        {
            assert!(!rewritten(source).contains("awaitsfuturesitself"), "{source}: {}", rewritten(source));
        }
    }

    #[test]
    fn a_closure_inside_a_macro_is_a_closure() {
        assert!(rewritten("vec![map(v, |item, _| child!(async { f(item) }))]").contains("Owned((item,))"));
        assert!(rewritten("vec![map(v, move |item| child!(async { f(item) })), |b| b]").contains("Owned((item,))"));
        for source in ["matches!(x,A|B)", "vec![a||b,c|d,(e)|f,g?|h]", "vec![async|x|x.await]"] {
            assert_eq!(rewritten(source), source.replace(' ', ""));
        }
    }

    #[test]
    fn an_event_may_have_an_await_in_its_only_field() {
        for source in
            ["tracing::info!(x = ?a().await?)", "info!(target: \"t\", x = a.await)", "event!(Level::INFO, x = a.await)"]
        {
            assert!(rewritten(source).contains(".__run(&__durable).await"), "{source}");
        }
        for source in ["info!(\"{}\", a.await)", "tracing::warn!(x = a.await, \"text\")", "debug!(y, x = a.await)"] {
            assert!(rewritten(source).contains("bindittoavariablefirst"), "{source}");
        }
        assert!(rewritten("mine::info!(\"{}\", a.await)").contains("__run"));
    }
}
