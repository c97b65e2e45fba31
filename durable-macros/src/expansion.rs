//! Keeps `docs/expansion.md` true: its second block of code is what the macros make of the first, and every line of it
//! has a sentence.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::{File, Item, Meta};

const PAGE: &str = include_str!("../../docs/expansion.md");

/// The blocks of Rust code on the page.
fn blocks() -> Vec<&'static str> {
    PAGE.split("```rust\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect()
}

type Expand = fn(TokenStream, TokenStream) -> TokenStream;

/// The attributes of the crate.
const ATTRIBUTES: [(&str, Expand); 2] = [("durable", crate::durable::expand), ("step", crate::step::expand)];

/// Expands the attributes of the crate on every function of a file, as rustc does.
fn expand(source: &str) -> File {
    let file: File = syn::parse_str(source).unwrap();
    let items: TokenStream = file.items.into_iter().map(expand_item).collect();
    syn::parse_str(&shortened(&items)).unwrap()
}

/// The page leaves out the absolute paths in front of the names of the runtime and of `core`.
fn shortened(items: &TokenStream) -> String {
    let prefixes = [":: durable_runtime :: ", ":: core :: result :: ", ":: core :: convert :: ", ":: core :: time :: "];
    prefixes.iter().fold(items.to_string(), |text, prefix| text.replace(prefix, ""))
}

fn expand_item(item: Item) -> TokenStream {
    let Item::Fn(mut function) = item else { return item.to_token_stream() };
    for (name, expand) in ATTRIBUTES {
        if let Some(at) = function.attrs.iter().position(|attribute| attribute.path().is_ident(name)) {
            let arguments = match function.attrs.remove(at).meta {
                Meta::List(list) => list.tokens,
                _ => TokenStream::new(),
            };
            return expand(arguments, function.to_token_stream());
        }
    }
    function.to_token_stream()
}

#[test]
fn the_page_shows_what_the_macros_generate() {
    let [source, expansion] = blocks()[..] else { panic!("the page has a block of source and one of its expansion") };
    let generated = prettyplease::unparse(&expand(source));
    assert!(generated == expansion, "docs/expansion.md shows something else; the macros generate\n\n{generated}");
}

#[test]
fn every_line_of_the_expansion_has_a_sentence() {
    let [_, expansion] = blocks()[..] else { panic!("the page has a block of source and one of its expansion") };
    let explained: Vec<&str> =
        PAGE.lines().filter_map(|line| line.strip_prefix("* `")?.split_once("`: ").map(|(code, _)| code)).collect();
    let lines: Vec<&str> =
        expansion.lines().map(str::trim).filter(|line| line.contains(char::is_alphanumeric)).collect();
    for line in &lines {
        assert!(explained.iter().any(|code| line.contains(code)), "no sentence for `{line}`");
    }
    for code in explained {
        assert!(lines.iter().any(|line| line.contains(code)), "`{code}` is not in the expansion");
    }
}
