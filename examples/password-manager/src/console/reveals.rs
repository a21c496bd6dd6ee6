//! Secrets on the way to the one page that shows them.

use std::{
    collections::HashMap,
    fmt,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// A secret that nobody comes for is dropped after this time.
const PATIENCE: Duration = Duration::from_secs(60);

/// Secrets that were just made, by session: kept in memory from the form to the page behind it, which takes them out.
#[derive(Default)]
pub(crate) struct Reveals {
    waiting: Mutex<HashMap<String, (String, Instant)>>,
}

impl Reveals {
    pub(crate) fn put(&self, session: &str, secret: String) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.retain(|_, (_, since)| since.elapsed() < PATIENCE);
        waiting.insert(session.to_owned(), (secret, Instant::now()));
    }

    /// The secret, once.
    pub(crate) fn take(&self, session: &str) -> Option<String> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let (secret, since) = waiting.remove(session)?;
        (since.elapsed() < PATIENCE).then_some(secret)
    }
}

impl fmt::Debug for Reveals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reveals(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_shown_once() {
        let reveals = Reveals::default();
        reveals.put("session", "secret".to_owned());
        assert_eq!(reveals.take("other"), None);
        assert_eq!(reveals.take("session").as_deref(), Some("secret"));
        assert_eq!(reveals.take("session"), None);
        assert!(!format!("{reveals:?}").contains("secret"));
    }
}
