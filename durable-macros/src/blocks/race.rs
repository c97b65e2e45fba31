//! `race!(paid = op => |receipt| …, late = sleep(d) => |_| …)`: the first branch to settle. Without handlers it is an
//! operation like any other; with them it is awaited where it is written, and the handlers become the arms of a `match`
//! behind the await. Knows nothing of how the winner is found.

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::visit_mut::VisitMut;
use syn::{Expr, ExprClosure, Macro, Pat, ReturnType};

use super::Site;
use super::arms::{Arms, Limits};
use crate::diagnostics::{Errors, generated};
use crate::rewrite::Rewrite;

/// The macro's name, and the name of a race that has none.
const NAME: &str = "race";

/// The variants of the positional enums, of which the runtime has one for every number of arms.
const VARIANTS: [&str; 8] = ["A", "B", "C", "D", "E", "F", "G", "H"];

const LIMITS: Limits = Limits {
    fewest: 2,
    most: VARIANTS.len(),
    too_few: "`race!` takes 2 to 8 arms: `name = operation => |value| …, …`; \
              an operation alone is awaited without it",
    too_many: "`race!` takes at most 8 arms: put some into a `race!` of their own",
};

const ELSEWHERE: &str = "the handlers of a `race!` run where it is awaited: write `race!(…).await` as one expression \
    in a `#[durable]` function, outside of closures and of other macros; or leave out all handlers \
    and `match` on the winner that awaiting gives: `Race2::A(value)`, `Race2::B(value)` for two arms";
const MIXED: &str = "this arm has no handler and others have: add `=> |value| …`, or leave out all handlers \
    and `match` on the winner that awaiting gives: `Race2::A(value)`, `Race2::B(value)` for two arms";
const NO_CLOSURE: &str = "a handler is written as a closure that takes what its arm gives: `=> |value| …`";
const PARAMETERS: &str = "a handler takes what its arm gives: write `|value| …`, or `|_| …` where it is of no use";
const WORD: &str = "a handler is code of the function around it, which may await, return and use all its variables: \
    begin it with `|`";
const TYPED: &str = "the handlers of a `race!` give one type, and it is inferred: leave it out";

/// A race without handlers, whose winner is a positional enum.
pub(super) fn expand(rewrite: &mut Rewrite<'_>, tokens: TokenStream, site: Site) -> syn::Result<TokenStream> {
    let mut arms = Arms::of(tokens)?;
    let mut errors = Errors::default();
    arms.check(&LIMITS, site.start, &mut errors);
    if let Some(handler) = arms.arms.iter().find_map(|arm| arm.handler.as_ref()) {
        errors.refuse(handler, ELSEWHERE);
    }
    errors.into_result()?;
    operation(rewrite, &mut arms, site)
}

