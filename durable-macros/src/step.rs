//! `#[step]`: a function becomes a function that returns a step, whose body is the ordinary code it was. Knows nothing
//! of how attempts are made.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Attribute, FnArg, Pat, ReceiverKind, Type};

use crate::arguments::{Place, StepArguments};
use crate::diagnostics::{Errors, generated, typed_return};
use crate::duration;
use crate::function::{Body, Function};
use crate::retry;
use crate::rewrite::statement_tokens;
use crate::runtime::Runtime;

const NO_RESULT: &str = "a step returns a `Result`: its error is what a failed attempt records";
const MUTABLE: &str = "each attempt of a step works on its own copy of the arguments, and a replay runs none: \
    a change made through `&mut` is lost; return the new value instead";
const INSTRUMENT: &str = "`#[instrument]` below `#[step]` would time only the construction of the step: put it above";
const BLOCKING_ASYNC: &str = "a `blocking` step is not `async`: it has a thread of its own and may block it";
const SPAWN_SYNC: &str = "a spawned step is an `async fn`; for code that blocks there is `#[step(blocking)]`";
const TIMEOUT_SYNC: &str = "a step that is not `async` cannot be stopped at its time: make it an `async fn`, \
    or `blocking`, where its attempt fails in time and its thread goes on";
const AWAIT_IN_SYNC: &str = "this step is not an `async fn`";

