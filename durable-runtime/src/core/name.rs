//! Operation names: what an operation is called in histories, reports and divergence checks.

use std::borrow::Cow;
use std::fmt::{Display, Write};
use std::hash::Hasher;

use siphasher::sip::SipHasher13;

use crate::error::{FailureKind, StepFailure};
use crate::wire::limits;

/// A name, with a key that tells equal-named operations apart: `reserve`, `reserve[sku-7]`.
///
/// A name is the programmer's and refused where the service would refuse it. A key is data, which must not fail an
/// operation: it is escaped and shortened to what the service takes.
#[derive(Debug, Clone)]
pub struct Name {
    base: Cow<'static, str>,
    /// All keys in brackets, escaped.
    keys: String,
    /// Both, shortened; empty while there is no key.
    keyed: String,
    explicit: bool,
}

impl Name {
    /// The name that an operation has by itself.
    pub(crate) const fn default_of(base: &'static str) -> Self {
        Self { base: Cow::Borrowed(base), keys: String::new(), keyed: String::new(), explicit: false }
    }

    /// A name made of a word and a number.
    pub(crate) fn numbered(word: &str, number: usize) -> Self {
        Self { base: Cow::Owned(format!("{word}-{number}")), ..Self::default_of("") }
    }

    /// A name that was given as such.
    pub(crate) fn given(name: String) -> Self {
        let mut given = Self::default_of("");
        given.set(name);
        given
    }

    /// A name from the caller. Keys stay.
    pub(crate) fn set(&mut self, name: impl Into<Cow<'static, str>>) {
        (self.base, self.explicit) = (name.into(), true);
        self.join();
    }

    /// Adds a key.
    pub(crate) fn add_key(&mut self, key: impl Display) {
        // Writing into a text does not fail.
        let _ = write!(self.keys, "[{}]", Escaped(key));
        self.explicit = true;
        self.join();
    }

    /// Whether the caller chose it.
    pub(crate) const fn is_explicit(&self) -> bool {
        self.explicit
    }

    pub(crate) fn as_str(&self) -> &str {
        if self.keyed.is_empty() { &self.base } else { &self.keyed }
    }

    fn join(&mut self) {
        if !self.keys.is_empty() {
            self.keyed = shortened(format!("{}{}", self.base, self.keys));
        }
    }

    /// The service takes 1 to 256 characters of printable ASCII.
    pub(crate) fn validate(&self) -> Result<(), StepFailure> {
        let name = &*self.base;
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

/// A text that is too long ends in a hash of the whole instead, the same in every build.
fn shortened(text: String) -> String {
    if text.len() <= limits::NAME_CHARS {
        return text;
    }
    let mut hasher = SipHasher13::new();
    hasher.write(text.as_bytes());
    let end = format!("~{:016x}]", hasher.finish());
    // Not at a letter's boundary only in a name that is refused anyway.
    let kept = text.get(..limits::NAME_CHARS.saturating_sub(end.len())).unwrap_or_default();
    format!("{kept}{end}")
}

/// A key with everything that is not printable ASCII written as Rust writes it in a literal: `\u{e9}`.
struct Escaped<K>(K);

impl<K: Display> Display for Escaped<K> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(Escaping(f), "{}", self.0)
    }
}

struct Escaping<'a, 'f>(&'a mut std::fmt::Formatter<'f>);

impl Write for Escaping<'_, '_> {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        text.chars().try_for_each(|letter| match letter {
            ' '..='~' => self.0.write_char(letter),
            other => write!(self.0, "{}", other.escape_default()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Name;

    fn keyed(key: &str) -> Name {
        let mut name = Name::default_of("reserve");
        name.add_key(key);
        name
    }

    #[test]
    fn a_name_and_its_keys_are_kept_apart() {
        let mut name = keyed("sku-7");
        assert_eq!(name.as_str(), "reserve[sku-7]");
        name.set("book");
        assert_eq!(name.as_str(), "book[sku-7]");
        name.add_key(2);
        assert_eq!(name.as_str(), "book[sku-7][2]");
    }

    #[test]
    fn any_key_gives_a_name_that_the_service_takes() {
        assert_eq!(keyed("Größe\n").as_str(), "reserve[Gr\\u{f6}\\u{df}e\\n]");
        for key in ["", "日本語", &"é".repeat(100), &"x".repeat(10_000)] {
            let name = keyed(key);
            assert!(name.validate().is_ok() && name.as_str().len() <= 256, "{}", name.as_str());
            assert!(name.as_str().bytes().all(|byte| (0x20..=0x7e).contains(&byte)), "{}", name.as_str());
        }
    }

    #[test]
    fn long_keys_stay_apart_and_are_the_same_in_every_build() {
        let (one, other) = (keyed(&format!("{}1", "x".repeat(300))), keyed(&format!("{}2", "x".repeat(300))));
        assert_ne!(one.as_str(), other.as_str());
        assert!(one.as_str().ends_with("x~acfb85b7130f8641]"), "{}", one.as_str());
    }

    #[test]
    fn a_key_does_not_mend_a_name_that_is_refused() {
        for base in ["", "größe", &"n".repeat(257)] {
            let mut name = keyed("k");
            name.set(base.to_owned());
            assert!(name.validate().is_err(), "{base}");
        }
    }
}
