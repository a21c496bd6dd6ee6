//! Time and identifiers, injected so that a test can hold them still.

use std::{cell::RefCell, fmt::Debug, mem};

use chrono::{DateTime, Utc};
use scim_core::ResourceId;

/// Tells the time.
pub trait Clock: Debug + Send + Sync + 'static {
    /// The time now. It may jump; stores keep `lastModified` from going backwards by themselves.
    fn now(&self) -> DateTime<Utc>;
}

/// The time of the machine.
#[derive(Debug, Clone, Copy, Default)]
#[expect(clippy::exhaustive_structs, reason = "has no state")]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> DateTime<Utc> {
        DateTime::from(std::time::SystemTime::now())
    }
}

/// Makes identifiers.
pub trait IdSource: Debug + Send + Sync + 'static {
    /// An identifier that was never made before and that cannot be guessed.
    fn next(&self) -> ResourceId;
}

/// Random identifiers in the form of a UUID of version 4.
///
/// Each thread asks the operating system for the bytes of several at once: a process that forks must do so before it makes
/// the first.
#[derive(Debug, Clone, Copy, Default)]
#[expect(clippy::exhaustive_structs, reason = "has no state")]
pub struct RandomIds;

impl IdSource for RandomIds {
    /// # Panics
    ///
    /// Where the operating system has no randomness to give: there is no safe way to go on.
    #[expect(clippy::panic, reason = "no identifier may be guessable, and none can be made")]
    fn next(&self) -> ResourceId {
        let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or_default();
        let bytes = match BLOCK.with_borrow_mut(Block::take) {
            Ok(bytes) => bytes,
            Err(error) => panic!("the operating system gives no randomness: {error}"),
        };
        let mut text = String::with_capacity(36);
        for (index, byte) in bytes.into_iter().enumerate() {
            let byte = match index {
                6 => byte & 0x0f | 0x40, // the version
                8 => byte & 0x3f | 0x80, // the variant
                _ => byte,
            };
            if matches!(index, 4 | 6 | 8 | 10) {
                text.push('-');
            }
            text.push(digit(byte >> 4));
            text.push(digit(byte & 15));
        }
        ResourceId::new(text)
    }
}

thread_local! {
    static BLOCK: RefCell<Block> = const { RefCell::new(Block { bytes: [[0; 16]; 15], used: 15 }) };
}

/// Random bytes of one thread, asked for in blocks, since each question to the operating system takes its time.
struct Block {
    bytes: [[u8; 16]; 15],
    used: usize,
}

impl Block {
    /// Bytes that nothing else got or will get.
    fn take(&mut self) -> Result<[u8; 16], getrandom::Error> {
        if let Some(bytes) = self.bytes.get_mut(self.used) {
            self.used += 1;
            return Ok(mem::take(bytes));
        }
        let mut fresh = [[0; 16]; 16];
        getrandom::fill(fresh.as_flattened_mut())?;
        let [first, rest @ ..] = fresh;
        *self = Self { bytes: rest, used: 0 };
        Ok(first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_identifiers_are_uuids_of_version_4() {
        let id = RandomIds.next();
        let parts: Vec<&str> = id.as_str().split('-').collect();
        assert_eq!(
            parts.iter().map(|part| part.len()).collect::<Vec<_>>(),
            [8, 4, 4, 4, 12]
        );
        assert!(parts[2].starts_with('4') && parts[3].starts_with(['8', '9', 'a', 'b']));
        assert_ne!(id, RandomIds.next());
    }

    #[test]
    fn random_identifiers_differ_across_threads() {
        let make = || std::thread::spawn(|| (0..100).map(|_| RandomIds.next()).collect::<Vec<_>>());
        let made = [make(), make()].map(|thread| thread.join().unwrap()).concat();
        let distinct: std::collections::HashSet<_> = made.iter().collect();
        assert_eq!(distinct.len(), 200);
        assert!(
            made.iter()
                .all(|id| id.as_str().len() == 36 && !id.as_str().ends_with("000000000000"))
        );
    }
}
