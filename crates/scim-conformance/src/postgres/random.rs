use std::hash::{BuildHasher, Hasher, RandomState};

/// 32 letters and digits that nobody guesses: each state of a hash map has random keys of its own.
pub(super) fn letters() -> String {
    let half = |salt: u64| {
        let mut hasher = RandomState::new().build_hasher();
        hasher.write_u64(salt);
        hasher.write_u32(std::process::id());
        hasher.finish()
    };
    format!("{:016x}{:016x}", half(1), half(2))
}

/// A number from `from` up to, but not including, `to`.
pub(super) fn between(from: u16, to: u16) -> u16 {
    let width = u64::from(to.saturating_sub(from)).max(1);
    let random = RandomState::new().build_hasher().finish() % width;
    from.saturating_add(u16::try_from(random).unwrap_or_default())
}
