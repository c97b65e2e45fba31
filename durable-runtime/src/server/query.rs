//! Query strings: members by name, percent-decoded, read as what the model says they are. Knows no routes.

use percent_encoding::percent_decode_str;

use super::error::{ApiError, INVALID_PARAMETER};
use crate::wire::Timestamp;

/// The largest page, and the one that 0 or nothing asks for.
const MAX_ITEMS: usize = 1000;
const DEFAULT_ITEMS: usize = 100;

/// A request's query.
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    /// Reads what stands behind the `?`. A `+` is a plus: no member has blanks, and tokens have pluses.
    pub(super) fn read(text: Option<&str>) -> Result<Self, ApiError> {
        let pairs = text.unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
        let read = |pair: &str| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Ok((decode(name)?, decode(value)?))
        };
        Ok(Self(pairs.map(read).collect::<Result<_, ApiError>>()?))
    }

    /// All values of a member.
    pub(super) fn all(&self, name: &str) -> Vec<&str> {
        self.0.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_str()).collect()
    }

    /// A member that is there and not empty.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.all(name).first().copied().filter(|value| !value.is_empty())
    }

    /// A member that is true or false.
    pub(super) fn flag(&self, name: &str, default: bool) -> Result<bool, ApiError> {
        match self.text(name) {
            None => Ok(default),
            Some(word) if word.eq_ignore_ascii_case("true") => Ok(true),
            Some(word) if word.eq_ignore_ascii_case("false") => Ok(false),
            Some(word) => Err(invalid(name, word, "true or false")),
        }
    }

    /// `MaxItems`.
    pub(super) fn max_items(&self) -> Result<usize, ApiError> {
        let name = "MaxItems";
        let Some(text) = self.text(name) else { return Ok(DEFAULT_ITEMS) };
        match text.parse() {
            Ok(0) => Ok(DEFAULT_ITEMS),
            Ok(count) if count <= MAX_ITEMS => Ok(count),
            _ => Err(invalid(name, text, "0 to 1000, and 0 means 100")),
        }
    }

    /// `Marker`, which is a number in these lists.
    pub(super) fn marker<N: std::str::FromStr>(&self) -> Result<Option<N>, ApiError> {
        let read = |text: &str| text.parse().map_err(|_| invalid("Marker", text, "the NextMarker of an earlier page"));
        self.text("Marker").map(read).transpose()
    }

    /// A time.
    pub(super) fn time(&self, name: &str) -> Result<Option<Timestamp>, ApiError> {
        let read = |text: &str| {
            Timestamp::parse(text).ok_or_else(|| invalid(name, text, "a time such as 2025-12-18T10:53:45Z"))
        };
        self.text(name).map(read).transpose()
    }
}

/// Percent-decodes a part of a URI.
pub(super) fn decode(text: &str) -> Result<String, ApiError> {
    let decoded = percent_decode_str(text).decode_utf8();
    let text = decoded.map_err(|_| INVALID_PARAMETER.says(format!("`{text}` is not UTF-8 once it is decoded")))?;
    Ok(text.into_owned())
}

/// The error for a member that cannot be what it is.
pub(super) fn invalid(member: &str, value: &str, wanted: &str) -> ApiError {
    INVALID_PARAMETER.says(format!("Value '{value}' at '{member}' failed to satisfy constraint: {wanted}"))
}
