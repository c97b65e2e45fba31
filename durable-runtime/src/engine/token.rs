//! The opaque texts that the service hands out: checkpoint tokens and callback ids, both in the base64 alphabet.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
/// In neither an execution's id nor an operation's.
const SEPARATOR: char = '.';

/// The token of one checkpoint: bound to the execution, to the invocation and to its number within it. The request id
/// is random, so that no other invocation ever has the same one, whichever process ran it.
pub(crate) fn checkpoint_token(execution: &str, request_id: &str, sequence: u64) -> String {
    encode(format!("{execution}{SEPARATOR}{request_id}{SEPARATOR}{sequence}").as_bytes())
}

/// The id under which the outside answers a callback.
pub(crate) fn callback_id(execution: &str, operation: &str) -> String {
    encode(format!("{execution}{SEPARATOR}{operation}").as_bytes())
}

/// The execution and the operation of a callback.
pub(crate) fn read_callback_id(text: &str) -> Option<(String, String)> {
    let plain = String::from_utf8(decode(text)?).ok()?;
    let (execution, operation) = plain.split_once(SEPARATOR)?;
    Some((execution.to_owned(), operation.to_owned()))
}

fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let group = chunk.iter().fold(0u32, |group, byte| group << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for digit in 0..4 {
            let value = (group >> (18 - 6 * digit)) as usize & 63;
            let character = ALPHABET.get(value).filter(|_| digit <= chunk.len()).copied().unwrap_or(b'=');
            text.push(char::from(character));
        }
    }
    text
}

fn decode(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(4) {
        return None;
    }
    let digits = text.strip_suffix("==").or_else(|| text.strip_suffix('=')).unwrap_or(text);
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    for chunk in digits.as_bytes().chunks(4) {
        let mut group = 0u32;
        for digit in chunk {
            group = group << 6 | u32::try_from(ALPHABET.iter().position(|known| known == digit)?).ok()?;
        }
        group <<= 6 * (4 - chunk.len());
        bytes.extend(group.to_be_bytes().get(1..chunk.len())?);
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::{callback_id, decode, encode, read_callback_id};

    #[test]
    fn base64_is_the_standard_one() {
        for (plain, text) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg==")] {
            assert_eq!(encode(plain.as_bytes()), text);
            assert_eq!(decode(text).unwrap(), plain.as_bytes());
        }
        assert_eq!(decode("Zg="), None);
        assert_eq!(decode("Z?=="), None);
    }

    #[test]
    fn a_callback_id_leads_back_to_its_operation() {
        let id = callback_id("7d2c-41", "3-2-1");
        assert_eq!(read_callback_id(&id), Some(("7d2c-41".into(), "3-2-1".into())));
        assert_eq!(read_callback_id("nonsense"), None);
    }
}
