//! The function below an attribute: parsed so that a half-typed body does not lose the signature, and checked for what
//! both attributes refuse. Knows nothing of what is generated.

use proc_macro2::{Span, TokenStream};
use quote::ToTokens;
use syn::parse::{ParseStream, Parser};
use syn::visit::{self, Visit};
use syn::{AttrStyle, Attribute, Block, FnArg, Receiver, ReceiverKind, ReturnType, Signature, Stmt, Token, Visibility};

use crate::arguments::Place;
use crate::diagnostics::{Errors, check_name, plain_name};

const ASYNC_TRAIT: &str = "`#[async_trait]` has made an ordinary future of this operation: leave it off, and declare \
    the method as `fn name(…) -> impl Operation<Output = Result<…>>`";

/// A function with a body.
pub(crate) struct Function {
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) visibility: Visibility,
    pub(crate) signature: Signature,
    pub(crate) body: Body,
}

/// The body of a function.
pub(crate) enum Body {
    /// As statements.
    Parsed(Vec<Stmt>),
    /// As it was typed, where it does not parse: emitted unchanged, so that editors keep completion.
    Unparsed(TokenStream),
}

impl Function {
    /// Parses a function. Nothing comes back if there is no signature or no body to work on; the reason is in `errors`.
    pub(crate) fn parse(item: TokenStream, attribute: &str, errors: &mut Errors) -> Option<Self> {
        let (mut function, tokens) = errors.accept((|input: ParseStream<'_>| shape(input, attribute)).parse2(item))?;
        function.body = match Block::parse_within.parse2(tokens.clone()) {
            Ok(statements) => Body::Parsed(statements),
            Err(error) => {
                errors.push(error);
                Body::Unparsed(tokens)
            }
        };
        Some(function)
    }

    /// The operation's name: the argument, or the function's own name.
    pub(crate) fn operation_name(&self, given: Option<syn::LitStr>, errors: &mut Errors) -> String {
        if let Some(name) = given {
            return name.value();
        }
        let name = plain_name(&self.signature.ident);
        if check_name(&name, &self.signature.ident).is_err() {
            let message = "operation names are printable ASCII of at most 256 characters: give one with `name = \"…\"`";
            errors.refuse(&self.signature.ident, message);
        }
        name
    }

    /// The return type, if there is one.
    pub(crate) fn result_type(&self) -> Option<TokenStream> {
        match &self.signature.output {
            ReturnType::Type(_, result) => Some(result.to_token_stream()),
            ReturnType::Default => None,
        }
    }

    /// Refuses what `#[async_trait]` has made of an `async fn`.
    pub(crate) fn refuse_async_trait(&self, errors: &mut Errors) {
        let ReturnType::Type(_, result) = &self.signature.output else { return };
        let boxed = find_ident(result.to_token_stream(), &["Pin"]).is_some()
            && find_ident(result.to_token_stream(), &["Future"]).is_some();
        if boxed && self.signature.asyncness.is_none() {
            errors.refuse(&self.signature.ident, ASYNC_TRAIT);
        }
    }

    /// Refuses every `&mut` in the parameters, for the given reason.
    pub(crate) fn refuse_mutable_references(&self, reason: &str, errors: &mut Errors) {
        let mut found = MutableReferences::default();
        self.signature.inputs.iter().for_each(|input| found.visit_fn_arg(input));
        for tokens in found.0 {
            errors.refuse(tokens, reason);
        }
    }

    /// Refuses what changes the caller's variables without saying `&mut`: `FnMut` and its like, in the parameters, the
    /// generics and the where clause, and a `&mut` in a bound.
    pub(crate) fn refuse_changing_types(&self, reason: &str, errors: &mut Errors) {
        let (mut named, mut referred) = (ChangingTypes::default(), MutableReferences::default());
        self.signature.inputs.iter().for_each(|input| named.visit_fn_arg(input));
        named.visit_generics(&self.signature.generics);
        referred.visit_generics(&self.signature.generics);
        for tokens in named.0.into_iter().chain(referred.0) {
            errors.refuse(tokens, reason);
        }
    }

    /// Refuses parameters that borrow, for steps whose body leaves the task.
    pub(crate) fn refuse_borrowed_parameters(&self, place: Place, errors: &mut Errors) {
        let home = match place {
            Place::Inline => return,
            Place::Blocking => "on a thread of its own",
            Place::Spawned => "in a task of its own",
        };
        for input in &self.signature.inputs {
            let borrowed = match input {
                FnArg::Receiver(Receiver { kind: ReceiverKind::Reference(..), .. }) => true,
                FnArg::Typed(parameter) => borrows(&parameter.ty),
                FnArg::Receiver(_) => false,
            };
            if borrowed {
                errors
                    .refuse(input, format!("this step runs {home} and cannot borrow: take an owned value or an `Arc`"));
            }
        }
    }

    /// Removes `#[instrument]` from below the attribute, where it would time only the construction of the operation.
    pub(crate) fn refuse_instrument_below(&mut self, reason: &str, errors: &mut Errors) {
        self.attributes.retain(|attribute| {
            let instrument = attribute.path().segments.last().is_some_and(|segment| segment.ident == "instrument");
            if instrument {
                errors.refuse(attribute, reason);
            }
            !instrument
        });
    }
}

/// Everything but the body, and the tokens of the body.
fn shape(input: ParseStream<'_>, attribute: &str) -> syn::Result<(Function, TokenStream)> {
    let mut attributes = input.call(Attribute::parse_outer)?;
    let visibility = input.parse()?;
    let signature: Signature = input.parse()?;
    if input.peek(Token![;]) {
        let message = format!(
            "`#[{attribute}]` needs a body; declare the operation without the attribute: \
             `fn {}(…) -> impl Operation<Output = Result<…>>`",
            signature.ident
        );
        return Err(syn::Error::new_spanned(&signature, message));
    }
    let content;
    syn::braced!(content in input);
    // An inner attribute means the same in front of the function, where nothing has to be generated around it.
    attributes.extend(content.call(Attribute::parse_inner)?.into_iter().map(|mut attribute| {
        attribute.style = AttrStyle::Outer;
        attribute
    }));
    let body = content.parse()?;
    Ok((Function { attributes, visibility, signature, body: Body::Unparsed(TokenStream::new()) }, body))
}

/// Types and bounds of the standard library behind which a function changes what its caller owns.
const CHANGING: [&str; 3] = ["FnMut", "AsyncFnMut", "IterMut"];

/// The names of [`CHANGING`] types and bounds.
#[derive(Default)]
struct ChangingTypes(Vec<TokenStream>);

impl<'a> Visit<'a> for ChangingTypes {
    fn visit_path_segment(&mut self, segment: &'a syn::PathSegment) {
        if CHANGING.iter().any(|name| segment.ident == name) {
            self.0.push(segment.to_token_stream());
        }
        visit::visit_path_segment(self, segment);
    }

    // As for `&mut`: what a callback takes is not what this function holds.
    fn visit_type_fn_ptr(&mut self, _: &'a syn::TypeFnPtr) {}

    fn visit_parenthesized_generic_arguments(&mut self, _: &'a syn::ParenthesizedGenericArguments) {}
}

#[derive(Default)]
struct MutableReferences(Vec<TokenStream>);

impl<'a> Visit<'a> for MutableReferences {
    fn visit_type_reference(&mut self, reference: &'a syn::TypeReference) {
        if reference.mutability.is_some() {
            self.0.push(reference.to_token_stream());
        }
        visit::visit_type_reference(self, reference);
    }

    fn visit_receiver(&mut self, receiver: &'a Receiver) {
        if matches!(receiver.kind, ReceiverKind::Reference(_, _, Some(_))) {
            self.0.push(receiver.to_token_stream());
        }
        visit::visit_receiver(self, receiver);
    }

    // What a function pointer or a closure bound takes is not what this function holds.
    fn visit_type_fn_ptr(&mut self, _: &'a syn::TypeFnPtr) {}

    fn visit_parenthesized_generic_arguments(&mut self, _: &'a syn::ParenthesizedGenericArguments) {}
}

fn borrows(parameter: &syn::Type) -> bool {
    match parameter {
        syn::Type::Reference(reference) => {
            reference.lifetime.as_ref().is_none_or(|lifetime| lifetime.ident != "static")
        }
        _ => false,
    }
}

/// The first of the identifiers in the tokens, at any depth.
pub(crate) fn find_ident(tokens: TokenStream, names: &[&str]) -> Option<Span> {
    tokens.into_iter().find_map(|token| match token {
        proc_macro2::TokenTree::Ident(ident) if names.iter().any(|name| ident == name) => Some(ident.span()),
        proc_macro2::TokenTree::Group(group) => find_ident(group.stream(), names),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use crate::{durable, step};
    use proc_macro2::TokenStream;
    use quote::quote;

    /// The expansion of an attribute on a function, without the blanks between tokens.
    fn expanded(expand: fn(TokenStream, TokenStream) -> TokenStream, item: TokenStream) -> String {
        expand(TokenStream::new(), item).to_string().replace(' ', "")
    }

    #[test]
    fn a_half_typed_body_keeps_its_signature() {
        let half_typed = quote!(
            pub async fn charge(card: &Card) -> Result<Receipt> {
                let receipt = card.
            }
        );
        for expand in [durable::expand, step::expand] {
            let expansion = expanded(expand, half_typed.clone());
            assert!(expansion.contains("compile_error"), "{expansion}");
            assert!(expansion.contains("pubfncharge(card:&Card)->"), "{expansion}");
            assert!(expansion.contains("letreceipt=card."), "{expansion}");
        }
    }

    #[test]
    fn what_is_no_function_is_emitted_as_it_is() {
        let expansion = expanded(
            durable::expand,
            quote!(
                struct Order {
                    total: u64,
                }
            ),
        );
        assert!(expansion.contains("compile_error") && expansion.contains("structOrder{total:u64"), "{expansion}");
    }

    #[test]
    fn everything_wrong_with_a_signature_is_reported_at_once() {
        let expansion = durable::expand(
            quote!(name = "", retry = none),
            quote!(
                #[instrument]
                fn fill(&mut self, list: &mut Vec<u32>) {}
            ),
        )
        .to_string();
        for part in [
            "operation name",
            "no argument `retry`",
            "`#[instrument]` cannot time",
            "goes on an `async fn`",
            "returns a `Result`",
        ] {
            assert!(expansion.contains(part), "{part} is missing in {expansion}");
        }
        assert_eq!(expansion.matches("is lost when the caller is replayed").count(), 2, "{expansion}");
        assert!(!expansion.contains("# [instrument]"), "a refused attribute is not emitted: {expansion}");
    }

    #[test]
    fn a_mutable_reference_that_a_callback_takes_is_no_parameter() {
        let expansion = expanded(
            durable::expand,
            quote!(
                async fn apply(change: fn(&mut u32), other: impl Fn(&mut u32)) -> Result<()> {
                    Ok(())
                }
            ),
        );
        assert!(!expansion.contains("compile_error"), "{expansion}");
    }

    #[test]
    fn a_closure_that_changes_something_for_somebody_else_is_no_parameter() {
        let callback = quote!(
            async fn apply<F: Fn(&mut dyn FnMut(u32))>(each: F, other: fn(&mut dyn FnMut(u32))) -> Result<()> {
                Ok(())
            }
        );
        assert!(!expanded(durable::expand, callback).contains("compile_error"));
    }

    #[test]
    fn what_async_trait_has_made_of_a_step_is_refused_with_what_to_write() {
        let boxed = quote!(
            fn pay<'life0>(&'life0 self) -> Pin<Box<dyn Future<Output = Result<u32>> + Send + 'life0>> {
                Box::pin(async move { Ok(1) })
            }
        );
        for expand in [durable::expand, step::expand] {
            assert!(expanded(expand, boxed.clone()).contains("`#[async_trait]`hasmade"));
        }
    }

    #[test]
    fn instrument_above_durable_is_refused_and_above_step_is_kept() {
        // What `tracing-attributes` leaves for the attribute below it.
        let instrumented = quote!(
            async fn ship(n: u32) -> Result<u32> {
                let __tracing_attr_span = span!("ship");
                Instrument::instrument(async move { one(n).await }, __tracing_attr_span).await
            }
        );
        assert!(expanded(durable::expand, instrumented.clone()).contains("`#[instrument]`cannottime"));
        assert!(!expanded(step::expand, instrumented).contains("compile_error"));
    }

    #[test]
    fn a_parameter_under_cfg_is_asserted_under_the_same_cfg() {
        let expansion = expanded(
            step::expand,
            quote!(
                async fn save(#[cfg(unix)] handle: Handle, (a, ref b): Pair, count: &u32) -> Result<()> {
                    Ok(())
                }
            ),
        );
        assert!(expansion.contains("#[cfg(unix)]::durable_runtime::__private::again(&handle);"), "{expansion}");
        assert!(expansion.contains("again(&a);") && !expansion.contains("again(&b)"), "{expansion}");
        assert!(!expansion.contains("again(&count)"), "{expansion}");
    }
}
