//! YAML values as JSON text, written as Python's `json.dumps` writes it: that is what the official runner sends, and
//! payloads are compared as text.

use yaml_rust2::Yaml;

/// `{"status": "approved"}`, with the spaces, everything outside ASCII escaped, keys in the order of the document.
///
/// # Errors
/// When the value has no JSON form, such as an alias.
pub fn dumps(value: &Yaml) -> Result<String, String> {
    let mut text = String::new();
    write(&mut text, value)?;
    Ok(text)
}

fn write(text: &mut String, value: &Yaml) -> Result<(), String> {
    match value {
        Yaml::Null => text.push_str("null"),
        Yaml::Boolean(truth) => text.push_str(if *truth { "true" } else { "false" }),
        Yaml::Integer(number) => text.push_str(&number.to_string()),
        Yaml::Real(number) => text.push_str(number),
        Yaml::String(characters) => quote(text, characters),
        Yaml::Array(items) => {
            text.push('[');
            for (index, item) in items.iter().enumerate() {
                text.push_str(if index == 0 { "" } else { ", " });
                write(text, item)?;
            }
            text.push(']');
        }
        Yaml::Hash(members) => {
            text.push('{');
            for (index, (key, member)) in members.iter().enumerate() {
                text.push_str(if index == 0 { "" } else { ", " });
                quote(text, key.as_str().ok_or_else(|| format!("{key:?} is no key of a JSON object"))?);
                text.push_str(": ");
                write(text, member)?;
            }
            text.push('}');
        }
        Yaml::Alias(_) | Yaml::BadValue => return Err(format!("{value:?} has no JSON form")),
    }
    Ok(())
}

fn quote(text: &mut String, characters: &str) {
    text.push('"');
    for character in characters.chars() {
        match character {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            '\u{8}' => text.push_str("\\b"),
            '\u{c}' => text.push_str("\\f"),
            ' '..='~' => text.push(character),
            other => {
                for unit in other.encode_utf16(&mut [0; 2]) {
                    text.push_str(&format!("\\u{unit:04x}"));
                }
            }
        }
    }
    text.push('"');
}

#[cfg(test)]
mod tests {
    use super::dumps;
    use yaml_rust2::YamlLoader;

    #[test]
    fn values_are_written_as_python_writes_them() {
        let text = "b: [1, 2.5, true, ~]\na: {c: \"é \\\"x\\\"\\n\"}\nempty: {}";
        let value = &YamlLoader::load_from_str(text).unwrap()[0];
        let expected = r#"{"b": [1, 2.5, true, null], "a": {"c": "\u00e9 \"x\"\n"}, "empty": {}}"#;
        assert_eq!(dumps(value).unwrap(), expected);
    }
}
