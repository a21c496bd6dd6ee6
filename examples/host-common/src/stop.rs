//! When a process is asked to end.

use std::io;

/// Ctrl-C, or what a process manager sends to end a process.
///
/// # Errors
///
/// Where signals cannot be listened for.
#[cfg(unix)]
pub fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};

    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    Ok(async move {
        std::future::poll_fn(|cx| {
            if interrupt.poll_recv(cx).is_ready() {
                return std::task::Poll::Ready(());
            }
            terminate.poll_recv(cx).map(|_| ())
        })
        .await;
    })
}

/// Ctrl-C.
///
/// # Errors
///
/// None on this system.
#[cfg(not(unix))]
pub fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    Ok(async {
        let _ = tokio::signal::ctrl_c().await;
    })
}
