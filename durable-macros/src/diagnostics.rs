//! How the macros report what they refuse, and the spans of the code they generate. Knows nothing of what is being
//! expanded.
//!
//! What is wrong with a signature or with the attribute's arguments is collected in [`Errors`], so that one build
//! shows all of it. What is wrong inside a body is reported by [`refusal`] in the place of the refused expression:
//! rustc gives such an expression the error type, and no second error follows from the first.

use proc_macro2::{Delimiter, Group, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};

/// Everything refused so far.
#[derive(Default)]
pub(crate) struct Errors(Option<syn::Error>);

impl Errors {
    /// Adds an error.
    pub(crate) fn push(&mut self, error: syn::Error) {
        match &mut self.0 {
            Some(errors) => errors.combine(error),
            None => self.0 = Some(error),
        }
    }

    /// Adds an error that covers `tokens`.
    pub(crate) fn refuse(&mut self, tokens: impl ToTokens, message: impl std::fmt::Display) {
        self.push(syn::Error::new_spanned(tokens, message));
    }

    /// The value of a result; its error is added.
    pub(crate) fn accept<T>(&mut self, result: syn::Result<T>) -> Option<T> {
        result.map_err(|error| self.push(error)).ok()
    }

    /// Whether nothing was refused.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// All of them as one error.
    pub(crate) fn into_result(self) -> syn::Result<()> {
        self.0.map_or(Ok(()), Err)
    }

    /// One `compile_error!` per error.
    pub(crate) fn into_tokens(self) -> TokenStream {
        self.0.map(|errors| errors.to_compile_error()).unwrap_or_default()
    }
}

/// An expression that reports `message` at `tokens`, to stand where the refused expression stood.
pub(crate) fn refusal(tokens: impl ToTokens, message: impl std::fmt::Display) -> TokenStream {
    syn::Error::new_spanned(tokens, message).to_compile_error()
}

/// An expression that reports an error, or all of several.
pub(crate) fn refused(error: &syn::Error) -> TokenStream {
    let reports = error.to_compile_error();
    if error.clone().into_iter().count() > 1 { quote!({ #reports }) } else { reports }
}

/// The span of generated code: errors about it point at `user`, its names are the macros' own.
pub(crate) fn generated(user: Span) -> Span {
    Span::mixed_site().located_at(user)
}

/// The first statement of a generated async closure, which says what the closure returns. rustc compares a type written
/// in the closure's head only after the body; said here, a type error is at the expression that has the wrong type.
pub(crate) fn typed_return(result: &TokenStream, at: Span) -> TokenStream {
    quote_spanned!(at=> #[allow(unreachable_code)] if false { return loop {} as #result; })
}

/// The tokens in parentheses that reach to the end of `covered`: rustc takes an expression that ends with them to end
/// where the user's expression does.
pub(crate) fn parentheses(inner: TokenStream, covered: TokenStream) -> TokenTree {
    let last = covered.into_iter().last().map_or_else(Span::call_site, |token| token.span());
    let mut group = Group::new(Delimiter::Parenthesis, inner);
    group.set_span(last);
    TokenTree::Group(group)
}

/// Checks a name as the service takes it: printable ASCII, 1 to 256 characters.
pub(crate) fn check_name(name: &str, tokens: impl ToTokens) -> syn::Result<()> {
    let problem = if name.is_empty() {
        "is empty"
    } else if name.len() > 256 {
        "is longer than 256 characters"
    } else if !name.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        "has characters outside printable ASCII"
    } else {
        return Ok(());
    };
    let message = format!("the operation name {name:?} {problem}; give one of 1 to 256 printable ASCII characters");
    Err(syn::Error::new_spanned(tokens, message))
}

/// An identifier as it is written in names: without `r#`.
pub(crate) fn plain_name(ident: &syn::Ident) -> String {
    let name = ident.to_string();
    name.strip_prefix("r#").map(str::to_owned).unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_printable_ascii_of_1_to_256_characters() {
        assert!(check_name("charge card #1", quote!(x)).is_ok());
        assert!(check_name(&"x".repeat(256), quote!(x)).is_ok());
        for bad in ["", "größe", "a\nb", &"x".repeat(257)] {
            assert!(check_name(bad, quote!(x)).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn errors_accumulate() {
        let mut errors = Errors::default();
        errors.refuse(quote!(a), "first");
        errors.refuse(quote!(b), "second");
        let text = errors.into_tokens().to_string();
        assert!(text.contains("first") && text.contains("second"), "{text}");
        assert!(Errors::default().into_tokens().is_empty());
    }

    #[test]
    fn several_errors_are_one_expression() {
        let mut errors = Errors::default();
        errors.refuse(quote!(a), "first");
        assert!(syn::parse2::<syn::ExprMacro>(refused(&errors.0.clone().unwrap())).is_ok());
        errors.refuse(quote!(b), "second");
        let block: syn::ExprBlock = syn::parse2(refused(&errors.into_result().unwrap_err())).unwrap();
        assert_eq!(block.block.stmts.len(), 2);
    }
}
