//! `parallel!(a = op, b = async { … })`: branches of different types that run concurrently.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::parse::{Parse, ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::{Expr, Ident, LitStr, Token};

use super::{COMPUTED_NAME, Site, child, leading_name};
use crate::diagnostics::{Errors, check_name, plain_name};
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
        if input.peek(Token![#]) {
            return Err(input.error("an arm takes no attributes: put `#[cfg]` on two statements with a block each"));
        }
        if input.peek(Token![&]) || input.peek2(Token![,]) {
            return Err(input.error(COMPUTED_NAME));
        }
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

pub(super) fn expand(rewrite: &mut Rewrite<'_>, tokens: TokenStream, site: Site) -> syn::Result<TokenStream> {
    let mut arms = Arms::parse.parse2(tokens)?;
    arms.check(site.start)?;
    let name = arms.name.map_or_else(|| NAME.to_owned(), |name| name.value());
    let mut branches = Vec::new();
    for Arm { name, expr } in &mut arms.arms {
        let end = expr.to_token_stream().into_iter().last().map_or_else(|| name.span(), |token| token.span());
        let (arm, label) = (Site { start: name.span(), end }, plain_name(name));
        let operation = child::arm(rewrite, &label, expr)?;
        let constructor = quote_spanned!(arm.start=> Branch::new);
        branches.push(arm.construct(rewrite.runtime, constructor, quote!(#label, #operation)));
    }
    let error = rewrite.error(site.start);
    let constructor = quote_spanned!(site.start=> Parallel::<_, #error>::new);
    Ok(site.construct(rewrite.runtime, constructor, quote!(#name, (#(#branches,)*))))
}
