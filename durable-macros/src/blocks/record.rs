//! `record!(future)`: an anonymous step around any future. Its body is ordinary async code, whose awaits are left
//! alone.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote, quote_spanned};
use syn::parse::{Parse, Parser};
use syn::spanned::Spanned;
use syn::{Expr, Stmt, Token};

use super::{AsyncBody, BlockResult, Named, Site};
use crate::diagnostics::{check_name, generated, parentheses, plain_name};
use crate::rewrite::Rewrite;

/// The name of a step whose future is not a call.
const NAME: &str = "record";

pub(super) fn expand(rewrite: &mut Rewrite<'_>, tokens: TokenStream, site: Site) -> syn::Result<TokenStream> {
    let Named { name, expr } = Named::parse.parse2(tokens)?;
    super::refuse_await(&expr, "`record!` awaits the future itself: leave out `.await`")?;
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
    // In the user's place, as blocks are: what is said about the future covers it.
    let root = rewrite.runtime.respanned(span);
    let future = parentheses(expr.to_token_stream(), expr.to_token_stream());
    let awaited = quote_spanned!(span=> #root::__private::future #future.await);
    let converted = match rewrite.result {
        Some(_) => {
            let error = rewrite.error(span);
            let ended = parentheses(awaited, expr.to_token_stream());
            quote_spanned!(span=> #root::__private::converted::<#error, _> #ended)
        }
        None => awaited,
    };
    let statements = vec![Stmt::Expr(Expr::Verbatim(converted), None)];
    // A plain function returns the operation: what it borrowed from the function's own variables would be gone.
    let capture = rewrite.outermost.then(|| Token![move](generated(span)));
    AsyncBody { span, capture, result: BlockResult::Generated, statements }
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
