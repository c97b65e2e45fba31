//! Durations written as text in attributes: `"1s"`, `"90s"`, `"1.5m"`, `"1h30m"`. Checked at compile time: delays
//! against what the service can keep, whole seconds from one to 366 days; the time of an attempt, which only the process
//! keeps, against what a text can say. Knows nothing of retries.

use proc_macro2::{Ident, Literal, TokenStream};
use quote::{ToTokens, quote_spanned};
use syn::{Expr, ExprLit, Lit, LitStr};

use crate::diagnostics::generated;

/// The longest delay the service accepts, in seconds.
const LONGEST: u64 = 31_622_400;

/// The units, with their length in milliseconds.
const UNITS: [(&str, u64); 5] = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];

/// A duration in an attribute: checked seconds, or an expression of type `Duration`.
pub(crate) enum Span {
    /// Written as text.
    Literal { seconds: u64, text: LitStr },
    /// Anything else.
    Computed(Expr),
}

impl Span {
    /// Reads the value of an argument.
    pub(crate) fn of(value: &Expr) -> syn::Result<Self> {
        Ok(match written(value, seconds)? {
            Some((seconds, text)) => Span::Literal { seconds, text: text.clone() },
            None => Span::Computed(value.clone()),
        })
    }

    /// The seconds, where they are known now.
    pub(crate) fn seconds(&self) -> Option<u64> {
        match self {
            Span::Literal { seconds, .. } => Some(*seconds),
            Span::Computed(_) => None,
        }
    }

