//! The host as a process.

use std::{net::TcpStream, path::Path, process::Command};

use bytes::Bytes;
use http::{Method, Request, Response};
use scim_conformance::socket::{HostProcess, Socket, read_answer};

use crate::PROGRAM;

pub(crate) struct Host {
    pub(crate) process: HostProcess,
    pub(crate) socket: Socket,
    pub(crate) base_url: String,
    pub(crate) token: String,
}

pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: String,
    response: Response<Bytes>,
}

impl Host {
    /// Starts a host on a free port.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let process = HostProcess::start(Path::new(PROGRAM), arguments).unwrap();
        Self {
            socket: process.socket(),
            base_url: process.said("base URL").to_owned(),
            token: process.said("token").to_owned(),
            process,
        }
    }

    pub(crate) fn connect(&self) -> TcpStream {
        self.socket.connect().unwrap()
    }

    /// One request on a connection of its own, with the host's token.
    pub(crate) fn send(&self, method: &str, path: &str, body: &str) -> Reply {
        self.send_as(&format!("Bearer {}", self.token), method, path, body)
    }

    pub(crate) fn send_as(&self, authorization: &str, method: &str, path: &str, body: &str) -> Reply {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "localhost")
            .header("content-type", "application/scim+json")
            .header("content-length", body.len());
        if !authorization.is_empty() {
            request = request.header("authorization", authorization);
        }
        let request = request.body(Bytes::copy_from_slice(body.as_bytes())).unwrap();
        Reply::new(self.socket.exchange(request).unwrap())
    }

    /// Asks the host to stop, as a process manager does, and gives its log.
    pub(crate) fn stop(&mut self) -> String {
        self.ask_to_stop();
        self.end()
    }

    pub(crate) fn ask_to_stop(&self) {
        let status = Command::new("kill").arg(self.process.id().to_string()).status();
        assert!(status.unwrap().success());
    }

    /// Waits for the end of the host, and gives its log.
    pub(crate) fn end(&mut self) -> String {
        let (status, log) = self.process.wait().unwrap();
        assert!(status.success());
        log
    }
}

impl Reply {
    fn new(response: Response<Bytes>) -> Self {
        Self {
            status: response.status().as_u16(),
            body: String::from_utf8(response.body().to_vec()).unwrap(),
            response,
        }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        Some(self.response.headers().get(name)?.to_str().unwrap())
    }
}

/// The answer to a POST.
pub(crate) fn receive(stream: TcpStream) -> Reply {
    Reply::new(read_answer(stream, &Method::POST).unwrap())
}
