//! Errors as user code sees them. Knows nothing of checkpoints.

mod codec;
mod failure;
mod outside;

pub(crate) use codec::{Decoded, decode_error, encode_error, takes_failures};
pub(crate) use failure::shortened;
pub use failure::{FailureKind, StepFailure};
pub use outside::{CallbackError, InvokeError};

use std::fmt;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// What a durable function or a step returns: [`Error`] unless it names an error type of its own.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Any error, for programs as well as people.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The ready-made error: `?` turns everything into it that converts into a boxed standard error.
///
/// It keeps the error's type name, message and chain of sources, of a [`CallbackError`] or [`InvokeError`] also the data
/// that the outside gave, and it is the same value after replay.
/// Like `anyhow::Error` it does not implement [`std::error::Error`] itself, so that `?` can take any error. Where one that
/// does is wanted there is [`into_boxed`](Self::into_boxed):
///
/// ```
/// use durable_runtime::{BoxError, Error};
///
/// fn load() -> durable_runtime::Result<u32> {
///     Ok("7x".parse()?)
/// }
///
/// fn in_a_program() -> Result<(), BoxError> {
///     load().map_err(Error::into_boxed)?; // `anyhow::Error::from_boxed(error.into_boxed())` for anyhow
///     Ok(())
/// }
///
/// enum ShopError {
///     Unavailable(Error), // an enum of yours keeps it as it is: `#[from]` of `thiserror` wants a standard error
/// }
///
/// impl From<Error> for ShopError {
///     fn from(error: Error) -> Self {
///         Self::Unavailable(error)
///     }
/// }
/// # assert!(in_a_program().is_err());
/// ```
///
/// ```
/// use durable_runtime::Error;
/// let error = Error::from("7x".parse::<u32>().unwrap_err());
/// assert_eq!(error.to_string(), "invalid digit found in string");
/// assert_eq!(error.type_name(), "ParseIntError");
/// ```
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Error(Box<Content>);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Content {
    #[serde(rename = "type")]
    type_name: String,
    message: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    data: Option<serde_json::Value>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    sources: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    failure: Option<StepFailure>,
}

impl Error {
    /// An error of a type with a message. Both go onto the wire verbatim.
    #[must_use]
    pub fn new(type_name: impl Into<String>, message: impl Into<String>) -> Self {
        Self(Box::new(Content {
            type_name: type_name.into(),
            message: message.into(),
            data: None,
            sources: Vec::new(),
            failure: None,
        }))
    }

    /// Adds data for the handler of the error; what does not serialize to JSON is left out.
    #[must_use]
    pub fn with_data(mut self, data: impl Serialize) -> Self {
        self.0.data = serde_json::to_value(data).ok();
        self
    }

    /// The type name of the error it was made from, without its path.
    #[must_use]
    pub fn type_name(&self) -> &str {
        &self.0.type_name
    }

    /// The message of the error it was made from, verbatim.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The data, if there is any and it reads as a `T`.
    #[must_use]
    pub fn data<T: DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_value(self.0.data.clone()?).ok()
    }

    /// The messages of the error's sources, from the nearest.
    #[must_use]
    pub fn sources(&self) -> &[String] {
        &self.0.sources
    }

    pub(crate) fn of_failure(failure: &StepFailure) -> Self {
        let mut error = Self::new(failure.type_name(), failure.message());
        error.0.failure = Some(failure.clone());
        error
    }

    /// The same as a standard error, with the chain of its sources. `Error::from` makes the same error of it again.
    #[must_use]
    pub fn into_boxed(self) -> BoxError {
        let source = self
            .sources()
            .iter()
            .rev()
            .fold(None, |source, text| Some(Box::new(Source { text: text.clone(), source })));
        Box::new(Standard { error: self, source })
    }

    /// Why the runtime could not run the operation, when that is what this error says.
    #[must_use]
    pub fn failure(&self) -> Option<&StepFailure> {
        self.0.failure.as_ref()
    }
}

