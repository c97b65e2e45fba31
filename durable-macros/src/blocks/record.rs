//! `record!(future)`: an anonymous step around any future. Its body is ordinary async code, whose awaits are left
//! alone.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote, quote_spanned};
use syn::parse::{Parse, Parser};
use syn::spanned::Spanned;
use syn::{Expr, Stmt};

use super::{AsyncBody, BlockResult, Named, Site};
use crate::diagnostics::{check_name, generated, plain_name};
use crate::rewrite::Rewrite;

/// The name of a step whose future is not a call.
const NAME: &str = "record";

pub(super) fn expand(rewrite: &mut Rewrite<'_>, tokens: TokenStream, site: Site) -> syn::Result<TokenStream> {
    let Named { name, expr } = Named::parse.parse2(tokens)?;
    let name = match name {
        Some(name) => name.value(),
        None => default_name(&expr)?,
    };
    let body = match AsyncBody::of(&expr)? {
        Some(body) => body,
        None => recorded(rewrite, &expr),
    };
    let (_, closure) = body.closure(rewrite, expr.to_token_stream(), &TokenStream::new());
    let constructor = quote_spanned!(site.start=> Step::new);
    Ok(site.construct(rewrite.runtime, constructor, quote!(#name, #closure)))
}

/// The body around a future: its error converts into the enclosing function's, so that it need not be serializable.
fn recorded(rewrite: &Rewrite<'_>, expr: &Expr) -> AsyncBody {
    let span = expr.span();
    let end = expr.to_token_stream().into_iter().last().map_or(span, |token| token.span());
    let awaited = quote_spanned!(end=> #expr.await);
    let converted = match rewrite.result {
        Some(_) => {
            let error = rewrite.error(span);
            quote_spanned!(generated(span)=>
                ::core::result::Result::map_err(#awaited, ::core::convert::Into::<#error>::into))
        }
        None => awaited,
    };
    let statements = vec![Stmt::Expr(Expr::Verbatim(converted), None)];
    AsyncBody { span, capture: None, result: BlockResult::Generated, statements }
}

/// The callee's last path segment.
fn default_name(expr: &Expr) -> syn::Result<String> {
    let ident = match expr {
        Expr::Call(call) => match &*call.func {
            Expr::Path(function) => function.path.segments.last().map(|segment| &segment.ident),
            _ => None,
        },
        Expr::MethodCall(call) => Some(&call.method),
        Expr::Macro(call) => call.mac.path.segments.last().map(|segment| &segment.ident),
        Expr::Try(inner) => return default_name(&inner.expr),
        Expr::Await(inner) => return default_name(&inner.base),
        Expr::Paren(inner) => return default_name(&inner.expr),
        Expr::Group(inner) => return default_name(&inner.expr),
        _ => None,
    };
    let Some(ident) = ident else { return Ok(NAME.to_owned()) };
    let name = plain_name(ident);
    check_name(&name, ident.to_token_stream())?;
    Ok(name)
}
