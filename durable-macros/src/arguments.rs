//! The arguments of the attributes: `#[durable(name = "…", write_through)]`, `#[step(retry = …, at_most_once)]`.
//! Parsed and checked here, so that the expansions work on settled values. Knows nothing of the functions below the
//! attributes.

use proc_macro2::TokenStream;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::{Expr, ExprLit, Ident, Lit, LitStr, Token};

use crate::diagnostics::{Errors, check_name};
use crate::retry;
use crate::runtime::Runtime;

/// What `#[durable]` was given.
pub(crate) struct DurableArguments {
    pub(crate) name: Option<LitStr>,
    pub(crate) write_through: bool,
    pub(crate) runtime: Runtime,
}

/// What `#[step]` was given.
pub(crate) struct StepArguments {
    pub(crate) name: Option<LitStr>,
    pub(crate) retry: Option<Expr>,
    pub(crate) retry_if: Option<Expr>,
    pub(crate) timeout: Option<Expr>,
    pub(crate) at_most_once: bool,
    pub(crate) place: Place,
    pub(crate) runtime: Runtime,
}

/// Where the body of a step runs.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Place {
    /// In the task of the durable function.
    Inline,
    /// On a thread for blocking code.
    Blocking,
    /// In a task of its own.
    Spawned,
}

/// How an argument is written.
#[derive(Clone, Copy, PartialEq)]
enum Form {
    /// The name alone.
    Flag,
    /// `name = "text"`.
    Text,
    /// `name = expression`.
    Expression,
}

const DURABLE: &[(&str, Form)] = &[("name", Form::Text), ("write_through", Form::Flag), ("crate", Form::Text)];

const STEP: &[(&str, Form)] = &[
    ("retry", Form::Expression),
    ("retry_if", Form::Expression),
    ("timeout", Form::Expression),
    ("name", Form::Text),
    ("at_most_once", Form::Flag),
    ("blocking", Form::Flag),
    ("spawn", Form::Flag),
    ("crate", Form::Text),
];

impl DurableArguments {
    pub(crate) fn parse(tokens: TokenStream, errors: &mut Errors) -> Self {
        let given = Given::parse(tokens, DURABLE, errors);
        DurableArguments {
            name: given.name(errors),
            write_through: given.flag("write_through").is_some(),
            runtime: given.runtime(errors),
        }
    }
}

impl StepArguments {
    pub(crate) fn parse(tokens: TokenStream, errors: &mut Errors) -> Self {
        let given = Given::parse(tokens, STEP, errors);
        let place = match (given.flag("blocking"), given.flag("spawn")) {
            (Some(_), Some(spawn)) => {
                errors.refuse(spawn, "a step is `blocking` or it is spawned: choose one");
                Place::Blocking
            }
            (Some(_), None) => Place::Blocking,
            (None, Some(_)) => Place::Spawned,
            (None, None) => Place::Inline,
        };
        let retry = given.expression("retry");
        let retry_if = given.expression("retry_if");
        if let (Some(policy), Some(filter)) = (retry, retry_if)
            && retry::is_none(policy)
        {
            errors.refuse(filter, "`retry_if` decides nothing here: `retry = none` means a single attempt");
        }
        StepArguments {
            name: given.name(errors),
            retry: retry.cloned(),
            retry_if: retry_if.cloned(),
            timeout: given.expression("timeout").cloned(),
            at_most_once: given.flag("at_most_once").is_some(),
            place,
            runtime: given.runtime(errors),
        }
    }
}

/// One argument as it is written.
struct Argument {
    key: Ident,
    value: Option<Expr>,
}

impl Parse for Argument {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        if input.peek(Lit) {
            return Err(input.error("an argument has a name: write `name = \"…\"`"));
        }
        let key = input.call(Ident::parse_any)?;
        if input.peek(syn::token::Paren) {
            return Err(input.error(format!("an argument takes its value behind `=`: write `{key} = …`")));
        }
        let value = if input.parse::<Option<Token![=]>>()?.is_some() { Some(input.parse()?) } else { None };
        Ok(Argument { key, value })
    }
}

/// The arguments that are known, given once and written in their form.
struct Given(Vec<Argument>);

