//! Where the expansions find the runtime: `::durable_runtime`, or what `crate = "path"` says. Knows nothing of what
//! is taken from it.

use proc_macro2::{Span, TokenStream};
use quote::ToTokens;
use syn::Path;

use crate::diagnostics::generated;

/// The name under which the runtime is found unless an attribute says otherwise.
const CRATE: &str = "durable_runtime";

/// The path of the runtime crate.
#[derive(Clone)]
pub(crate) struct Runtime {
    path: Path,
}

impl Default for Runtime {
    fn default() -> Self {
        let name = syn::Ident::new(CRATE, Span::mixed_site());
        Runtime { path: syn::parse_quote!(::#name) }
    }
}

impl Runtime {
    /// The runtime under the path that `crate = "path"` gives.
    pub(crate) fn renamed(path: Path) -> Self {
        Runtime { path }
    }

    /// The path, for generated code whose errors are to point at `user`.
    pub(crate) fn at(&self, user: Span) -> TokenStream {
        self.respanned(generated(user))
    }

    /// The path with exactly this span.
    pub(crate) fn respanned(&self, span: Span) -> TokenStream {
        let mut path = self.path.clone();
        for segment in path.segments.iter_mut() {
            segment.ident.set_span(span);
        }
        if let Some(colons) = &mut path.leading_colon {
            colons.spans = [span; 2];
        }
        path.to_token_stream()
    }

    /// The last segment of a path that is bare or begins with the runtime's path: `parallel`,
    /// `durable_runtime::parallel`, `::durable_runtime::parallel`, or with the path of `crate = "path"`.
    pub(crate) fn item<'p>(&self, path: &'p Path) -> Option<&'p syn::Ident> {
        let mut front: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        front.pop();
        let ours: Vec<String> = self.path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        let bare = front.is_empty() && path.leading_colon.is_none();
        (bare || front == ours || front == [CRATE])
            .then(|| path.segments.last().map(|segment| &segment.ident))
            .flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(runtime: &Runtime, path: &str) -> Option<String> {
        let path: Path = syn::parse_str(path).unwrap();
        runtime.item(&path).map(ToString::to_string)
    }

    #[test]
    fn a_macro_of_the_runtime_is_written_bare_or_with_its_path() {
        let runtime = Runtime::default();
        for path in ["child", "durable_runtime::child", "::durable_runtime::child"] {
            assert_eq!(item(&runtime, path).as_deref(), Some("child"), "{path}");
        }
        for path in ["mine::child", "::child", "crate::durable_runtime::child"] {
            assert_eq!(item(&runtime, path), None, "{path}");
        }
    }

    #[test]
    fn a_renamed_runtime_is_known_under_both_names() {
        let runtime = Runtime::renamed(syn::parse_str("crate::rt").unwrap());
        for path in ["child", "crate::rt::child", "durable_runtime::child"] {
            assert_eq!(item(&runtime, path).as_deref(), Some("child"), "{path}");
        }
        assert_eq!(item(&runtime, "rt::child"), None);
        assert_eq!(runtime.at(Span::call_site()).to_string(), "crate :: rt");
    }
}
