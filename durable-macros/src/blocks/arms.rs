//! The arms of `parallel!` and `race!`: `name = op` or `name = async { … }`, and in a race `=> |value| …` behind it.
//! Knows nothing of what the branches are put into.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::parse::{Parse, ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::{Expr, Ident, LitStr, Token};

use super::{COMPUTED_NAME, Site, child, leading_name};
use crate::diagnostics::{Errors, check_name, plain_name};
use crate::rewrite::Rewrite;

/// One arm as it is written.
pub(super) struct Arm {
    pub(super) name: Ident,
    expr: Expr,
    /// What stands behind `=>`, whatever it is.
    pub(super) handler: Option<Expr>,
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
        let expr = input.parse()?;
        let handler = if input.parse::<Option<Token![=>]>>()?.is_some() { Some(input.parse()?) } else { None };
        Ok(Arm { name, expr, handler })
    }
}

/// The arms between the brackets, behind the name of the operation if there is one.
pub(super) struct Arms {
    pub(super) name: Option<LitStr>,
    pub(super) arms: Vec<Arm>,
}

impl Parse for Arms {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let name = leading_name(input)?;
        let arms = Punctuated::<Arm, Token![,]>::parse_terminated(input)?.into_iter().collect();
        Ok(Arms { name, arms })
    }
}

/// How many arms a block takes, and what is said of fewer and of more.
pub(super) struct Limits {
    pub(super) fewest: usize,
    pub(super) most: usize,
    pub(super) too_few: &'static str,
    pub(super) too_many: &'static str,
}

impl Arms {
    pub(super) fn of(tokens: TokenStream) -> syn::Result<Self> {
        Arms::parse.parse2(tokens)
    }

    /// Adds what is wrong with the number of the arms and with their names.
    pub(super) fn check(&self, limits: &Limits, macro_name: Span, errors: &mut Errors) {
        if self.arms.len() < limits.fewest {
            errors.push(syn::Error::new(macro_name, limits.too_few));
        }
        for (index, arm) in self.arms.iter().enumerate() {
            let name = plain_name(&arm.name);
            errors.accept(check_name(&name, &arm.name));
            if self.arms.iter().take(index).any(|earlier| earlier.name == arm.name) {
                errors.refuse(&arm.name, format!("there is an arm `{name}` already: names tell branches apart"));
            }
            if index == limits.most {
                errors.refuse(&arm.name, limits.too_many);
            }
        }
    }

    /// The operation over the branches: `path` is its type's constructor, `default` its name if none is given.
    pub(super) fn construct(
        &mut self,
        rewrite: &mut Rewrite<'_>,
        site: Site,
        (path, default): (TokenStream, &str),
    ) -> syn::Result<TokenStream> {
        let name = self.name.as_ref().map_or_else(|| default.to_owned(), LitStr::value);
        let branches = self.arms.iter_mut().map(|arm| arm.branch(rewrite)).collect::<syn::Result<Vec<_>>>()?;
        Ok(site.construct(rewrite.runtime, path, quote!(#name, (#(#branches,)*))))
    }
}

impl Arm {
    fn branch(&mut self, rewrite: &mut Rewrite<'_>) -> syn::Result<TokenStream> {
        let Arm { name, expr, .. } = self;
        let end = expr.to_token_stream().into_iter().last().map_or_else(|| name.span(), |token| token.span());
        let (site, label) = (Site { start: name.span(), end }, plain_name(name));
        let operation = child::arm(rewrite, &label, expr)?;
        let constructor = quote_spanned!(site.start=> Branch::new);
        Ok(site.construct(rewrite.runtime, constructor, quote!(#label, #operation)))
    }
}
