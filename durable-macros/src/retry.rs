//! The `retry = …` argument of `#[step]`: `none`, `fixed(…)`, `linear(…)` and `exponential(…)` become a `RetryPolicy`,
//! any other expression is one already. Knows nothing of how a policy is applied.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Expr, ExprCall, ExprLit, Ident, Lit};

use crate::diagnostics::{Errors, generated};
use crate::duration::Span as Delay;
use crate::runtime::Runtime;

/// What a setting of a policy holds.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    /// How many attempts there are in all.
    Attempts,
    /// A delay.
    Delay,
    /// By how much each delay is longer than the one before.
    Factor,
    /// How delays are spread.
    Jitter,
}

/// One setting: how it is written, and the builder method that sets it, if it is not an argument of the constructor.
struct Setting {
    name: &'static str,
    kind: Kind,
    method: Option<&'static str>,
}

const fn required(name: &'static str) -> Setting {
    Setting { name, kind: Kind::Delay, method: None }
}

const MAX_ATTEMPTS: Setting = Setting { name: "max_attempts", kind: Kind::Attempts, method: Some("max_attempts") };
const MAX: Setting = Setting { name: "max", kind: Kind::Delay, method: Some("max_delay") };
const FACTOR: Setting = Setting { name: "factor", kind: Kind::Factor, method: Some("factor") };
const JITTER: Setting = Setting { name: "jitter", kind: Kind::Jitter, method: Some("jitter") };

/// The policies: how each is written, its constructor, its settings in the order of the expansion.
const POLICIES: [(&str, &str, &[Setting]); 4] = [
    ("exponential", "exponential", &[required("first"), MAX_ATTEMPTS, MAX, FACTOR, JITTER]),
    ("linear", "linear", &[required("first"), required("increment"), MAX_ATTEMPTS, MAX, JITTER]),
    ("fixed", "fixed", &[required("delay"), MAX_ATTEMPTS, JITTER]),
    ("every", "fixed", &[required("delay"), MAX_ATTEMPTS, JITTER]),
];

/// Whether the argument is the bare word `none`.
pub(crate) fn is_none(value: &Expr) -> bool {
    matches!(value, Expr::Path(path) if path.path.is_ident("none"))
}

