//! Operation ids as the wire carries them: 1 to 64 characters of `[a-zA-Z0-9-_]`, held inline.
//!
//! Knows nothing of how ids are numbered: that is `ids` in the replay core.

use std::borrow::Borrow;
use std::fmt;
use std::hash::{Hash, Hasher};

use serde::de::{self, Deserialize, Deserializer, Visitor};
use serde::ser::{Serialize, Serializer};

const CAPACITY: usize = 64;

/// The id of an operation. Copying one allocates nothing, so that replay can look operations up for free.
#[derive(Clone, Copy)]
pub struct OperationId {
    length: u8,
    bytes: [u8; CAPACITY],
}

/// A text that the service would not take as an operation id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidOperationId(String);

impl fmt::Display for InvalidOperationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is not an operation id: 1 to {CAPACITY} characters of [a-zA-Z0-9-_]", self.0)
    }
}

impl std::error::Error for InvalidOperationId {}

impl OperationId {
    /// Reads an id from text.
    ///
    /// # Errors
    /// When `text` is empty, longer than 64 bytes, or holds anything but `[a-zA-Z0-9-_]`.
    pub fn new(text: &str) -> Result<Self, InvalidOperationId> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        let invalid = || InvalidOperationId(text.to_owned());
        if text.is_empty() || !text.bytes().all(allowed) {
            return Err(invalid());
        }
        let mut bytes = [0; CAPACITY];
        bytes.get_mut(..text.len()).ok_or_else(invalid)?.copy_from_slice(text.as_bytes());
        Ok(Self { length: u8::try_from(text.len()).map_err(|_| invalid())?, bytes })
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // Always ASCII by construction; the fallback keeps this free of panics.
        self.bytes.get(..usize::from(self.length)).and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or("")
    }
}

/// `0`, the position that no operation has.
impl Default for OperationId {
    fn default() -> Self {
        let mut bytes = [0; CAPACITY];
        bytes.fill(b'0');
        Self { length: 1, bytes }
    }
}

impl PartialEq for OperationId {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for OperationId {}

impl PartialOrd for OperationId {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for OperationId {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.as_str().cmp(other.as_str())
    }
}

impl Hash for OperationId {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl Borrow<str> for OperationId {
    fn borrow(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for OperationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for OperationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl Serialize for OperationId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for OperationId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = OperationId;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an operation id")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<OperationId, E> {
                OperationId::new(text).map_err(E::custom)
            }
        }
        deserializer.deserialize_str(Text)
    }
}
