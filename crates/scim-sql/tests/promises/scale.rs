//! How much is done: seconds in `cargo test`, the promised loads in the long form.

use std::{fmt::Display, future::Future, time::Duration};

/// Whether the promised loads are wanted.
pub(crate) fn is_full() -> bool {
    std::env::var("SCIM_PROMISES").is_ok_and(|form| form == "full")
}

pub(crate) fn pick<T>(short: T, full: T) -> T {
    if is_full() { full } else { short }
}

/// Prints what a promise reached.
pub(crate) fn figures(promise: &str, base: &str, reached: impl Display) {
    let form = pick("short", "full");
    println!("{promise} | {base} | {form} | {reached}");
}

/// Runs a test's future on several threads.
pub(crate) fn run<F: Future>(future: F) -> F::Output {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    let runtime = builder.worker_threads(4).enable_all().build().unwrap();
    let output = runtime.block_on(future);
    // Whatever a store still does in the background ends with it.
    runtime.shutdown_timeout(Duration::from_secs(5));
    output
}

/// How long requests took; told, and never a reason to fail in the short form.
#[derive(Debug, Default)]
pub(crate) struct Times(Vec<Duration>);

impl Times {
    pub(crate) fn add(&mut self, time: Duration) {
        self.0.push(time);
    }

    pub(crate) fn join(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// The time that so many of a thousand did not exceed.
    pub(crate) fn quantile(&mut self, per_mille: usize) -> Duration {
        self.0.sort_unstable();
        let index = self.0.len() * per_mille / 1000;
        let last = self.0.len().saturating_sub(1);
        self.0.get(index.min(last)).copied().unwrap_or_default()
    }

    pub(crate) fn tell(&mut self) -> String {
        let (p99, p999) = (self.quantile(990), self.quantile(999));
        format!("p99 {} ms, p99.9 {} ms", p99.as_millis(), p999.as_millis())
    }
}
