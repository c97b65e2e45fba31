//! Whether what functions wrote is what a requirement expects: records are the lines that carry the execution's ARN, and
//! everything else is invisible.

use std::collections::BTreeMap;

use serde_json::Value;
use yaml_rust2::Yaml;

use super::matching::{matches, scalar_equals, shown};
use super::requirement::{Count, ExpectedLog};
use super::variables::replace;

/// The records of the execution among the lines.
pub fn records(lines: &[String], arn: &str) -> Vec<Value> {
    let of_execution = |record: &Value| {
        let arns = ["durableExecutionArn", "executionArn"].map(|key| record.get(key).and_then(Value::as_str));
        arns.contains(&Some(arn))
    };
    lines.iter().filter_map(|line| serde_json::from_str(line).ok()).filter(of_execution).collect()
}

/// Compares; `bound` is what the history's bindings stand for. Every difference becomes a line.
pub fn compare(expected: &[ExpectedLog], records: &[Value], bound: &BTreeMap<String, String>) -> Vec<String> {
    let wanted = |count| !matches!(count, Count::Exactly(0) | Count::AtLeast(0));
    if records.is_empty() && expected.iter().any(|log| wanted(log.count)) {
        return vec!["logs: the execution left no record at all".to_owned()];
    }
    expected.iter().filter_map(|log| differs(log, records, bound)).collect()
}

fn differs(log: &ExpectedLog, records: &[Value], bound: &BTreeMap<String, String>) -> Option<String> {
    let expected = replace(&log.record, bound);
    let found: Vec<usize> = positions(&expected, records).collect();
    let shown = super::json_text::dumps(&expected).unwrap_or_default();
    let count = match log.count {
        Count::Exactly(count) if found.len() != count => Some(format!("{count}")),
        Count::AtLeast(count) if found.len() < count => Some(format!("at least {count}")),
        _ => None,
    };
    if let Some(count) = count {
        return Some(format!("logs: expected {count} of {shown}, found {}", found.len()));
    }
    let late = log.after.iter().find(|before| {
        let first = positions(&replace(before, bound), records).next();
        found.iter().any(|place| first.is_none_or(|first| first >= *place))
    })?;
    let before = super::json_text::dumps(&replace(late, bound)).unwrap_or_default();
    Some(format!("logs: {shown} comes before {before}, and should come after it"))
}

fn positions<'a>(expected: &'a Yaml, records: &'a [Value]) -> impl Iterator<Item = usize> + 'a {
    records.iter().enumerate().filter(|(_, record)| fits(expected, record)).map(|(place, _)| place)
}

/// Whether a record has every expected member. `/re/` is a pattern, anything else is equal.
fn fits(expected: &Yaml, record: &Value) -> bool {
    let members = expected.as_hash().into_iter().flatten();
    let mut pairs = members.map(|(key, member)| (member, key.as_str().and_then(|key| record.get(key))));
    pairs.all(|(member, value)| match (member, value) {
        (_, None) => false,
        (Yaml::String(text), Some(value)) => match text.strip_prefix('/').and_then(|rest| rest.strip_suffix('/')) {
            Some(pattern) => matches(pattern, value),
            None => text == "*" || *text == shown(value),
        },
        (scalar, Some(value)) => scalar_equals(scalar, value),
    })
}

#[cfg(test)]
mod tests {
    use super::{compare, records};
    use crate::conformance::logs::{capture, write_line, written};
    use crate::conformance::requirement::{Count, ExpectedLog};
    use std::collections::BTreeMap;
    use yaml_rust2::{Yaml, YamlLoader};

    fn yaml(text: &str) -> Yaml {
        YamlLoader::load_from_str(text).unwrap().remove(0)
    }

    fn log(record: &str, count: Count, after: &[&str]) -> ExpectedLog {
        ExpectedLog { record: yaml(record), count, after: after.iter().map(|text| yaml(text)).collect() }
    }

    #[test]
    fn records_are_counted_and_ordered_and_foreign_lines_are_invisible() {
        let lines = capture(|| {
            write_line(r#"{"durableExecutionArn": "arn:1", "hook": "start", "op": "1"}"#);
            write_line("no record");
            write_line(r#"{"executionArn": "arn:2", "hook": "end"}"#);
            write_line(r#"{"executionArn": "arn:1", "hook": "end", "n": 7}"#);
            written()
        });
        let records = records(&lines, "arn:1");
        let bound = BTreeMap::from([("ID1".to_owned(), "1".to_owned())]);
        let judge = |log: ExpectedLog| compare(&[log], &records, &bound).len();
        assert_eq!(judge(log("{hook: start, op: '${ID1}'}", Count::Exactly(1), &[])), 0);
        assert_eq!(judge(log("{hook: end, n: '/^[0-9]$/'}", Count::Exactly(1), &["{hook: start}"])), 0);
        assert_eq!(judge(log("{hook: start}", Count::Exactly(1), &["{hook: end}"])), 1);
        assert_eq!(judge(log("{hook: end}", Count::Exactly(2), &[])), 1);
        assert_eq!(judge(log("{hook: '/./'}", Count::AtLeast(2), &[])), 0);
    }
}
