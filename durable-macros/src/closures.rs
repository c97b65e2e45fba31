//! The names bound by the closures around an expression. A block that becomes an operation inside a closure outlives
//! the closure's own variables, so the ones it mentions travel into it by value; everything else is borrowed from the
//! durable function. Knows nothing of what the blocks become.

use proc_macro2::{Spacing, TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Ident, Pat};

/// Names in scope that closures have bound: their parameters and the `let`s in their bodies.
#[derive(Default)]
pub(crate) struct BoundNames(Vec<Ident>);

/// A point to which [`BoundNames::release`] goes back when a scope ends.
#[derive(Clone, Copy)]
pub(crate) struct Mark(usize);

impl BoundNames {
    /// The current scope.
    pub(crate) fn mark(&self) -> Mark {
        Mark(self.0.len())
    }

    /// Forgets what was bound since the mark.
    pub(crate) fn release(&mut self, mark: Mark) {
        self.0.truncate(mark.0);
    }

    /// Adds the names that a pattern binds.
    pub(crate) fn bind(&mut self, pattern: &Pat) {
        self.visit_pat(pattern);
    }

    /// The bound names that the tokens mention, each once.
    pub(crate) fn mentioned_in(&self, tokens: TokenStream) -> Vec<Ident> {
        let mut mentions = Vec::new();
        if !self.0.is_empty() {
            collect(tokens, &self.0, &mut mentions);
        }
        mentions
    }
}

impl<'a> Visit<'a> for BoundNames {
    fn visit_pat_ident(&mut self, pattern: &'a syn::PatIdent) {
        // A capitalised name in a pattern is a constant or a variant.
        if !pattern.ident.to_string().starts_with(char::is_uppercase) {
            self.0.push(pattern.ident.clone());
        }
        visit::visit_pat_ident(self, pattern);
    }

    // Guards and types of a pattern bind nothing.
    fn visit_expr(&mut self, _: &'a syn::Expr) {}

    fn visit_type(&mut self, _: &'a syn::Type) {}
}

/// The tokens around an identifier decide whether it can name a variable: not after `.` (a field or a method), not
/// beside `::` (a path), not before `:` (the name of a field) and not before `!` and a group (a macro).
fn collect(tokens: TokenStream, names: &[Ident], mentions: &mut Vec<Ident>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    for (index, token) in tokens.iter().enumerate() {
        let before = |distance: usize| index.checked_sub(distance).and_then(|at| tokens.get(at));
        let after = |distance: usize| tokens.get(index + distance);
        match token {
            TokenTree::Group(group) => collect(group.stream(), names, mentions),
            TokenTree::Literal(literal) => {
                let text = literal.to_string();
                names.iter().filter(|name| formats(&text, name)).for_each(|name| mention(name, mentions));
            }
            TokenTree::Ident(ident) if names.contains(ident) => {
                let member = is(before(1), '.') && !is(before(2), '.');
                let in_path = is(before(1), ':') && is(before(2), ':');
                let labels = is(after(1), ':');
                let calls_macro = is(after(1), '!') && matches!(after(2), Some(TokenTree::Group(_)));
                if !(member || in_path || labels || calls_macro) {
                    mention(ident, mentions);
                }
            }
            TokenTree::Ident(_) | TokenTree::Punct(_) => {}
        }
    }
}

fn is(token: Option<&TokenTree>, character: char) -> bool {
    // `a != b` is one operator, not the `!` of a macro call.
    matches!(token, Some(TokenTree::Punct(punct))
        if punct.as_char() == character && (character != '!' || punct.spacing() == Spacing::Alone))
}

/// Whether a literal is a format string that captures the name: `{name}`, `{name:…}`, `{:name$}`.
fn formats(literal: &str, name: &Ident) -> bool {
    let name = crate::diagnostics::plain_name(name);
    literal.starts_with(['"', 'r'])
        && literal.match_indices(&name).any(|(start, _)| {
            let before = literal.get(..start).and_then(|text| text.chars().next_back());
            let after = literal.get(start + name.len()..).and_then(|text| text.chars().next());
            matches!(
                (before, after),
                (Some('{'), Some('}' | ':')) | (Some(':' | '.' | '>' | '<' | '^' | '0'), Some('$'))
            )
        })
}

fn mention(name: &Ident, mentions: &mut Vec<Ident>) {
    if !mentions.contains(name) {
        mentions.push(name.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use syn::parse::Parser;

    fn mentioned(patterns: &[&str], tokens: &str) -> Vec<String> {
        let mut bound = BoundNames::default();
        for pattern in patterns {
            bound.bind(&Pat::parse_single.parse_str(pattern).unwrap());
        }
        bound.mentioned_in(tokens.parse().unwrap()).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn every_binding_of_a_pattern_counts_and_constants_do_not() {
        assert_eq!(mentioned(&["(a, Some(b), [c, ..], N, None)"], "f(c, a, b, N, None)"), ["c", "a", "b"]);
    }

    #[test]
    fn a_name_is_mentioned_as_a_variable_or_in_a_format_string() {
        assert_eq!(mentioned(&["id"], "ask(&id).await"), ["id"]);
        assert_eq!(mentioned(&["id"], r#"format!("{id:?}")"#), ["id"]);
        assert_eq!(mentioned(&["id"], r#"format!("{:>id$}", 1)"#), ["id"]);
        assert_eq!(mentioned(&["id"], "a..id"), ["id"]);
        assert_eq!(mentioned(&["id"], "id != other"), ["id"]);
        assert_eq!(mentioned(&["id"], "Order { id, total }"), ["id"]);
    }

    #[test]
    fn fields_methods_paths_macros_and_longer_words_are_not_mentions() {
        for tokens in
            ["order.id", "order.id()", "id::new()", "ids::id()", "Order { id: 1 }", "id!(1)", r#""{idle} id""#]
        {
            assert_eq!(mentioned(&["id"], tokens), [] as [&str; 0], "{tokens}");
        }
    }

    #[test]
    fn names_of_an_ended_scope_are_forgotten() {
        let mut bound = BoundNames::default();
        bound.bind(&syn::parse_quote!(outer));
        let mark = bound.mark();
        bound.bind(&syn::parse_quote!(inner));
        bound.release(mark);
        assert_eq!(bound.mentioned_in("outer + inner".parse().unwrap()).len(), 1);
    }
}
