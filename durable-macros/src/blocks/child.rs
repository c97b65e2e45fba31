//! `child!(async { … })`: a sequence of operations in a context of its own. Its awaits are rewritten with that
//! context. Also the `async` arms of other blocks.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote, quote_spanned};
use syn::Expr;
use syn::parse::Parse;
use syn::parse::Parser;
use syn::visit_mut::VisitMut;

use super::{AsyncBody, Named, Site};
use crate::rewrite::{Rewrite, statement_tokens};
use crate::sleep;

/// The name of a child that has none.
const NAME: &str = "child";

pub(super) fn expand(rewrite: &mut Rewrite<'_>, tokens: TokenStream, site: Site) -> syn::Result<TokenStream> {
    let Named { name, expr } = Named::parse.parse2(tokens)?;
    let name = name.map_or_else(|| NAME.to_owned(), |name| name.value());
    match AsyncBody::of(&expr)? {
        Some(body) => Ok(child(rewrite, &name, body, site)),
        None => {
            let message = "`child!` takes `async { … }` or `async || -> Result<T, E> { … }`; \
                           an operation needs no `child!`, and any other future is recorded with `record!(…)`";
            Err(syn::Error::new_spanned(expr, message))
        }
    }
}

/// An arm of a block: an `async` block is a child of that name, anything else is an operation already.
pub(super) fn arm(rewrite: &mut Rewrite<'_>, name: &str, expr: &mut Expr) -> syn::Result<TokenStream> {
    if let Some(body) = AsyncBody::of(expr)? {
        let site = Site::at(body.span);
        return Ok(child(rewrite, name, body, site));
    }
    super::refuse_await(expr, "the block awaits its arms itself, together: leave out `.await`")?;
    rewrite.visit_expr_mut(expr);
    sleep::mark_literal(expr, rewrite.runtime);
    Ok(expr.to_token_stream())
}

fn child(rewrite: &mut Rewrite<'_>, name: &str, mut body: AsyncBody, site: Site) -> TokenStream {
    let original = statement_tokens(&body.statements);
    rewrite.in_block(|rewrite| rewrite.statements(&mut body.statements));
    let (root, context) = (rewrite.runtime.respanned(body.span), rewrite.context(body.span));
    let parameters = quote_spanned!(body.span=> #context: #root::Context);
    let (owned, closure) = body.closure(rewrite, original, &parameters);
    let constructor =
        if owned { quote_spanned!(site.start=> Child::owned) } else { quote_spanned!(site.start=> Child::new) };
    site.construct(rewrite.runtime, constructor, quote!(#name, #closure))
}
