//! `race!(paid = op => |receipt| …, late = sleep(d) => |_| …)`: the first branch to settle. Without handlers it is an
//! operation like any other; with them it is awaited where it is written, and the handlers become the arms of a `match`
//! behind the await. Knows nothing of how the winner is found.

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::visit_mut::VisitMut;
use syn::{Expr, ExprClosure, Macro, Pat, PatType, ReturnType};

use super::Site;
use super::arms::{Arms, Limits};
use crate::diagnostics::{Errors, generated, refused};
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

impl Handler {
    /// The arm of the `match` for one of the enum's variants: the user's code, in the context around the race.
    fn arm(mut self, variant: &TokenStream, rewrite: &mut Rewrite<'_>) -> TokenStream {
        rewrite.visit_expr_mut(&mut self.body);
        let Handler { pattern, body } = self;
        match pattern {
            Pat::Type(PatType { pat, ty, .. }) => {
                let at = generated(pat.span());
                quote_spanned!(at=> #variant(__value) => { let #pat: #ty = __value; #body })
            }
            _ => quote_spanned!(generated(pattern.span())=> #variant(#pattern) => #body,),
        }
    }
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
            Err(error) => (refused(&error), None),
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
        let (user, at) = (site.start, generated(site.start));
        let (root, winner) = (self.runtime.respanned(user), Ident::new(&format!("Race{}", handlers.len()), user));
        let arms = VARIANTS.iter().zip(handlers).map(|(variant, handler)| {
            let variant = Ident::new(variant, user);
            handler.arm(&quote_spanned!(user=> #root::#winner::#variant), self)
        });
        let arms: TokenStream = arms.collect();
        let [winner, value, error] = ["__winner", "__value", "__error"].map(|name| Ident::new(name, at));
        // What the arms borrowed is given back before a handler runs.
        let settled = quote_spanned!(at=> { let __settled = #ended; __settled });
        // Where all handlers leave the function, only what is generated behind them is unreachable.
        quote_spanned!(user=> match #settled {
            ::core::result::Result::Ok(#winner) => {
                let #value = match #winner { #arms };
                #[allow(unreachable_code)]
                { ::core::result::Result::Ok(#value) }
            }
            ::core::result::Result::Err(#error) => ::core::result::Result::Err(#error),
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

#[cfg(test)]
mod tests {
    use quote::quote;
    use syn::visit_mut::VisitMut;

    use crate::rewrite::Rewrite;
    use crate::runtime::Runtime;

    /// An expression of a durable function, rewritten, without the blanks between tokens.
    fn rewritten(source: &str) -> String {
        let runtime = Runtime::default();
        let result = quote!(Result<u32>);
        let mut rewrite = Rewrite::new(&runtime, Some(&result));
        let mut expr = syn::parse_str(source).unwrap();
        rewrite.visit_expr_mut(&mut expr);
        let text = quote!(#expr).to_string().replace(' ', "");
        text.replace("::durable_runtime::", "").replace("::core::result::Result::", "")
    }

    #[test]
    fn handlers_become_a_match_behind_the_await() {
        let expansion = rewritten("race!(paid = f() => |(id, _)| g(id).await?, late = sleep(d) => |_| return 1).await");
        let expected = "match{let__settled=Operation::run(\
            Race::<_,__private::ErrorOf<Result<u32>>>::new(\"race\",(\
            Branch::new(\"paid\",f()),Branch::new(\"late\",sleep(d)),)),\
            &__durable).await;__settled}{\
            Ok(__winner)=>{let__value=match__winner{\
            Race2::A((id,_))=>Operation::run(g(id),&__durable).await?,\
            Race2::B(_)=>return1,\
            };#[allow(unreachable_code)]{Ok(__value)}}Err(__error)=>Err(__error),}";
        assert_eq!(expansion, expected);
    }

    #[test]
    fn the_type_of_a_parameter_is_kept() {
        let expansion = rewritten("race!(a = f() => |n: u32| n, b = g() => |_| 0).await");
        assert!(expansion.contains("Race2::A(__value)=>{letn:u32=__value;n}"), "{expansion}");
    }

    #[test]
    fn builder_methods_and_attributes_stay_on_the_operation() {
        let expansion = rewritten("(race!(\"x\", a = f() => |n| n, b = g() => |_| 0).named(h().await?)).key(1).await");
        assert!(expansion.contains("(Race::<_,__private::ErrorOf<Result<u32>>>::new(\"x\","), "{expansion}");
        assert!(
            expansion.contains(".named(Operation::run(h(),&__durable).await?)).key(1),&__durable).await;"),
            "{expansion}"
        );
    }

    #[test]
    fn without_handlers_a_race_is_an_operation() {
        let expansion = rewritten("race!(a = f(), b = g()).await");
        assert!(expansion.starts_with("Operation::run(Race::<_,") && expansion.ends_with(".await"), "{expansion}");
        assert!(rewritten("race!(a = f(), b = g())").starts_with("Race::<_,"));
    }

    #[test]
    fn handlers_that_cannot_run_or_are_no_closures_are_refused() {
        for (source, reason) in [
            ("race!(a = f() => |n| n, b = g() => |n| n)", "run where it is awaited"),
            ("vec![race!(a = f() => |n| n, b = g() => |n| n).await]", "run where it is awaited"),
            ("map(|x| race!(a = f() => |n| n, b = g() => |n| n).await)", "run where it is awaited"),
            ("race!(a = f() => |n| n, b = g()).await", "this arm has no handler"),
            ("race!(a = f() => h, b = g() => |n| n).await", "written as a closure"),
            ("race!(a = f() => || 1, b = g() => |n| n).await", "takes what its arm gives"),
            ("race!(a = f() => |n| n, b = g() => move |n| n).await", "begin it with"),
            ("race!(a = f() => |n| n, b = g() => |n| -> u32 { n }).await", "it is inferred"),
            ("race!(a = f() => |n| n).await", "takes 2 to 8 arms"),
            ("parallel!(a = f() => |n| n).await", "an arm of `parallel!` has no handler"),
        ] {
            let reason = reason.replace(' ', "");
            assert!(rewritten(source).contains(&reason), "{source}: {}", rewritten(source));
        }
    }
}
