//! Time and identifiers, injected so that a test can hold them still.

use std::fmt::Debug;

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
#[derive(Debug, Clone, Copy, Default)]
#[expect(clippy::exhaustive_structs, reason = "has no state")]
pub struct RandomIds;

impl IdSource for RandomIds {
    /// # Panics
    ///
    /// Where the operating system has no randomness to give: there is no safe way to go on.
    #[expect(clippy::panic, reason = "no identifier may be guessable, and none can be made")]
    fn next(&self) -> ResourceId {
        let mut bytes = [0_u8; 16];
        if let Err(error) = getrandom::fill(&mut bytes) {
            panic!("the operating system gives no randomness: {error}");
        }
        let bits = u128::from_be_bytes(bytes);
        let bits = (bits & !(0xf << 76) & !(0b11 << 62)) | (0x4 << 76) | (0b10 << 62);
        let hex = format!("{bits:032x}");
        let mut text = String::with_capacity(36);
        for (index, digit) in hex.chars().enumerate() {
            if matches!(index, 8 | 12 | 16 | 20) {
                text.push('-');
            }
            text.push(digit);
        }
        ResourceId::new(text)
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
}
