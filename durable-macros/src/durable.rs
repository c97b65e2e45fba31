//! `#[durable]`: an async function becomes a function that returns a child operation, whose body has every `.await`
//! rewritten to a checkpoint. Knows nothing of how checkpoints work.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;

use crate::arguments::DurableArguments;
use crate::blocks::import;
use crate::diagnostics::{Errors, generated, refusal, typed_return};
use crate::function::{Body, Function, find_ident};
use crate::rewrite::{Rewrite, statement_tokens};

const NO_RESULT: &str = "a durable function returns a `Result`: its error is what a failed execution records";
const NOT_ASYNC: &str =
    "`#[durable]` goes on an `async fn`; a function that only builds an operation needs no attribute";
const MUTABLE: &str = "a change made through `&mut` is lost when the caller is replayed: \
    take the value and return the new one";
const CHANGING: &str = "what this changes for the caller is lost when the caller is replayed: \
    take an `Fn` or the values themselves, and return what is new";
const INSTRUMENT: &str = "`#[instrument]` cannot time a durable function, which runs in many invocations, \
    and its `async` block would hide the operations: put it on the steps, above `#[step]`";

/// What `#[instrument]` above `#[durable]` leaves in the body.
const INSTRUMENTED: [&str; 2] = ["__tracing_attr_span", "__tracing_instrument_future"];

/// Expands the attribute.
pub(crate) fn expand(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let arguments = DurableArguments::parse(arguments, &mut errors);
    let Some(mut function) = Function::parse(item.clone(), "durable", &mut errors) else {
        let errors = errors.into_tokens();
        return quote!(#errors #item);
    };
    check(&mut function, &mut errors);
    let name = function.operation_name(arguments.name, &mut errors);
    let signature_span = function.signature.ident.span();
    let result = function.result_type();
    let span = result.as_ref().map_or(signature_span, Spanned::span);
    let (root, at) = (arguments.runtime.at(span), generated(span));
    let result_type = result.unwrap_or_else(|| quote_spanned!(at=> ::core::result::Result<(), #root::Error>));

    let mut rewrite = Rewrite::new(&arguments.runtime, Some(&result_type));
    let (context, typed) = (rewrite.context(span), typed_return(&result_type, at));
    let body = body(&mut function, &mut rewrite);
    let import = rewrite.uses_postfix.then(|| import(&arguments.runtime));
    let write_through = arguments.write_through.then(|| quote_spanned!(at=> .write_through()));
    let operation = if function.result_type().is_some() {
        // In the user's place, as blocks are.
        let root = arguments.runtime.respanned(span);
        let body = quote_spanned!(span=> async move |#context: #root::Context| { #typed #import #body });
        quote_spanned!(span=> #root::Child::function(#name, #body) #write_through)
    } else {
        refusal(&function.signature.ident, NO_RESULT)
    };

    let Function { attributes, visibility, mut signature, .. } = function;
    signature.asyncness = None;
    signature.output = syn::parse_quote_spanned!(at=> -> #root::Child<impl #root::ChildBody<Output = #result_type>>);
    let errors = errors.into_tokens();
    quote!(#errors #(#attributes)* #visibility #signature { #operation })
}

fn check(function: &mut Function, errors: &mut Errors) {
    function.refuse_async_trait(errors);
    if function.signature.asyncness.is_none() {
        errors.refuse(function.signature.fn_token, NOT_ASYNC);
    }
    function.refuse_mutable_references(MUTABLE, errors);
    function.refuse_changing_types(CHANGING, errors);
    function.refuse_instrument_below(INSTRUMENT, errors);
}

fn body(function: &mut Function, rewrite: &mut Rewrite<'_>) -> TokenStream {
    match &mut function.body {
        Body::Parsed(statements) => {
            if find_ident(statement_tokens(statements), &INSTRUMENTED).is_some() {
                return refusal(&function.signature.ident, INSTRUMENT);
            }
            rewrite.statements(statements);
            statement_tokens(statements)
        }
        Body::Unparsed(tokens) => tokens.clone(),
    }
}