    /// An expression of type `Duration`.
    pub(crate) fn tokens(&self) -> TokenStream {
        match self {
            Span::Literal { seconds, text } => {
                let seconds = Literal::u64_unsuffixed(*seconds);
                quote_spanned!(generated(text.span())=> ::core::time::Duration::from_secs(#seconds))
            }
            Span::Computed(expr) => quote::quote!(#expr),
        }
    }
}

/// The time of an attempt, an expression of type `Duration`: to the millisecond, and more than none.
pub(crate) fn of_attempt(value: &Expr) -> syn::Result<TokenStream> {
    let Some((milliseconds, text)) = written(value, some_milliseconds)? else { return Ok(value.to_token_stream()) };
    let (whole, rest) = (milliseconds / 1_000, milliseconds % 1_000);
    let (constructor, amount) = if rest == 0 { ("from_secs", whole) } else { ("from_millis", milliseconds) };
    let at = generated(text.span());
    let (constructor, amount) = (Ident::new(constructor, at), Literal::u64_unsuffixed(amount));
    Ok(quote_spanned!(at=> ::core::time::Duration::#constructor(#amount)))
}

/// What `read` makes of a duration's text, or nothing where the value is an expression.
fn written(value: &Expr, read: fn(&str) -> Result<u64, String>) -> syn::Result<Option<(u64, &LitStr)>> {
    match value {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => match read(&text.value()) {
            Ok(amount) => Ok(Some((amount, text))),
            Err(problem) => Err(syn::Error::new_spanned(text, problem)),
        },
        Expr::Lit(literal) => {
            let message = "a duration carries its unit: write it as \"5s\", \"2m\" or \"1h\"";
            Err(syn::Error::new_spanned(literal, message))
        }
        _ => Ok(None),
    }
}

/// The whole seconds of a text such as `1h30m`, or what is wrong with it.
fn seconds(text: &str) -> Result<u64, String> {
    let milliseconds = milliseconds(text)?;
    if milliseconds < 1_000 {
        Err(format!("{text:?} is shorter than 1 second, the shortest delay the service keeps"))
    } else if milliseconds % 1_000 != 0 {
        Err(format!("{text:?} is not a whole number of seconds, which is what the service counts in"))
    } else if milliseconds / 1_000 > LONGEST {
        Err(format!("{text:?} is longer than 366 days, the longest delay the service keeps"))
    } else {
        Ok(milliseconds / 1_000)
    }
}

fn some_milliseconds(text: &str) -> Result<u64, String> {
    match milliseconds(text)? {
        0 => Err(format!("{text:?} is no time at all, and no attempt can end in that")),
        milliseconds => Ok(milliseconds),
    }
}

fn milliseconds(text: &str) -> Result<u64, String> {
    total(text)
        .ok_or_else(|| format!("{text:?} is not a duration: write it as \"5s\", \"1.5m\", \"2h\", \"7d\" or \"1h30m\""))
}

fn total(text: &str) -> Option<u64> {
    let mut total: u64 = 0;
    let mut rest = text.trim();
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let (number, after) = rest.split_at(rest.find(|c: char| !c.is_ascii_digit() && c != '.')?);
        let after = after.trim_start();
        let (unit, after) = after.split_at(after.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(after.len()));
        let (_, length) = UNITS.iter().find(|(name, _)| *name == unit)?;
        total = total.checked_add(scaled(number, *length)?)?;
        rest = after.trim_start();
    }
    Some(total)
}

/// `number * length` for a decimal number. Where a fraction of a millisecond is cut off, the result is made odd, so
/// that no rounding can turn it into whole seconds.
fn scaled(number: &str, length: u64) -> Option<u64> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let whole: u64 = whole.parse().ok()?;
    if fraction.is_empty() {
        return (!number.ends_with('.')).then(|| whole.checked_mul(length)).flatten();
    }
    let scale = 10_u64.checked_pow(u32::try_from(fraction.len()).ok()?)?;
    let parts = fraction.parse::<u64>().ok()?.checked_mul(length)?;
    let milliseconds = parts / scale;
    let fraction = if parts % scale == 0 { milliseconds } else { milliseconds | 1 };
    whole.checked_mul(length)?.checked_add(fraction)
}

#[cfg(test)]
mod tests {
    use super::{of_attempt, seconds};

    #[test]
    fn units_add_up_to_whole_seconds() {
        for (text, expected) in
            [("1s", 1), ("90s", 90), ("1.5m", 90), ("1h30m", 5_400), ("1h 30m", 5_400), ("2d", 172_800), ("3000ms", 3)]
        {
            assert_eq!(seconds(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_the_service_cannot_keep_is_refused() {
        for (text, reason) in [
            ("0.2s", "shorter than 1 second"),
            ("0s", "shorter than 1 second"),
            ("200ms", "shorter than 1 second"),
            ("1.5s", "whole number of seconds"),
            ("1.0001s", "whole number of seconds"),
            ("1.00000001s", "whole number of seconds"),
            ("0.99999999s", "shorter than 1 second"),
            ("367d", "longer than 366 days"),
            ("", "not a duration"),
            ("5", "not a duration"),
            ("5 fortnights", "not a duration"),
            ("1.s", "not a duration"),
            ("99999999999999999999d", "not a duration"),
        ] {
            let problem = seconds(text).unwrap_err();
            assert!(problem.contains(reason), "{text}: {problem}");
        }
    }

    #[test]
    fn the_time_of_an_attempt_may_be_short_but_not_nothing() {
        let time = |value: &str| of_attempt(&syn::parse_str(value).unwrap()).map(|tokens| tokens.to_string());
        for (value, expected) in
            [("\"30s\"", "from_secs (30)"), ("\"1.5m\"", "from_secs (90)"), ("\"250ms\"", "from_millis (250)")]
        {
            assert!(time(value).unwrap().ends_with(expected), "{value}: {:?}", time(value));
        }
        assert_eq!(time("self.limit").unwrap(), "self . limit");
        for (value, reason) in
            [("\"0s\"", "no time at all"), ("\"soon\"", "not a duration"), ("30", "carries its unit")]
        {
            let problem = time(value).unwrap_err().to_string();
            assert!(problem.contains(reason), "{value}: {problem}");
        }
    }
}
