//! Large texts in files under a base directory, and their place on the wire.

use std::path::{Path, PathBuf};

use siphasher::sip128::{Hasher128, SipHasher13};

use super::{Codec, SerdesPlace};
use crate::error::BoxError;
use crate::wire::limits;

/// Begins a text that stands for a file. A recorded JSON text never begins with it.
const MARK: &str = "file:";
/// Begins a text that would look like a place in a file, and is not.
const VERBATIM: &str = "text:";

/// Puts texts over a threshold into files: one per operation, in a directory per execution.
///
/// Every path component is a hash, so that nothing in a name or an id can lead out of the base directory. A file is
/// complete before its place is recorded. Files are never deleted: that is a matter of how long executions are kept.
#[derive(Debug, Clone)]
pub struct FileOverflow {
    base: PathBuf,
    threshold: usize,
}

impl FileOverflow {
    /// Files under `base`, which is created when it is needed. Every invocation must see the same directory. Texts over
    /// 255 KiB go there unless told otherwise.
    #[must_use]
    pub fn new(base: impl Into<PathBuf>) -> Self {
        Self { base: base.into(), threshold: limits::INLINE_CONTEXT_BYTES - 1024 }
    }

    /// Texts of more than `bytes` bytes go into files.
    #[must_use]
    pub const fn threshold(mut self, bytes: usize) -> Self {
        self.threshold = bytes;
        self
    }

    /// `<hash of the execution>/<hash of operation and content>.json`, so that a retried attempt never changes the file
    /// that an acknowledged record points to.
    fn name(place: SerdesPlace<'_>, text: &str) -> String {
        let hash = |parts: &[&str]| {
            let mut hasher = SipHasher13::new();
            for part in parts {
                std::hash::Hasher::write(&mut hasher, part.as_bytes());
                std::hash::Hasher::write_u8(&mut hasher, 0);
            }
            format!("{:032x}", hasher.finish128().as_u128())
        };
        format!("{}/{}.json", hash(&[place.execution_arn()]), hash(&[place.operation_id(), text]))
    }

    /// The file of a recorded name, which must be one that this type makes.
    fn path(&self, name: &str) -> Result<PathBuf, BoxError> {
        let hashed = |part: &str| part.len() == 32 && part.bytes().all(|byte| byte.is_ascii_hexdigit());
        let (execution, operation) = name.split_once('/').unwrap_or_default();
        let operation = operation.strip_suffix(".json").unwrap_or_default();
        if !hashed(execution) || !hashed(operation) {
            return Err(format!("`{name}` is no file of an overflow directory").into());
        }
        Ok(self.base.join(execution).join(format!("{operation}.json")))
    }
}

/// Writes the whole file or none: under another name first.
fn write(path: &Path, text: &str) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let draft = path.with_extension(format!("{}.draft", std::process::id()));
    let mut file = std::fs::File::create(&draft)?;
    std::io::Write::write_all(&mut file, text.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(&draft, path)
}

impl Codec for FileOverflow {
    fn encode(&self, text: String, place: SerdesPlace<'_>) -> Result<String, BoxError> {
        if text.len() <= self.threshold {
            let looks_encoded = text.starts_with(MARK) || text.starts_with(VERBATIM);
            return Ok(if looks_encoded { format!("{VERBATIM}{text}") } else { text });
        }
        let name = Self::name(place, &text);
        let path = self.path(&name)?;
        write(&path, &text).map_err(|cause| format!("{}: {cause}", path.display()))?;
        Ok(format!("{MARK}{name}"))
    }

    fn decode(&self, text: String, _: SerdesPlace<'_>) -> Result<String, BoxError> {
        if let Some(verbatim) = text.strip_prefix(VERBATIM) {
            return Ok(verbatim.to_owned());
        }
        let Some(name) = text.strip_prefix(MARK) else { return Ok(text) };
        let path = self.path(name)?;
        Ok(std::fs::read_to_string(&path).map_err(|cause| format!("{}: {cause}", path.display()))?)
    }
}
