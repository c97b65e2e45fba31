//! `parallel!(a = op, b = async { … })`: branches of different types that run concurrently.

use proc_macro2::TokenStream;
use quote::quote_spanned;

use super::Site;
use super::arms::{Arms, Limits};
use crate::diagnostics::Errors;
use crate::rewrite::Rewrite;

/// The name of a parallel that has none.
const NAME: &str = "parallel";

/// Tuples of operations are implemented up to this length.
const LIMITS: Limits = Limits {
    fewest: 1,
    most: 16,
    too_few: "`parallel!` takes 1 to 16 arms: `name = operation, …`",
    too_many: "`parallel!` takes at most 16 arms: put some into a `parallel!` of their own, \
               or use `parallel_all` for operations of one type",
};

const HANDLER: &str = "an arm of `parallel!` has no handler, because all of them are waited for: \
    use the tuple that awaiting gives, or `race!` for the first arm to settle";

pub(super) fn expand(rewrite: &mut Rewrite<'_>, tokens: TokenStream, site: Site) -> syn::Result<TokenStream> {
    let mut arms = Arms::of(tokens)?;
    let mut errors = Errors::default();
    arms.check(&LIMITS, site.start, &mut errors);
    for handler in arms.arms.iter().filter_map(|arm| arm.handler.as_ref()) {
        errors.refuse(handler, HANDLER);
    }
    errors.into_result()?;
    let error = rewrite.error(site.start);
    arms.construct(rewrite, site, (quote_spanned!(site.start=> Parallel::<_, #error>::new), NAME))
}
