use std::{io, net::TcpStream, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, header::CONNECTION};

use super::wire;
use crate::Target;

/// A host at an address, such as `127.0.0.1:8080`, as a [`Target`] that blocks: a connection for each request.
#[derive(Clone, Debug)]
pub struct Socket {
    address: String,
}

/// How long an answer may take before it is none.
const PATIENCE: Duration = Duration::from_secs(60);

impl Socket {
    /// The host at `address`.
    pub fn new(address: &str) -> Self {
        Self {
            address: address.to_owned(),
        }
    }

    /// A connection, on which reads and writes end after a minute.
    ///
    /// # Errors
    /// Nobody listens.
    pub fn connect(&self) -> io::Result<TcpStream> {
        let stream = TcpStream::connect(&self.address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }

    /// Sends a request on a connection of its own.
    ///
    /// # Errors
    /// No answer came, or none that is HTTP.
    pub fn exchange(&self, mut request: Request<Bytes>) -> io::Result<Response<Bytes>> {
        let close = HeaderValue::from_static("close");
        request.headers_mut().insert(CONNECTION, close);
        let mut stream = self.connect()?;
        // A host that refuses a body may answer before it has all of it.
        let written = wire::write(&mut stream, &request);
        wire::read(&mut stream, request.method()).map_err(|error| written.err().unwrap_or(error))
    }
}

#[async_trait]
impl Target for Socket {
    async fn send(&self, request: Request<Bytes>) -> Response<Bytes> {
        self.exchange(request).unwrap_or_else(|error| {
            let mut response = Response::new(Bytes::from(error.to_string()));
            *response.status_mut() = StatusCode::GATEWAY_TIMEOUT;
            response
        })
    }
}