/// Expands the attribute.
pub(crate) fn expand(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let arguments = StepArguments::parse(arguments, &mut errors);
    let Some(mut function) = Function::parse(item.clone(), "step", &mut errors) else {
        let errors = errors.into_tokens();
        return quote!(#errors #item);
    };
    let mut refused = Errors::default();
    check(&mut function, &arguments, &mut refused);
    let name = function.operation_name(arguments.name.clone(), &mut errors);
    let result = function.result_type();
    let span = result.as_ref().map_or(function.signature.ident.span(), Spanned::span);
    let (root, at) = (arguments.runtime.at(span), generated(span));
    let result_type = result.clone().unwrap_or_else(|| quote_spanned!(at=> ::core::result::Result<(), #root::Error>));

    let settings = settings(&arguments, &mut errors);
    if result.is_none() {
        refused.refuse(&function.signature.ident, NO_RESULT);
    }
    let operation = if refused.is_empty() {
        let step = construction(&function, &arguments, &name, &result_type);
        let repeatable = repeatable(&function, &arguments.runtime);
        quote!(#repeatable #step #settings)
    } else {
        // What is wrong with the signature would be wrong with the step in rustc's eyes too: once is enough.
        refused.into_tokens()
    };
    let Function { attributes, visibility, mut signature, .. } = function;
    signature.asyncness = None;
    signature.output = syn::parse_quote_spanned!(at=> -> #root::Step<impl #root::StepBody<Output = #result_type>>);
    let errors = errors.into_tokens();
    quote!(#errors #(#attributes)* #visibility #signature { #operation })
}

fn check(function: &mut Function, arguments: &StepArguments, errors: &mut Errors) {
    let place = arguments.place;
    function.refuse_async_trait(errors);
    match (place, function.signature.asyncness) {
        (Place::Blocking, Some(keyword)) => errors.refuse(keyword, BLOCKING_ASYNC),
        (Place::Spawned, None) => errors.refuse(function.signature.fn_token, SPAWN_SYNC),
        (Place::Inline, None) => {
            refuse_awaits(function, errors);
            arguments.timeout.iter().for_each(|timeout| errors.refuse(timeout, TIMEOUT_SYNC));
        }
        _ => {}
    }
    function.refuse_mutable_references(MUTABLE, errors);
    function.refuse_borrowed_parameters(place, errors);
    function.refuse_instrument_below(INSTRUMENT, errors);
}

fn construction(function: &Function, arguments: &StepArguments, name: &str, result: &TokenStream) -> TokenStream {
    let body = match &function.body {
        Body::Parsed(statements) => statement_tokens(statements),
        Body::Unparsed(tokens) => tokens.clone(),
    };
    // In the user's place, as blocks are.
    let at = result.span();
    let root = arguments.runtime.respanned(at);
    let typed = typed_return(result, generated(at));
    match arguments.place {
        Place::Inline => quote_spanned!(at=> #root::Step::new(#name, async move || { #typed #body })),
        Place::Blocking => quote_spanned!(at=> #root::Step::blocking(#name, move || -> #result { #body })),
        Place::Spawned => quote_spanned!(at=> #root::Step::spawned(#name, async move || { #typed #body })),
    }
}

fn settings(arguments: &StepArguments, errors: &mut Errors) -> TokenStream {
    let retry = arguments.retry.as_ref().map(|value| {
        let policy = retry::policy(value, &arguments.runtime, errors);
        quote_spanned!(generated(value.span())=> .retry(#policy))
    });
    let retry_if =
        arguments.retry_if.as_ref().map(|filter| quote_spanned!(generated(filter.span())=> .retry_if(#filter)));
    let timeout = arguments.timeout.as_ref().and_then(|value| {
        let time = errors.accept(duration::of_attempt(value))?;
        Some(quote_spanned!(generated(value.span())=> .timeout(#time)))
    });
    let at_most_once = arguments.at_most_once.then(|| quote!(.at_most_once()));
    quote!(#retry #retry_if #timeout #at_most_once)
}

/// One assertion per argument taken by value: it is cloned for every attempt, and the error says so on its type.
fn repeatable(function: &Function, runtime: &Runtime) -> TokenStream {
    function.signature.inputs.iter().map(|input| assertions(input, runtime)).collect()
}

fn assertions(input: &FnArg, runtime: &Runtime) -> TokenStream {
    let (attributes, names, span) = match input {
        FnArg::Receiver(receiver) => match &receiver.kind {
            ReceiverKind::Typed(_, ty) if matches!(**ty, Type::Reference(_)) => return TokenStream::new(),
            ReceiverKind::Value | ReceiverKind::Typed(..) => {
                (&receiver.attrs, vec![receiver.self_token.to_token_stream()], receiver.span())
            }
            _ => return TokenStream::new(),
        },
        FnArg::Typed(parameter) if matches!(*parameter.ty, Type::Reference(_)) => return TokenStream::new(),
        FnArg::Typed(parameter) => {
            let mut bindings = Bindings::default();
            bindings.visit_pat(&parameter.pat);
            let span = parameter.ty.span();
            let names = bindings.0.into_iter().map(|name| Ident::to_token_stream(&located(name, span))).collect();
            (&parameter.attrs, names, span)
        }
    };
    let conditions: Vec<&Attribute> = attributes.iter().filter(|attribute| attribute.path().is_ident("cfg")).collect();
    let root = runtime.respanned(span);
    names.into_iter().map(|name| quote_spanned!(span=> #(#conditions)* #root::__private::again(&#name);)).collect()
}

/// The name where the type is written: that is what the error is about.
fn located(mut name: Ident, at: proc_macro2::Span) -> Ident {
    name.set_span(name.span().located_at(at));
    name
}

/// The names that a parameter's pattern binds by value.
#[derive(Default)]
struct Bindings(Vec<Ident>);

impl<'a> Visit<'a> for Bindings {
    fn visit_pat_ident(&mut self, pattern: &'a syn::PatIdent) {
        let constant = pattern.ident.to_string().starts_with(char::is_uppercase);
        // An argument that is not used is not captured, and clippy counts the assertion as a use.
        let unused = pattern.ident.to_string().starts_with('_');
        if pattern.by_ref.is_none() && !constant && !unused {
            self.0.push(pattern.ident.clone());
        }
        visit::visit_pat_ident(self, pattern);
    }

    fn visit_pat(&mut self, pattern: &'a Pat) {
        // What is bound below a reference pattern was copied out of it.
        if !matches!(pattern, Pat::Reference(_)) {
            visit::visit_pat(self, pattern);
        }
    }
}

/// The body of a step is put into an async closure, where rustc would let awaits pass.
fn refuse_awaits(function: &Function, errors: &mut Errors) {
    struct Awaits<'e>(&'e mut Errors);
    impl<'a> Visit<'a> for Awaits<'_> {
        fn visit_expr_await(&mut self, awaited: &'a syn::ExprAwait) {
            self.0.refuse(awaited.await_token, AWAIT_IN_SYNC);
            visit::visit_expr_await(self, awaited);
        }
        fn visit_expr_async(&mut self, _: &'a syn::ExprAsync) {}
        fn visit_expr_closure(&mut self, _: &'a syn::ExprClosure) {}
        fn visit_item(&mut self, _: &'a syn::Item) {}
    }
    if let Body::Parsed(statements) = &function.body {
        let mut awaits = Awaits(errors);
        statements.iter().for_each(|statement| awaits.visit_stmt(statement));
    }
}
