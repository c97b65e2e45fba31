//! Which of a program's functions a process is deployed as.

use std::sync::Arc;

use crate::function::Function;
use crate::wire::ErrorObject;

/// What names the function, in order: the handler of the deployment, then the deployment's own name.
const NAMED_BY: [&str; 2] = ["_HANDLER", "AWS_LAMBDA_FUNCTION_NAME"];

/// The function that the environment names, or the only one.
///
/// # Errors
/// When there are several and none of them is named, or none at all.
pub(super) fn choose<'a>(
    functions: &'a [(String, Arc<dyn Function>)],
    variable: &dyn Fn(&str) -> Option<String>,
) -> Result<&'a (String, Arc<dyn Function>), ErrorObject> {
    let unknown = |message: String| ErrorObject::new("Runtime.NoSuchHandler", message);
    let named = NAMED_BY.into_iter().filter_map(variable);
    let found = named.into_iter().find_map(|wanted| functions.iter().find(|(name, _)| *name == wanted));
    match (found, functions) {
        (Some(found), _) | (None, [found]) => Ok(found),
        (None, []) => Err(unknown("this program has no functions: register one with `App::register`".to_owned())),
        (None, several) => {
            let known = several.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ");
            let said = |name: &str| {
                variable(name).map_or_else(|| format!("{name} is not set"), |v| format!("{name} is `{v}`"))
            };
            Err(unknown(format!(
                "which function? {}; set the handler of the deployment to one of: {known}",
                NAMED_BY.map(said).join(" and ")
            )))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::choose;
    use crate::clock::BoxFuture;
    use crate::function::{Function, Invocation, InvocationOutcome};

    struct Idle;

    impl Function for Idle {
        fn invoke(&self, _: Invocation) -> BoxFuture<'static, InvocationOutcome> {
            Box::pin(std::future::pending())
        }
    }

    /// The name of the function that is chosen, or the error's message.
    fn chosen(names: &[&str], variables: &[(&str, &str)]) -> Result<String, String> {
        let idle = |name: &&str| ((*name).to_owned(), Arc::new(Idle) as Arc<dyn Function>);
        let functions: Vec<_> = names.iter().map(idle).collect();
        let variable =
            |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        choose(&functions, &variable).map(|(name, _)| name.clone()).map_err(|error| error.error_message.unwrap())
    }

    #[test]
    fn the_handler_comes_first_then_the_name_then_the_only_one() {
        let several = ["checkout", "refund"];
        let both = [("_HANDLER", "refund"), ("AWS_LAMBDA_FUNCTION_NAME", "checkout")];
        assert_eq!(chosen(&several, &both).unwrap(), "refund");
        let default_handler = [("_HANDLER", "bootstrap"), ("AWS_LAMBDA_FUNCTION_NAME", "checkout")];
        assert_eq!(chosen(&several, &default_handler).unwrap(), "checkout");
        assert_eq!(chosen(&["checkout"], &[("_HANDLER", "bootstrap")]).unwrap(), "checkout");
    }

    #[test]
    fn several_without_a_name_are_an_error_that_lists_them() {
        let error = chosen(&["checkout", "refund"], &[("_HANDLER", "bootstrap")]).unwrap_err();
        for part in ["checkout, refund", "_HANDLER is `bootstrap`", "AWS_LAMBDA_FUNCTION_NAME is not set"] {
            assert!(error.contains(part), "{error}");
        }
        assert!(chosen(&[], &[]).unwrap_err().contains("App::register"));
    }
}
