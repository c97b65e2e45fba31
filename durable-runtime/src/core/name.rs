//! Operation names: what an operation is called in histories, reports and divergence checks.

use std::borrow::Cow;
use std::fmt::Display;

use crate::error::{FailureKind, StepFailure};
use crate::wire::limits;

/// A name, with a key that tells equal-named operations apart: `reserve`, `reserve[sku-7]`.
#[derive(Debug, Clone)]
pub struct Name {
    base: Cow<'static, str>,
    explicit: bool,
}

impl Name {
    /// The name that an operation has by itself.
    pub(crate) const fn default_of(base: &'static str) -> Self {
        Self { base: Cow::Borrowed(base), explicit: false }
    }

    /// A name made of a word and a number.
    pub(crate) fn numbered(word: &str, number: usize) -> Self {
        Self { base: Cow::Owned(format!("{word}-{number}")), explicit: false }
    }

    /// A name that was given as such.
    pub(crate) fn given(name: String) -> Self {
        Self { base: Cow::Owned(name), explicit: true }
    }

    /// A name from the caller.
    pub(crate) fn set(&mut self, name: impl Into<Cow<'static, str>>) {
        *self = Self { base: name.into(), explicit: true };
    }

    /// Adds a key.
    pub(crate) fn add_key(&mut self, key: impl Display) {
        self.base = Cow::Owned(format!("{}[{key}]", self.base));
        self.explicit = true;
    }

    /// Whether the caller chose it.
    pub(crate) const fn is_explicit(&self) -> bool {
        self.explicit
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.base
    }

    /// The service takes 1 to 256 characters of printable ASCII.
    pub(crate) fn validate(&self) -> Result<(), StepFailure> {
        let name = self.as_str();
        if (1..=limits::NAME_CHARS).contains(&name.len()) && name.bytes().all(|byte| (0x20..=0x7e).contains(&byte)) {
            return Ok(());
        }
        let shown: String = name.chars().take(80).collect();
        let text = format!(
            "`{shown}` ({} bytes) cannot name an operation: 1 to {} characters of printable ASCII",
            name.len(),
            limits::NAME_CHARS
        );
        Err(StepFailure::new(FailureKind::NameRefused, text))
    }
}
