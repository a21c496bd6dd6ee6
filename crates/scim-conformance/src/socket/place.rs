use bytes::Bytes;
use http::Request;

use super::Socket;

/// A service to talk to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) socket: &'a Socket,
    pub(super) base_path: &'a str,
    pub(super) token: &'a str,
}

impl Place<'_> {
    /// Sends a request that is as it should be, of a client that does nothing wrong.
    pub(super) fn ask(self) -> Result<(), String> {
        let request = Request::get(format!("{}/Users?count=1", self.base_path))
            .header("host", "h")
            .header("authorization", format!("Bearer {}", self.token))
            .body(Bytes::new())
            .map_err(|error| error.to_string())?;
        match self.socket.exchange(request) {
            Ok(answer) if answer.status() == 200 => Ok(()),
            Ok(answer) => Err(format!("another client is answered by {}", answer.status())),
            Err(error) => Err(format!("another client has no answer: {error}")),
        }
    }
}
