//! `parallel!(a = op, b = async { … })`: branches of different types that run concurrently.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::parse::{Parse, ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::{Expr, Ident, LitStr, Token};

use super::{child, leading_name};
use crate::diagnostics::{Errors, check_name, generated, plain_name};
use crate::rewrite::Rewrite;

/// The name of a parallel that has none.
const NAME: &str = "parallel";

/// The most arms there can be: tuples of operations are implemented up to this length.
const MOST: usize = 16;

struct Arm {
    name: Ident,
    expr: Expr,
}

impl Parse for Arm {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let name: Ident = input.parse()?;
        if !input.peek(Token![=]) || input.peek(Token![=>]) {
            return Err(input.error("an arm is `name = operation` or `name = async { … }`"));
        }
        input.parse::<Token![=]>()?;
        Ok(Arm { name, expr: input.parse()? })
    }
}

struct Arms {
    name: Option<LitStr>,
    arms: Vec<Arm>,
}

impl Parse for Arms {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let name = leading_name(input)?;
        let arms = Punctuated::<Arm, Token![,]>::parse_terminated(input)?.into_iter().collect();
        Ok(Arms { name, arms })
    }
}

impl Arms {
    fn check(&self, macro_name: Span) -> syn::Result<()> {
        let mut errors = Errors::default();
        if self.arms.is_empty() {
            errors.push(syn::Error::new(macro_name, "`parallel!` takes 1 to 16 arms: `name = operation, …`"));
        }
        for (index, arm) in self.arms.iter().enumerate() {
            let name = plain_name(&arm.name);
            errors.accept(check_name(&name, &arm.name));
            if self.arms.iter().take(index).any(|earlier| earlier.name == arm.name) {
                errors.refuse(&arm.name, format!("there is an arm `{name}` already: names tell branches apart"));
            }
            if index == MOST {
                let message = "`parallel!` takes at most 16 arms: put some into a `parallel!` of their own, \
                               or use `parallel_all` for operations of one type";
                errors.refuse(&arm.name, message);
            }
        }
        errors.into_result()
    }
}

pub(super) fn expand(rewrite: &mut Rewrite<'_>, tokens: TokenStream, span: Span) -> syn::Result<TokenStream> {
    let mut arms = Arms::parse.parse2(tokens)?;
    arms.check(span)?;
    let name = arms.name.map_or_else(|| NAME.to_owned(), |name| name.value());
    let mut branches = Vec::new();
    for Arm { name, expr } in &mut arms.arms {
        let root = rewrite.runtime.at(name.span());
        let label = plain_name(name);
        let operation = child::arm(rewrite, &label, expr)?;
        let new = quote_spanned!(generated(name.span())=> #root::Branch::new);
        branches.push(quote!(#new(#label, #operation)));
    }
    let (root, error) = (rewrite.runtime.at(span), rewrite.error(span));
    Ok(quote_spanned!(generated(span)=> #root::Parallel::<_, #error>::new(#name, (#(#branches,)*))))
}
