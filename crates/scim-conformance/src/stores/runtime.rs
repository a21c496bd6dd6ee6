use std::{future::Future, sync::OnceLock};

use tokio::runtime::{Builder, Runtime};

/// Drives `future` to its end on the current thread, inside one runtime of tokio that the whole process shares.
///
/// Unlike the runtime's own, it may be called where another one waits already: a test may look into a store anywhere.
pub fn block_on<F: Future>(future: F) -> F::Output {
    let _inside = runtime().enter();
    crate::block_on(future)
}

#[expect(clippy::expect_used, reason = "for tests only, which cannot go on without it")]
fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        let mut builder = Builder::new_multi_thread();
        let runtime = builder.worker_threads(2).enable_all().build();
        runtime.expect("a runtime for the tests")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tasks_run_and_waits_nest() {
        let answer = block_on(async {
            let task = tokio::spawn(async { 3 });
            let inner = block_on(async { tokio::spawn(async { 4 }).await });
            task.await.unwrap() + inner.unwrap()
        });
        assert_eq!(answer, 7);
    }
}
