//! Cursors, sealed (RFC 9865): they hold all their state, show none of it and cannot be forged.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
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
    key: LessSafeKey,
}

impl Seal {
    /// `None` where the key is none of the cipher's, which a key of this length is.
    pub(crate) fn new(key: &[u8; 32]) -> Option<Self> {
        let key = UnboundKey::new(&CHACHA20_POLY1305, key).ok()?;
        Some(Self {
            key: LessSafeKey::new(key),
        })
    }

    /// A cursor for `binding`: tenant, caller and query. `None` only where there is no randomness.
    pub(crate) fn seal(&self, cursor: &Cursor, binding: &[u8]) -> Option<String> {
        // Random nonces: the key seals far fewer than the 2^32 cursors at which they could meet.
        let mut nonce = [0_u8; NONCE_LEN];
        getrandom::fill(&mut nonce).ok()?;
        let total = cursor
            .total
            .map_or(-1, |total| i64::try_from(total).unwrap_or(i64::MAX));
        let plain = serde_json::json!([cursor.position.as_str(), cursor.count, total, cursor.expires]).to_string();
        let mut sealed = plain.into_bytes();
        let unique = Nonce::assume_unique_for_key(nonce);
        self.key
            .seal_in_place_append_tag(unique, Aad::from(binding), &mut sealed)
            .ok()?;
        Some(URL_SAFE_NO_PAD.encode([nonce.as_slice(), &sealed].concat()))
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
        let mut bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (nonce, sealed) = bytes.split_first_chunk_mut::<NONCE_LEN>()?;
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let plain = self.key.open_in_place(nonce, Aad::from(binding), sealed).ok()?;
        let (position, count, total, expires): (String, usize, i64, i64) = serde_json::from_slice(plain).ok()?;
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
        let seal = Seal::new(&[7; 32]).unwrap();
        let text = seal.seal(&cursor(), b"acme users").unwrap();
        assert_eq!(seal.open(&text, b"acme users", at(999)).unwrap(), cursor());
        let forged = seal.open("forged", b"acme users", at(0)).unwrap_err();
        assert_eq!(seal.open(&text, b"acme groups", at(0)).unwrap_err(), forged);
        assert_eq!(
            Seal::new(&[8; 32])
                .unwrap()
                .open(&text, b"acme users", at(0))
                .unwrap_err(),
            forged
        );
        assert_eq!(
            seal.open(&text, b"acme users", at(1001)).unwrap_err().scim_type(),
            ScimType::ExpiredCursor
        );
    }

    #[test]
    fn no_flipped_bit_is_accepted() {
        let seal = Seal::new(&[7; 32]).unwrap();
        let bytes = URL_SAFE_NO_PAD.decode(seal.seal(&cursor(), b"q").unwrap()).unwrap();
        for bit in 0..bytes.len() * 8 {
            let mut damaged = bytes.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert!(seal.open(&URL_SAFE_NO_PAD.encode(damaged), b"q", at(0)).is_err());
        }
    }
}