impl<E: Into<BoxError>> From<E> for Error {
    fn from(error: E) -> Self {
        let type_name = short_type_name::<E>();
        let boxed: BoxError = error.into();
        if let Some(failure) = boxed.downcast_ref::<StepFailure>() {
            return Self::of_failure(failure);
        }
        if let Some(standard) = boxed.downcast_ref::<Standard>() {
            return standard.error.clone();
        }
        let mut sources = Vec::new();
        let mut source = boxed.source();
        while let Some(cause) = source {
            sources.push(cause.to_string());
            source = cause.source();
        }
        // Plain texts carry no type worth naming.
        let type_name =
            if matches!(type_name.as_str(), "String" | "&str" | "str" | "Box") { "Error".into() } else { type_name };
        let mut result = Self::new(type_name, boxed.to_string());
        result.0.data = outside::data_from_outside(&*boxed);
        result.0.sources = sources;
        result
    }
}

/// An [`Error`] as a standard error.
#[derive(Debug)]
struct Standard {
    error: Error,
    source: Option<Box<Source>>,
}

/// What was a source, of which only the text is left.
#[derive(Debug)]
struct Source {
    text: String,
    source: Option<Box<Source>>,
}

impl fmt::Display for Standard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.error.message())
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for Standard {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

impl std::error::Error for Source {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

/// The last path segment of `T`'s name, without generic arguments.
pub(crate) fn short_type_name<T: ?Sized>() -> String {
    let full = std::any::type_name::<T>();
    let plain = full.split('<').next().unwrap_or(full);
    plain.rsplit("::").next().unwrap_or(plain).to_owned()
}

/// The message; `{:#}` adds the sources.
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message())?;
        if f.alternate() {
            for source in self.sources() {
                write!(f, ": {source}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {self:#}", self.type_name())
    }
}

/// Two errors are equal when they would be recorded alike.
impl PartialEq for Error {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

#[cfg(test)]
mod tests {
    use super::{CallbackError, Error, InvokeError};
    use crate::wire::ErrorObject;

    #[test]
    fn an_error_keeps_type_message_data_and_sources_across_its_record() {
        #[derive(Debug)]
        struct Outer(std::num::ParseIntError);
        impl std::fmt::Display for Outer {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("no quantity")
            }
        }
        impl std::error::Error for Outer {
            fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
                Some(&self.0)
            }
        }
        let error = Error::from(Outer("x".parse::<u8>().unwrap_err())).with_data(["sku-7"]);
        let back: Error = serde_json::from_str(&serde_json::to_string(&error).unwrap()).unwrap();
        assert_eq!(back, error);
        assert_eq!((back.type_name(), back.message()), ("Outer", "no quantity"));
        assert_eq!(back.data::<Vec<String>>().unwrap(), ["sku-7"]);
        assert_eq!(format!("{back:#}"), "no quantity: invalid digit found in string");
    }

    #[test]
    fn the_data_of_a_failure_outside_comes_along() {
        let failed = |data: &str| {
            let object = ErrorObject { error_data: Some(data.to_owned()), ..ErrorObject::new("SoldOut", "no stock") };
            [Error::from(InvokeError::Failed(object.clone())), Error::from(CallbackError::Failed(object))]
        };
        for error in failed(r#"{"sku":7}"#) {
            assert_eq!(error.message(), "no stock");
            assert_eq!(error.data::<serde_json::Value>().unwrap()["sku"], 7);
        }
        for error in failed("not JSON") {
            assert_eq!(error.data::<String>().unwrap(), "not JSON");
        }
        assert_eq!(Error::from(CallbackError::TimedOut).data::<serde_json::Value>(), None);
    }

    #[test]
    fn as_a_standard_error_it_has_its_sources_and_is_itself_again_when_it_comes_back() {
        let mut error = Error::new("Declined", "no money");
        error.0.sources = vec!["the bank said no".to_owned(), "code 7".to_owned()];
        let boxed = error.clone().into_boxed();
        let sources: Vec<String> =
            std::iter::successors(boxed.source(), |source| source.source()).map(ToString::to_string).collect();
        assert_eq!((boxed.to_string().as_str(), sources.as_slice()), ("no money", error.sources()));
        assert_eq!(Error::from(boxed), error);
    }

    #[test]
    fn texts_convert_as_well() {
        fn fails() -> super::Result<()> {
            Err("no stock")?
        }
        assert_eq!(fails().unwrap_err(), Error::new("Error", "no stock"));
    }
}
