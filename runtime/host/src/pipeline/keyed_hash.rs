//! How `[exporters.NAME.select]` makes values unreadable: SHA-256 (FIPS 180-4), or with a key HMAC-SHA-256 (RFC 2104).
//!
//! Without a key whoever can guess a value can recognise it: there are few telephone numbers. With one they would have to
//! know the key, which no exporter sees.

use std::{fmt, fs::File, io::Read, path::Path};

use sha2::{Digest, Sha256};
use spangate_core::narrow::AttributeHash;

use crate::config::{HashKey, Select};

/// Bytes that SHA-256 takes at once.
const BLOCK: usize = 64;
/// A longer file is something else than a key: bytes.
const MAX_FILE_BYTES: u64 = 16 << 10;

/// The hash of one `[select]`.
#[derive(Clone)]
pub struct KeyedHash {
    /// The state after the key's block, inside and outside. None without a key.
    keyed: Option<[Sha256; 2]>,
}

impl KeyedHash {
    /// With the key that is configured, if there is one. Reads its file.
    ///
    /// # Errors
    /// Key and reason, if the file cannot be read or what is in it is no key. None of it is shown.
    pub fn of(select: &Select) -> Result<Self, String> {
        let key = match &select.hash_key {
            None => return Ok(Self { keyed: None }),
            Some(HashKey::Text(key)) => key.expose().as_bytes().to_vec(),
            Some(HashKey::File(path)) => {
                read(path).map_err(|error| format!("select.hash_key_file: {}: {error}", path.display()))?
            }
        };
        Ok(Self::with_key(&key))
    }

    fn with_key(key: &[u8]) -> Self {
        let mut block = [0; BLOCK];
        if key.len() > BLOCK {
            block[..32].copy_from_slice(&Sha256::digest(key));
        } else {
            block[..key.len()].copy_from_slice(key);
        }
        let state = |pad: u8| Sha256::new_with_prefix(block.map(|byte| byte ^ pad));
        Self { keyed: Some([state(0x36), state(0x5c)]) }
    }
}

impl AttributeHash for KeyedHash {
    fn hash(&self, value: &[u8]) -> [u8; 32] {
        match &self.keyed {
            None => Sha256::digest(value).into(),
            Some([inside, outside]) => {
                let inner = inside.clone().chain_update(value).finalize();
                outside.clone().chain_update(inner).finalize().into()
            }
        }
    }
}

impl fmt::Debug for KeyedHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.keyed.is_some() { "KeyedHash(keyed)" } else { "KeyedHash(plain)" })
    }
}

/// The key in a file, without the ends of lines behind it.
fn read(path: &Path) -> Result<Vec<u8>, String> {
    let mut key = Vec::new();
    // Asked first, since opening a pipe would wait for somebody who writes into it.
    if !std::fs::metadata(path).map_err(|error| error.to_string())?.is_file() {
        return Err("it is not a file".to_owned());
    }
    let file = File::open(path).map_err(|error| error.to_string())?;
    file.take(MAX_FILE_BYTES + 1).read_to_end(&mut key).map_err(|error| error.to_string())?;
    while key.last().is_some_and(|byte| matches!(byte, b'\n' | b'\r')) {
        key.pop();
    }
    match key.len() {
        short if short < HashKey::MIN_LEN => {
            Err(format!("a key of {short} bytes can be guessed: at least {}", HashKey::MIN_LEN))
        }
        long if long as u64 > MAX_FILE_BYTES => Err(format!("it has more than {MAX_FILE_BYTES} bytes")),
        _ => Ok(key),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Secret;

    fn hex(hash: &KeyedHash, value: &[u8]) -> String {
        hash.hash(value).iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn without_a_key_it_is_sha_256() {
        let hash = KeyedHash::of(&Select::default()).expect("no key");
        // FIPS 180-4, the example for "abc".
        assert_eq!(hex(&hash, b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }

    /// RFC 4231, test cases 1, 2 and 6.
    #[test]
    fn with_a_key_it_is_hmac_sha_256() {
        for (key, value, digits) in [
            (vec![0x0b; 20], "Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
            (
                b"Jefe".to_vec(),
                "what do ya want for nothing?",
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            ),
            (
                vec![0xaa; 131],
                "Test Using Larger Than Block-Size Key - Hash Key First",
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
            ),
        ] {
            assert_eq!(hex(&KeyedHash::with_key(&key), value.as_bytes()), digits);
        }
    }

    #[test]
    fn a_key_comes_from_the_configuration_or_from_a_file_and_is_never_shown() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("key");
        let of = |hash_key| KeyedHash::of(&Select { hash_key: Some(hash_key), ..Select::default() });
        let text = of(HashKey::Text(Secret::new("canary-canary-16".to_owned()))).expect("a key");
        std::fs::write(&path, "canary-canary-16\r\n").expect("a file");
        let file = of(HashKey::File(path.clone())).expect("a key");
        assert_eq!(hex(&text, b"x"), hex(&file, b"x"));
        assert!(!format!("{text:?}").contains("canary"));
        let refused = |content: &[u8]| {
            std::fs::write(&path, content).expect("a file");
            of(HashKey::File(path.clone())).expect_err("no key")
        };
        assert!(refused(b"canary-canary-1\n").contains("at least 16"));
        let longest = vec![b'x'; MAX_FILE_BYTES as usize];
        std::fs::write(&path, &longest).expect("a file");
        assert!(of(HashKey::File(path.clone())).is_ok());
        assert!(refused(&[&longest[..], b"x"].concat()).contains("more than"));
        assert!(of(HashKey::File(dir.path().to_owned())).expect_err("a folder").contains("not a file"));
        let error = of(HashKey::File(dir.path().join("none"))).expect_err("no file");
        assert!(error.starts_with("select.hash_key_file: "), "{error}");
    }
}