impl Given {
    fn parse(tokens: TokenStream, known: &[(&str, Form)], errors: &mut Errors) -> Self {
        let parsed = Punctuated::<Argument, Token![,]>::parse_terminated.parse2(tokens);
        let mut given: Vec<Argument> = Vec::new();
        for argument in errors.accept(parsed).into_iter().flatten() {
            let key = &argument.key;
            let Some((_, form)) = known.iter().find(|(name, _)| key == name) else {
                let names = known.iter().map(|(name, _)| format!("`{name}`")).collect::<Vec<_>>().join(", ");
                errors.refuse(key, format!("there is no argument `{key}`; there are {names}"));
                continue;
            };
            if given.iter().any(|other| other.key == *key) {
                errors.refuse(key, format!("`{key}` is given twice"));
            } else if let Some(problem) = form.problem(&argument) {
                errors.refuse(key, problem);
            } else {
                given.push(argument);
            }
        }
        Given(given)
    }

    fn flag(&self, key: &str) -> Option<&Ident> {
        self.0.iter().map(|argument| &argument.key).find(|given| *given == key)
    }

    fn expression(&self, key: &str) -> Option<&Expr> {
        self.0.iter().find(|argument| argument.key == key)?.value.as_ref()
    }

    fn text(&self, key: &str) -> Option<&LitStr> {
        self.expression(key).and_then(text_of)
    }

    fn name(&self, errors: &mut Errors) -> Option<LitStr> {
        let name = self.text("name")?;
        errors.accept(check_name(&name.value(), name)).map(|()| name.clone())
    }

    fn runtime(&self, errors: &mut Errors) -> Runtime {
        self.text("crate")
            .and_then(|path| errors.accept(path.parse_with(syn::Path::parse_mod_style)))
            .map(Runtime::renamed)
            .unwrap_or_default()
    }
}

fn text_of(value: &Expr) -> Option<&LitStr> {
    match value {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text),
        _ => None,
    }
}

impl Form {
    fn problem(self, argument: &Argument) -> Option<String> {
        let key = &argument.key;
        match (self, &argument.value) {
            (Form::Flag, None) | (Form::Expression, Some(_)) => None,
            (Form::Text, Some(value)) if text_of(value).is_some() => None,
            (Form::Flag, Some(_)) => Some(format!("`{key}` takes no value: write it alone")),
            (Form::Text, _) => Some(format!("`{key}` takes a text: write `{key} = \"…\"`")),
            (Form::Expression, None) => Some(format!("`{key}` takes a value: write `{key} = …`")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use quote::quote;

    fn step(tokens: TokenStream) -> (StepArguments, String) {
        let mut errors = Errors::default();
        let arguments = StepArguments::parse(tokens, &mut errors);
        (arguments, errors.into_tokens().to_string())
    }

    #[test]
    fn every_argument_of_a_step_is_read() {
        let (arguments, errors) = step(quote!(
            retry = exponential(max_attempts = 5, first = "1s"),
            retry_if = |error| error.is_transient(),
            name = "charge card",
            timeout = "30s",
            at_most_once,
            spawn,
            crate = "crate::rt",
        ));
        assert_eq!(errors, "");
        assert!(arguments.retry.is_some() && arguments.retry_if.is_some() && arguments.at_most_once);
        assert!(arguments.timeout.is_some());
        assert_eq!(arguments.name.map(|name| name.value()).as_deref(), Some("charge card"));
        assert_eq!(arguments.place, Place::Spawned);
    }

    #[test]
    fn unknown_repeated_and_malformed_arguments_are_all_reported() {
        let (_, errors) = step(quote!(retries = 3, blocking, blocking, name, at_most_once = true, retry, name = "é"));
        for part in [
            "there is no argument `retries`",
            "`blocking` is given twice",
            "`name` takes a text",
            "`at_most_once` takes no value",
            "`retry` takes a value",
            "outside printable ASCII",
        ] {
            assert!(errors.contains(part), "{part} is missing in {errors}");
        }
    }

    #[test]
    fn arguments_that_contradict_each_other_are_refused() {
        assert!(step(quote!(blocking, spawn)).1.contains("choose one"));
        assert!(step(quote!(retry = none, retry_if = f)).1.contains("decides nothing"));
    }

    #[test]
    fn a_durable_function_takes_its_own_arguments() {
        let mut errors = Errors::default();
        let arguments = DurableArguments::parse(quote!(name = "ship", write_through), &mut errors);
        assert!(arguments.write_through && arguments.name.is_some());
        DurableArguments::parse(quote!(retry = none, crate = "not a path"), &mut errors);
        let errors = errors.into_tokens().to_string();
        assert!(errors.contains("there is no argument `retry`") && errors.contains("compile_error"), "{errors}");
    }
}
