//! Whether a JSON value is what a requirement expects of it. Knows nothing of executions.

use std::collections::BTreeMap;

use regex_lite::Regex;
use serde_json::Value;
use yaml_rust2::Yaml;

/// What `${ID1}` and the like stood for where they were first seen. They stand for the same from then on.
#[derive(Debug, Default)]
pub struct Bindings {
    bound: BTreeMap<String, Value>,
}

/// Whether members that are not expected may be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Others {
    /// They are ignored.
    Ignored,
    /// They are a difference.
    Refused,
}

impl Bindings {
    /// Everything bound so far, as texts.
    pub fn texts(&self) -> BTreeMap<String, String> {
        self.bound.iter().map(|(name, value)| (name.clone(), shown(value))).collect()
    }

    /// Compares; every difference becomes a line that begins with its place.
    pub fn compare(&mut self, expected: &Yaml, actual: &Value, others: Others, place: &str) -> Vec<String> {
        let different = |what: String| vec![format!("{place}: {what}")];
        match expected {
            Yaml::Hash(members) if members.is_empty() && others == Others::Ignored => Vec::new(),
            Yaml::Hash(members) => {
                let Value::Object(found) = actual else {
                    return different(format!("expected an object, found {}", shown(actual)));
                };
                let mut differences = Vec::new();
                for (key, member) in members {
                    let key = key.as_str().unwrap_or_default();
                    let place = format!("{place}.{key}");
                    match found.get(key) {
                        Some(value) => differences.extend(self.compare(member, value, others, &place)),
                        None => differences.push(format!("{place}: it is missing")),
                    }
                }
                let named = |key: &str| members.contains_key(&Yaml::String(key.to_owned()));
                if others == Others::Refused {
                    let more = found.iter().filter(|(key, _)| !named(key));
                    differences.extend(more.map(|(key, value)| format!("{place}.{key}: unexpected {}", shown(value))));
                }
                differences
            }
            Yaml::Array(items) => match actual {
                Value::Array(found) if found.len() == items.len() => {
                    let pairs = items.iter().zip(found).enumerate();
                    let compared = pairs.flat_map(|(index, (item, value))| {
                        self.compare(item, value, others, &format!("{place}[{index}]"))
                    });
                    compared.collect()
                }
                _ => different(format!("expected a list of {}, found {}", items.len(), shown(actual))),
            },
            Yaml::String(text) => match self.text_fits(text, actual) {
                true => Vec::new(),
                false => different(format!("expected {text:?}, found {actual}{}", self.meaning(text))),
            },
            scalar if scalar_equals(scalar, actual) => Vec::new(),
            scalar => different(format!("expected {scalar:?}, found {actual}")),
        }
    }

    fn text_fits(&mut self, text: &str, actual: &Value) -> bool {
        if text == "*" {
            return true;
        }
        match text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')) {
            Some(pattern) if pattern.len() > 1 && pattern.starts_with('/') && pattern.ends_with('/') => {
                matches(&pattern[1..pattern.len() - 1], actual)
            }
            Some(name) => self.bound.entry(name.to_owned()).or_insert_with(|| actual.clone()) == actual,
            None => actual.as_str() == Some(text),
        }
    }

    fn meaning(&self, text: &str) -> String {
        let name = text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}'));
        let bound = name.and_then(|name| self.bound.get(name));
        bound.map(|value| format!(" where it stands for {value}")).unwrap_or_default()
    }
}

/// Whether a regular expression is found in a value's text.
pub fn matches(pattern: &str, actual: &Value) -> bool {
    Regex::new(pattern).is_ok_and(|regex| regex.is_match(&shown(actual)))
}

/// Whether a number, a truth value or null is the same.
pub fn scalar_equals(expected: &Yaml, actual: &Value) -> bool {
    match expected {
        Yaml::Null => actual.is_null(),
        Yaml::Boolean(truth) => actual.as_bool() == Some(*truth),
        Yaml::Integer(number) => actual.as_i64() == Some(*number) || actual.as_f64() == Some(*number as f64),
        Yaml::Real(_) => expected.as_f64().is_some() && expected.as_f64() == actual.as_f64(),
        _ => false,
    }
}

/// A text as it is, anything else as JSON.
pub fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::{Bindings, Others};
    use serde_json::{Value, json};
    use yaml_rust2::YamlLoader;

    fn differences(expected: &str, actual: Value, others: Others) -> usize {
        let expected = &YamlLoader::load_from_str(expected).unwrap()[0];
        Bindings::default().compare(expected, &actual, others, "it").len()
    }

    #[test]
    fn named_members_must_exist_and_others_are_ignored() {
        assert_eq!(differences("{a: {}, b: '*'}", json!({"a": 1, "b": null, "c": 2}), Others::Ignored), 0);
        assert_eq!(differences("{a: {}}", json!({"b": 1}), Others::Ignored), 1);
        assert_eq!(differences("{a: {}}", json!({"a": {"b": 1}}), Others::Refused), 1);
    }

    #[test]
    fn a_binding_repeats_and_a_pattern_is_found_in_the_text() {
        assert_eq!(differences("['${A}', '${B}', '${A}']", json!(["x", "y", "x"]), Others::Ignored), 0);
        assert_eq!(differences("['${A}', '${A}']", json!(["x", "y"]), Others::Ignored), 1);
        assert_eq!(differences("['${/^[0-5]$/}', '${/b.?d/}']", json!([5, "abcd"]), Others::Ignored), 0);
        assert_eq!(differences("'${/^[0-5]$/}'", json!(6), Others::Ignored), 1);
    }

    #[test]
    fn everything_else_is_equal_in_type_and_length() {
        assert_eq!(differences("[1, true, ~, x]", json!([1, true, null, "x"]), Others::Ignored), 0);
        assert_eq!(differences("[1, 2]", json!([1]), Others::Ignored), 1);
        assert_eq!(differences("'1'", json!(1), Others::Ignored), 1);
    }
}
