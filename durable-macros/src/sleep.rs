//! Recognises a sleep whose duration is written in the source. The runtime compares such durations on replay; a
//! computed one may differ for good reasons. Knows nothing of how they are compared.

use quote::{ToTokens, quote_spanned};
use syn::spanned::Spanned;
use syn::{Expr, Path};

use crate::diagnostics::parentheses;
use crate::runtime::Runtime;

/// Functions that make a duration out of a number.
const CONSTRUCTORS: [&str; 7] = ["milliseconds", "millis", "seconds", "minutes", "hours", "days", "weeks"];

/// Wraps the call of `sleep` at the root of an expression, behind any builder methods, if its duration is literal.
pub(crate) fn mark_literal(expr: &mut Expr, runtime: &Runtime) {
    match expr {
        Expr::MethodCall(call) => mark_literal(&mut call.receiver, runtime),
        Expr::Paren(paren) => mark_literal(&mut paren.expr, runtime),
        Expr::Call(call) if is_sleep(&call.func) && !call.args.is_empty() && call.args.iter().all(is_literal) => {
            // Written as if by the user, as the checkpoint around it is.
            let root = runtime.respanned(call.span());
            let argument = parentheses(call.to_token_stream(), call.to_token_stream());
            *expr = Expr::Verbatim(quote_spanned!(call.span()=> #root::__private::literal #argument));
        }
        _ => {}
    }
}

fn is_sleep(function: &Expr) -> bool {
    matches!(function, Expr::Path(path) if path.path.segments.last().is_some_and(|segment| segment.ident == "sleep"))
}

/// Literals, constants, and the constructors of durations over them. A function of another name may compute.
fn is_literal(expr: &Expr) -> bool {
    match expr {
        Expr::Lit(_) => true,
        Expr::Paren(paren) => is_literal(&paren.expr),
        Expr::Binary(binary) => is_literal(&binary.left) && is_literal(&binary.right),
        Expr::Path(path) => is_constant(&path.path),
        Expr::Call(call) => {
            matches!(&*call.func, Expr::Path(path) if is_constructor(&path.path)) && call.args.iter().all(is_literal)
        }
        _ => false,
    }
}

fn is_constant(path: &Path) -> bool {
    path.segments.last().is_some_and(|segment| {
        let name = segment.ident.to_string();
        name.contains(char::is_uppercase) && !name.contains(char::is_lowercase)
    })
}

fn is_constructor(path: &Path) -> bool {
    let mut segments = path.segments.iter().rev().map(|segment| segment.ident.to_string());
    let (name, owner) = (segments.next(), segments.next());
    owner.as_deref() == Some("Duration") || name.is_some_and(|name| CONSTRUCTORS.contains(&name.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marked(source: &str) -> String {
        let mut expr = syn::parse_str(source).unwrap();
        mark_literal(&mut expr, &Runtime::default());
        expr.to_token_stream().to_string().replace(' ', "").replace("::durable_runtime::__private::", "")
    }

    #[test]
    fn a_sleep_of_a_written_duration_is_marked() {
        for duration in
            ["Duration::from_secs(30)", "seconds(30)", "time::hours(2*12)", "PAUSE", "std::time::Duration::MAX"]
        {
            assert_eq!(marked(&format!("sleep({duration})")), format!("literal(sleep({duration}))"));
        }
        assert_eq!(
            marked("durable_runtime::sleep(hours(1)).named(x)"),
            "literal(durable_runtime::sleep(hours(1))).named(x)"
        );
    }

    #[test]
    fn a_computed_duration_and_other_calls_are_left_alone() {
        for source in [
            "sleep(pause)",
            "sleep(backoff(3))",
            "sleep(Duration::from_secs(n))",
            "sleep(self.pause)",
            "nap(seconds(3))",
        ] {
            assert_eq!(marked(source), source);
        }
    }
}
