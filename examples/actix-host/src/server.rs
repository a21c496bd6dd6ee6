//! The socket: connections, their time limits, and an end in order.

use std::{any::Any, error::Error, time::Duration};

use actix_web::{App, HttpServer, middleware::from_fn, rt::net::TcpStream};
use host_common::Host;
use scim_actix::Endpoint;

use crate::log;

/// How long requests under way may take once the host was told to stop, in seconds.
const GRACE: u64 = 10;

/// actix-web's clock ticks twice a second, and a time limit that has passed when it is set is never looked at again.
const SHORTEST: Duration = Duration::from_secs(1);

/// Serves until `stop`, then finishes what is under way.
///
/// # Errors
///
/// Where the socket cannot be served.
pub(crate) async fn serve(host: Host, stop: impl Future<Output = ()>) -> Result<(), Box<dyn Error>> {
    let endpoint = Endpoint::new(host.service).with_pace(host.pace);
    let head_time = host.head_time.max(SHORTEST);
    let server = HttpServer::new(move || App::new().wrap(from_fn(log::line)).default_service(endpoint.route()))
        .client_request_timeout(head_time)
        .keep_alive(head_time)
        .on_connect(move |connection, _| limit(connection, head_time))
        .shutdown_timeout(GRACE)
        .disable_signals()
        .listen(host.listener.into_std()?)?
        .run();
    let handle = server.handle();
    let mut server = std::pin::pin!(server);
    tokio::select! {
        ended = &mut server => return Ok(ended?),
        () = stop => {}
    }
    tracing::info!("stopping");
    let (_, ended) = tokio::join!(handle.stop(true), server);
    Ok(ended?)
}

/// actix-web waits without end for clients that do not read their answers; the system does not.
fn limit(connection: &dyn Any, time: Duration) {
    let Some(stream) = connection.downcast_ref::<TcpStream>() else {
        return;
    };
    // Answers are written whole: to wait for more of them would only delay them.
    let _ = stream.set_nodelay(true);
    #[cfg(any(target_os = "android", target_os = "fuchsia", target_os = "linux"))]
    if let Err(error) = socket2::SockRef::from(stream).set_tcp_user_timeout(Some(time)) {
        tracing::debug!(%error, "a connection has no time limit for answers");
    }
}
