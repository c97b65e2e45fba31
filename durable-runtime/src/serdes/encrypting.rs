//! Encrypted records: AES-256-GCM, with keys by name so that they can be changed.

use std::collections::HashMap;
use std::fmt;

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Key, Nonce};
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use super::{Codec, SerdesPlace};
use crate::error::BoxError;
use crate::wire::ErrorObject;

/// Begins every encrypted text, with the version of its form.
const MARK: &str = "enc1";
const NONCE_BYTES: usize = 12;

/// Encrypts everything that a function records: results, carried states, and errors with their messages.
///
/// A text is bound to its execution and operation, so that one cannot be put in another's place. Error types stay
/// readable, names of operations too. Nonces are random: after 2^32 texts, take a new key.
///
/// ```
/// use durable_runtime::Encrypting;
///
/// let old = [7; 32]; // 256 random bits, from where you keep secrets
/// let new = [9; 32];
/// let codec = Encrypting::new("2026-11", new).also_reads("2026-10", old);
/// ```
#[derive(Clone)]
pub struct Encrypting {
    current: String,
    keys: HashMap<String, Aes256Gcm>,
}

impl Encrypting {
    /// Encrypts with `key`, whose name goes onto the wire. A name has no colon.
    #[must_use]
    pub fn new(name: impl Into<String>, key: [u8; 32]) -> Self {
        let current = name.into();
        Self { keys: HashMap::new(), current: current.clone() }.also_reads(current, key)
    }

    /// Reads what was encrypted with an earlier key.
    #[must_use]
    pub fn also_reads(mut self, name: impl Into<String>, key: [u8; 32]) -> Self {
        self.keys.insert(name.into(), Aes256Gcm::new(&Key::<Aes256Gcm>::from(key)));
        self
    }

    /// What a text is bound to.
    fn bound_to(place: SerdesPlace<'_>) -> String {
        format!("{}\n{}", place.execution_arn(), place.operation_id())
    }
}

impl Codec for Encrypting {
    fn encode(&self, text: String, place: SerdesPlace<'_>) -> Result<String, BoxError> {
        let name = &self.current;
        let cipher = self.keys.get(name).ok_or("the current key is missing")?;
        let mut nonce = [0; NONCE_BYTES];
        getrandom::fill(&mut nonce).map_err(|cause| format!("no random bytes for a nonce: {cause}"))?;
        let bound = Self::bound_to(place);
        let payload = Payload { msg: text.as_bytes(), aad: bound.as_bytes() };
        let sealed = cipher.encrypt(&Nonce::from(nonce), payload).map_err(|_| "the text is too long to encrypt")?;
        let bytes = [nonce.as_slice(), &sealed].concat();
        Ok(format!("{MARK}:{name}:{}", STANDARD_NO_PAD.encode(bytes)))
    }

    fn decode(&self, text: String, place: SerdesPlace<'_>) -> Result<String, BoxError> {
        let mut parts = text.splitn(3, ':');
        let (Some(MARK), Some(name), Some(encoded)) = (parts.next(), parts.next(), parts.next()) else {
            return Err("a recorded text is not encrypted, and this function reads only encrypted ones".into());
        };
        let cipher = self
            .keys
            .get(name)
            .ok_or_else(|| format!("a text was encrypted with the key `{name}`, which is not given"))?;
        let bytes = STANDARD_NO_PAD.decode(encoded)?;
        let (nonce, sealed) = bytes.split_at_checked(NONCE_BYTES).ok_or("an encrypted text is cut short")?;
        let nonce: [u8; NONCE_BYTES] = nonce.try_into()?;
        let bound = Self::bound_to(place);
        let payload = Payload { msg: sealed, aad: bound.as_bytes() };
        let opened = cipher.decrypt(&Nonce::from(nonce), payload);
        let opened =
            opened.map_err(|_| "an encrypted text does not open: another key, another operation, or damaged")?;
        Ok(String::from_utf8(opened)?)
    }

    /// The whole error as one encrypted text; its type stays readable.
    fn encode_error(&self, error: ErrorObject, place: SerdesPlace<'_>) -> Result<ErrorObject, BoxError> {
        let sealed = self.encode(serde_json::to_string(&error)?, place)?;
        Ok(ErrorObject {
            error_type: error.error_type,
            error_message: Some("encrypted".to_owned()),
            error_data: Some(sealed),
            stack_trace: None,
        })
    }

    fn decode_error(&self, error: ErrorObject, place: SerdesPlace<'_>) -> Result<ErrorObject, BoxError> {
        let sealed = error.error_data.ok_or("a recorded error is not encrypted")?;
        Ok(serde_json::from_str(&self.decode(sealed, place)?)?)
    }
}

/// Names, never keys.
impl fmt::Debug for Encrypting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Encrypting").field("current", &self.current).field("keys", &self.keys.keys()).finish()
    }
}
