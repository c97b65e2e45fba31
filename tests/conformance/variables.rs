//! The variables of a requirement: generated once per run, put in wherever `${NAME}` stands in its document.

use std::collections::BTreeMap;

use regex_lite::{Captures, Regex};
use yaml_rust2::Yaml;
use yaml_rust2::yaml::Hash;

/// Values by name.
pub type Variables = BTreeMap<String, String>;

/// Generates what the `Variables` of a requirement ask for: `${GEN_STR:8}` becomes eight letters and digits.
pub fn generate(declared: &Yaml) -> Variables {
    let generator = Regex::new(r"\$\{GEN_STR:(\d+)\}").unwrap();
    let declared = declared.as_hash().into_iter().flatten();
    let texts = declared.filter_map(|(name, value)| Some((name.as_str()?.to_owned(), plain(value)?)));
    let made = texts.map(|(name, text)| {
        let value = generator.replace_all(&text, |found: &Captures| random_text(found[1].parse().unwrap()));
        (name, value.into_owned())
    });
    made.collect()
}

/// `value` with every known `${NAME}` replaced, at any depth, keys included. Others stay: they are bindings.
pub fn replace(value: &Yaml, variables: &Variables) -> Yaml {
    match value {
        Yaml::String(text) => Yaml::String(replace_in(text, variables)),
        Yaml::Array(items) => Yaml::Array(items.iter().map(|item| replace(item, variables)).collect()),
        Yaml::Hash(members) => {
            let replaced = members.iter().map(|(key, member)| (replace(key, variables), replace(member, variables)));
            Yaml::Hash(replaced.collect::<Hash>())
        }
        other => other.clone(),
    }
}

/// `text` with every known `${NAME}` replaced.
pub fn replace_in(text: &str, variables: &Variables) -> String {
    let mut text = text.to_owned();
    for (name, value) in variables {
        text = text.replace(&format!("${{{name}}}"), value);
    }
    text
}

fn plain(value: &Yaml) -> Option<String> {
    match value {
        Yaml::String(text) | Yaml::Real(text) => Some(text.clone()),
        Yaml::Integer(number) => Some(number.to_string()),
        _ => None,
    }
}

fn random_text(length: usize) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let mut bytes = vec![0; length];
    getrandom::fill(&mut bytes).expect("the system has random bytes");
    bytes.into_iter().map(|byte| char::from(LETTERS[usize::from(byte) % LETTERS.len()])).collect()
}
