//! X-Ray headers for invocations that come without one. Nothing is traced.

/// A fresh root that is not sampled.
pub(super) fn fresh() -> String {
    let digits = crate::engine::fresh_request_id().replace('-', "");
    let (time, rest) = digits.split_at_checked(8).unwrap_or_default();
    let parent = crate::engine::fresh_request_id().replace('-', "");
    let (root, parent) = (rest.get(..24).unwrap_or_default(), parent.get(..16).unwrap_or_default());
    format!("Root=1-{time}-{root};Parent={parent};Sampled=0")
}
