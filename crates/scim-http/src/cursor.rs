//! Cursors, sealed (RFC 9865): they hold all their state, show none of it and cannot be forged.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chacha20poly1305::{
    ChaCha20Poly1305, KeyInit, Nonce,
    aead::{Aead, Payload},
};
use chrono::{DateTime, Utc};
use scim_core::{InputError, ScimType, query::Position};

/// Longest cursor that is looked at, in bytes.
const LONGEST: usize = 8192;

/// What a cursor stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cursor {
    pub(crate) position: Position,
    /// The page size of the first request; the others must have the same (RFC 9865 section 2.1).
    pub(crate) count: usize,
    /// How many resources matched when the listing began.
    pub(crate) total: Option<usize>,
    /// When it ends, in seconds since 1970.
    pub(crate) expires: i64,
}

/// Seals and opens cursors with the host's key.
pub(crate) struct Seal {
    cipher: ChaCha20Poly1305,
}

impl Seal {
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        Self {
            cipher: ChaCha20Poly1305::new(key.into()),
        }
    }

    /// A cursor for `binding`: tenant, caller and query. `None` only where there is no randomness.
    pub(crate) fn seal(&self, cursor: &Cursor, binding: &[u8]) -> Option<String> {
        let mut nonce = [0_u8; 12];
        getrandom::fill(&mut nonce).ok()?;
        let total = cursor
            .total
            .map_or(-1, |total| i64::try_from(total).unwrap_or(i64::MAX));
        let plain = serde_json::json!([cursor.position.as_str(), cursor.count, total, cursor.expires]).to_string();
        let payload = Payload {
            msg: plain.as_bytes(),
            aad: binding,
        };
        let sealed = self.cipher.encrypt(&Nonce::from(nonce), payload).ok()?;
        let mut bytes = nonce.to_vec();
        bytes.extend_from_slice(&sealed);
        Some(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// What a cursor stands for. Whatever is wrong with it, the answer is the same, except that an honest one has expired.
    pub(crate) fn open(&self, text: &str, binding: &[u8], now: DateTime<Utc>) -> Result<Cursor, InputError> {
        let cursor = self.unseal(text, binding).ok_or_else(|| {
            InputError::new(
                ScimType::InvalidCursor,
                "the cursor is not one of this query: start again with an empty one",
            )
        })?;
        if cursor.expires < now.timestamp() {
            let detail = "the cursor has expired: start again with an empty one";
            return Err(InputError::new(ScimType::ExpiredCursor, detail));
        }
        Ok(cursor)
    }

    fn unseal(&self, text: &str, binding: &[u8]) -> Option<Cursor> {
        if text.len() > LONGEST {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (nonce, sealed) = bytes.split_first_chunk::<12>()?;
        let plain = self
            .cipher
            .decrypt(
                &Nonce::from(*nonce),
                Payload {
                    msg: sealed,
                    aad: binding,
                },
            )
            .ok()?;
        let (position, count, total, expires): (String, usize, i64, i64) = serde_json::from_slice(&plain).ok()?;
        let total = usize::try_from(total).ok();
        Some(Cursor {
            position: Position::new(position),
            count,
            total,
            expires,
        })
    }
}

impl std::fmt::Debug for Seal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Seal(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cursor() -> Cursor {
        Cursor {
            position: Position::new("17"),
            count: 10,
            total: Some(99),
            expires: 1000,
        }
    }

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    #[test]
    fn a_cursor_opens_for_its_own_query_and_key_only() {
        let seal = Seal::new(&[7; 32]);
        let text = seal.seal(&cursor(), b"acme users").unwrap();
        assert_eq!(seal.open(&text, b"acme users", at(999)).unwrap(), cursor());
        let forged = seal.open("forged", b"acme users", at(0)).unwrap_err();
        assert_eq!(seal.open(&text, b"acme groups", at(0)).unwrap_err(), forged);
        assert_eq!(
            Seal::new(&[8; 32]).open(&text, b"acme users", at(0)).unwrap_err(),
            forged
        );
        assert_eq!(
            seal.open(&text, b"acme users", at(1001)).unwrap_err().scim_type(),
            ScimType::ExpiredCursor
        );
    }

    #[test]
    fn no_flipped_bit_is_accepted() {
        let seal = Seal::new(&[7; 32]);
        let bytes = URL_SAFE_NO_PAD.decode(seal.seal(&cursor(), b"q").unwrap()).unwrap();
        for bit in 0..bytes.len() * 8 {
            let mut damaged = bytes.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert!(seal.open(&URL_SAFE_NO_PAD.encode(damaged), b"q", at(0)).is_err());
        }
    }
}
