use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

/// Drives `future` to its end on the current thread.
///
/// Enough for a service in the same process, which never waits on I/O. A target over a socket needs the runtime that
/// its client is written for; every runner of this crate is an `async fn` for that reason.
pub fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;

    #[test]
    fn a_future_that_wakes_itself_ends() {
        let mut left = 3;
        let polls = block_on(poll_fn(|context| {
            left -= 1;
            if left == 0 {
                return Poll::Ready("done");
            }
            context.waker().wake_by_ref();
            Poll::Pending
        }));
        assert_eq!(polls, "done");
    }

    #[test]
    fn a_wake_from_another_thread_is_noticed() {
        let (send, receive) = std::sync::mpsc::channel::<Waker>();
        let waker_thread = thread::spawn(move || receive.recv().unwrap().wake());
        let mut first = true;
        block_on(poll_fn(|context| {
            if std::mem::take(&mut first) {
                send.send(context.waker().clone()).unwrap();
                return Poll::Pending;
            }
            Poll::Ready(())
        }));
        waker_thread.join().unwrap();
    }
}