fn operation(rewrite: &mut Rewrite<'_>, arms: &mut Arms, site: Site) -> syn::Result<TokenStream> {
    let error = rewrite.error(site.start);
    arms.construct(rewrite, site, (quote_spanned!(site.start=> Race::<_, #error>::new), NAME))
}

/// What runs behind an awaited race: a handler for every arm, in the order of the arms.
pub(crate) struct Handlers {
    site: Site,
    handlers: Vec<Handler>,
}

struct Handler {
    pattern: Pat,
    body: Expr,
}

impl Rewrite<'_> {
    /// Takes the handlers out of the race at the root of an awaited expression, behind any builder methods, and leaves
    /// the operation there. Anything else stays as it is.
    pub(crate) fn take_handlers(&mut self, awaited: &mut Expr) -> Option<Handlers> {
        let awaited = root(awaited);
        let Expr::Macro(call) = &*awaited else { return None };
        let site = self.race(&call.mac)?;
        let mut arms = Arms::of(call.mac.tokens.clone()).ok()?;
        if arms.arms.iter().all(|arm| arm.handler.is_none()) {
            return None;
        }
        let attributes = &call.attrs;
        let split = Handlers::of(&arms, site).and_then(|handlers| Ok((operation(self, &mut arms, site)?, handlers)));
        let (operation, handlers) = match split {
            Ok((operation, handlers)) => (operation, Some(handlers)),
            Err(error) => (error.to_compile_error(), None),
        };
        *awaited = Expr::Verbatim(quote!(#(#attributes)* #operation));
        handlers
    }

    fn race(&self, mac: &Macro) -> Option<Site> {
        let name = self.runtime.item(&mac.path)?;
        (name == NAME).then(|| Site::of(name, mac))
    }

    /// The await of a race, `ended`, and the `match` behind it: the handler of the winner gives the value.
    pub(crate) fn handled(&mut self, handlers: Handlers, ended: &TokenStream) -> TokenStream {
        let Handlers { site, handlers } = handlers;
        let at = generated(site.start);
        let root = self.runtime.at(site.start);
        let winner = Ident::new(&format!("Race{}", handlers.len()), at);
        let arms = VARIANTS.iter().zip(handlers).map(|(variant, Handler { pattern, mut body })| {
            self.visit_expr_mut(&mut body);
            let variant = Ident::new(variant, at);
            quote_spanned!(at=> #root::#winner::#variant(__value) => { let #pattern = __value; #body })
        });
        let arms: TokenStream = arms.collect();
        // What the arms borrowed is given back before a handler runs. Where all handlers leave the function, what is
        // behind them is generated and the user's code holds nothing unreachable.
        quote_spanned!(at=> {
            let __ended = #ended;
            match __ended {
                ::core::result::Result::Ok(__winner) => {
                    let __value = match __winner { #arms };
                    #[allow(unreachable_code)]
                    { ::core::result::Result::Ok(__value) }
                }
                ::core::result::Result::Err(__error) => ::core::result::Result::Err(__error),
            }
        })
    }
}

/// The expression that builder methods are called on.
fn root(expr: &mut Expr) -> &mut Expr {
    match expr {
        Expr::MethodCall(call) => root(&mut call.receiver),
        Expr::Paren(paren) => root(&mut paren.expr),
        Expr::Group(group) => root(&mut group.expr),
        other => other,
    }
}

impl Handlers {
    fn of(arms: &Arms, site: Site) -> syn::Result<Self> {
        let mut errors = Errors::default();
        arms.check(&LIMITS, site.start, &mut errors);
        let handlers = arms.arms.iter().filter_map(|arm| {
            let read = match &arm.handler {
                Some(written) => Handler::of(written),
                None => Err(syn::Error::new_spanned(&arm.name, MIXED)),
            };
            errors.accept(read)
        });
        let handlers = handlers.collect();
        errors.into_result().map(|()| Handlers { site, handlers })
    }
}

impl Handler {
    fn of(written: &Expr) -> syn::Result<Self> {
        let Expr::Closure(closure) = written else { return Err(syn::Error::new_spanned(written, NO_CLOSURE)) };
        let ExprClosure { inputs_begin, inputs, inputs_end, output, body, .. } = closure;
        let mut errors = Errors::default();
        let begins = |token: &TokenTree| matches!(token, TokenTree::Punct(bar) if bar.as_char() == '|');
        let words: TokenStream = written.to_token_stream().into_iter().take_while(|token| !begins(token)).collect();
        if !words.is_empty() {
            errors.refuse(words, WORD);
        }
        if let ReturnType::Type(..) = output {
            errors.refuse(output, TYPED);
        }
        let pattern = match inputs.first() {
            Some(pattern) if inputs.len() == 1 => pattern.clone(),
            _ => {
                errors.refuse(quote!(#inputs_begin #inputs #inputs_end), PARAMETERS);
                Pat::Verbatim(TokenStream::new())
            }
        };
        errors.into_result().map(|()| Handler { pattern, body: (**body).clone() })
    }
}
