//! `child!(async { … })`: a sequence of operations in a context of its own. Its awaits are rewritten with that
//! context. Also the `async` arms of other blocks.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote_spanned};
use syn::Expr;
use syn::parse::Parse;
use syn::parse::Parser;
use syn::visit_mut::VisitMut;

use super::{AsyncBody, Named};
use crate::diagnostics::generated;
use crate::rewrite::{Rewrite, statement_tokens};
use crate::sleep;

/// The name of a child that has none.
const NAME: &str = "child";

pub(super) fn expand(rewrite: &mut Rewrite<'_>, tokens: TokenStream, _: Span) -> syn::Result<TokenStream> {
    let Named { name, mut expr } = Named::parse.parse2(tokens)?;
    let name = name.map_or_else(|| NAME.to_owned(), |name| name.value());
    match AsyncBody::of(&expr)? {
        Some(body) => Ok(child(rewrite, &name, body)),
        None => {
            rewrite.visit_expr_mut(&mut expr);
            let message = "`child!` takes `async { … }` or `async || -> Result<T, E> { … }`; an operation needs no `child!`, \
                           and any other future is recorded with `record!(…)`";
            Err(syn::Error::new_spanned(expr, message))
        }
    }
}

/// An arm of a block: an `async` block is a child of that name, anything else is an operation already.
pub(super) fn arm(rewrite: &mut Rewrite<'_>, name: &str, expr: &mut Expr) -> syn::Result<TokenStream> {
    if let Some(body) = AsyncBody::of(expr)? {
        return Ok(child(rewrite, name, body));
    }
    rewrite.visit_expr_mut(expr);
    sleep::mark_literal(expr, rewrite.runtime);
    Ok(expr.to_token_stream())
}

fn child(rewrite: &mut Rewrite<'_>, name: &str, mut body: AsyncBody) -> TokenStream {
    let original = statement_tokens(&body.statements);
    rewrite.in_block(|rewrite| rewrite.statements(&mut body.statements));
    let (root, context, at) = (rewrite.runtime.at(body.span), rewrite.context(body.span), generated(body.span));
    let parameters = quote_spanned!(at=> #context: #root::Context);
    match body.closure(rewrite, original, &parameters) {
        (true, closure) => quote_spanned!(at=> #root::Child::owned(#name, #closure)),
        (false, closure) => quote_spanned!(at=> #root::Child::new(#name, #closure)),
    }
}