/// The policy that the argument stands for, an expression of type `RetryPolicy`.
pub(crate) fn policy(value: &Expr, runtime: &Runtime, errors: &mut Errors) -> TokenStream {
    let root = runtime.at(value.span());
    if is_none(value) {
        return quote_spanned!(generated(value.span())=> #root::RetryPolicy::none());
    }
    if let Expr::Call(call) = value
        && let Expr::Path(function) = &*call.func
        && let Some(name) = function.path.get_ident()
        && let Some((_, constructor, settings)) = POLICIES.iter().find(|(written, ..)| name == written)
    {
        let constructor = Ident::new(constructor, generated(name.span()));
        return built(
            call,
            &quote_spanned!(generated(name.span())=> #root::RetryPolicy::#constructor),
            settings,
            &root,
            errors,
        );
    }
    value.to_token_stream()
}

fn built(
    call: &ExprCall,
    constructor: &TokenStream,
    settings: &[Setting],
    root: &TokenStream,
    errors: &mut Errors,
) -> TokenStream {
    let mut values: Vec<(&'static str, TokenStream)> = Vec::new();
    let mut delays: Vec<(&'static str, u64)> = Vec::new();
    for argument in &call.args {
        let Some((name, value)) = named(argument) else {
            errors.refuse(argument, format!("write it as `name = value`; there are {}", listed(settings)));
            continue;
        };
        let Some(setting) = settings.iter().find(|setting| name == setting.name) else {
            errors.refuse(name, format!("there is no `{name}` here; there are {}", listed(settings)));
            continue;
        };
        if values.iter().any(|(given, _)| *given == setting.name) {
            errors.refuse(name, format!("`{name}` is given twice"));
            continue;
        }
        if let Some(tokens) = errors.accept(setting.value(value, root, &mut delays)) {
            values.push((setting.name, tokens));
        }
    }
    let known = |name: &str| delays.iter().find(|(given, _)| *given == name).map(|(_, seconds)| *seconds);
    if let (Some(first), Some(max)) = (known("first"), known("max"))
        && max < first
    {
        errors.refuse(&call.args, "`max` is shorter than `first`: no delay would ever be as long as the first one");
    }
    let given =
        |setting: &Setting| values.iter().find(|(name, _)| *name == setting.name).map(|(_, value)| value.clone());
    let required: Vec<TokenStream> = settings
        .iter()
        .filter(|setting| setting.method.is_none())
        .map(|setting| given(setting).unwrap_or_else(|| missing(call, setting, errors)))
        .collect();
    let methods = settings.iter().filter_map(|setting| {
        let method = Ident::new(setting.method?, generated(call.span()));
        let value = given(setting)?;
        Some(quote!(.#method(#value)))
    });
    quote!(#constructor(#(#required),*)#(#methods)*)
}

fn missing(call: &ExprCall, setting: &Setting, errors: &mut Errors) -> TokenStream {
    let written = call.args.iter().any(|argument| named(argument).is_some_and(|(name, _)| name == setting.name));
    if !written {
        errors.refuse(&call.func, format!("`{} = …` is missing: a duration such as \"1s\"", setting.name));
    }
    quote!(::core::time::Duration::ZERO)
}

fn named(argument: &Expr) -> Option<(&Ident, &Expr)> {
    let Expr::Assign(assignment) = argument else { return None };
    let Expr::Path(name) = &*assignment.left else { return None };
    Some((name.path.get_ident()?, &assignment.right))
}

fn listed(settings: &[Setting]) -> String {
    settings.iter().map(|setting| format!("`{}`", setting.name)).collect::<Vec<_>>().join(", ")
}

impl Setting {
    fn value(
        &self,
        value: &Expr,
        root: &TokenStream,
        delays: &mut Vec<(&'static str, u64)>,
    ) -> syn::Result<TokenStream> {
        match self.kind {
            Kind::Delay => {
                let delay = Delay::of(value)?;
                delays.extend(delay.seconds().map(|seconds| (self.name, seconds)));
                Ok(delay.tokens())
            }
            Kind::Attempts => attempts(value),
            Kind::Factor => factor(value),
            Kind::Jitter => jitter(value, root),
        }
    }
}

fn attempts(value: &Expr) -> syn::Result<TokenStream> {
    if let Expr::Lit(ExprLit { lit: Lit::Int(count), .. }) = value
        && count.base10_parse::<u32>()? == 0
    {
        return Err(syn::Error::new_spanned(value, "there is at least 1 attempt; `retry = none` means exactly one"));
    }
    Ok(value.to_token_stream())
}

fn factor(value: &Expr) -> syn::Result<TokenStream> {
    let Expr::Lit(literal) = value else { return Ok(value.to_token_stream()) };
    let parsed: f64 = match &literal.lit {
        Lit::Int(whole) => whole.base10_parse()?,
        Lit::Float(number) => number.base10_parse()?,
        other => return Err(syn::Error::new_spanned(other, "`factor` is a number such as 2 or 1.5")),
    };
    if !parsed.is_finite() || parsed < 1.0 {
        return Err(syn::Error::new_spanned(value, "`factor` is at least 1: delays do not grow shorter"));
    }
    let number = proc_macro2::Literal::f64_unsuffixed(parsed);
    Ok(quote!(#number))
}

fn jitter(value: &Expr, root: &TokenStream) -> syn::Result<TokenStream> {
    let Expr::Path(path) = value else { return Ok(value.to_token_stream()) };
    let Some(word) = path.path.get_ident() else { return Ok(value.to_token_stream()) };
    let variant = match word.to_string().as_str() {
        "none" => "None",
        "half" => "Half",
        "full" => "Full",
        _ => return Err(syn::Error::new_spanned(word, "`jitter` is `none`, `half` or `full`")),
    };
    let variant = Ident::new(variant, generated(word.span()));
    Ok(quote!(#root::Jitter::#variant))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expanded(argument: &str) -> Result<String, String> {
        let mut errors = Errors::default();
        let tokens = policy(&syn::parse_str(argument).unwrap(), &Runtime::default(), &mut errors);
        let errors = errors.into_tokens();
        if errors.is_empty() { Ok(tokens.to_string().replace(' ', "")) } else { Err(errors.to_string()) }
    }

    #[test]
    fn a_written_policy_becomes_its_constructor_and_builders() {
        assert_eq!(
            expanded(r#"exponential(max_attempts = 5, first = "1s", max = "60s", factor = 2, jitter = full)"#).unwrap(),
            "::durable_runtime::RetryPolicy::exponential(::core::time::Duration::from_secs(1)).max_attempts(5)\
             .max_delay(::core::time::Duration::from_secs(60)).factor(2.0).jitter(::durable_runtime::Jitter::Full)"
        );
        assert_eq!(
            expanded(r#"linear(first = "1s", increment = STEP)"#).unwrap(),
            "::durable_runtime::RetryPolicy::linear(::core::time::Duration::from_secs(1),STEP)"
        );
        assert_eq!(expanded("none").unwrap(), "::durable_runtime::RetryPolicy::none()");
    }

    #[test]
    fn every_is_another_word_for_fixed() {
        assert_eq!(expanded(r#"every(delay = "2s")"#).unwrap(), expanded(r#"fixed(delay = "2s")"#).unwrap());
    }

    #[test]
    fn any_other_expression_is_taken_as_it_is() {
        assert_eq!(expanded("policies::gateway(3)").unwrap(), "policies::gateway(3)");
    }

    #[test]
    fn all_problems_of_a_policy_are_reported_at_once() {
        let errors = expanded(
            r#"exponential(max_attempts = 0, first = "0.2s", max = 5, factor = 0.5, jitter = some, last = 1, 7)"#,
        )
        .unwrap_err();
        for part in [
            "at least 1 attempt",
            "shorter than 1 second",
            "carries its unit",
            "`factor` is at least 1",
            "`none`, `half` or `full`",
            "there is no `last` here",
            "`name = value`",
        ] {
            assert!(errors.contains(part), "{part} is missing in {errors}");
        }
    }

    #[test]
    fn a_missing_or_repeated_setting_is_named() {
        assert!(expanded("fixed(max_attempts = 2)").unwrap_err().contains("`delay = …` is missing"));
        assert!(expanded(r#"fixed(delay = "1s", delay = "2s")"#).unwrap_err().contains("`delay` is given twice"));
        assert!(
            expanded(r#"linear(first = "9s", increment = "1s", max = "2s")"#)
                .unwrap_err()
                .contains("shorter than `first`")
        );
    }
}
