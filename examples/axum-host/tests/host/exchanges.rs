//! Replays what identity providers send against the host, over a real socket.

use std::io::{Read, Write};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, Response, header::CONNECTION};
use scim_conformance::{Client, ExchangeFile, Report, Target, block_on, bundled_exchanges};

use crate::support::Host;

/// The host as a target: a connection for each request.
struct Socket(Host);

#[async_trait::async_trait]
impl Target for Socket {
    async fn send(&self, mut request: Request<Bytes>) -> Response<Bytes> {
        request
            .headers_mut()
            .insert(CONNECTION, HeaderValue::from_static("close"));
        let mut text = format!("{} {} HTTP/1.1\r\n", request.method(), request.uri()).into_bytes();
        for (name, value) in request.headers() {
            text.extend_from_slice(name.as_str().as_bytes());
            text.extend_from_slice(b": ");
            text.extend_from_slice(value.as_bytes());
            text.extend_from_slice(b"\r\n");
        }
        text.extend_from_slice(b"\r\n");
        text.extend_from_slice(request.body());
        let mut stream = self.0.connect();
        stream.write_all(&text).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        parse(&answer)
    }
}

/// An answer that ends where the connection ends; the host sends none in chunks.
fn parse(answer: &[u8]) -> Response<Bytes> {
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
    let mut lines = std::str::from_utf8(&answer[..end]).unwrap().split("\r\n");
    let mut response = Response::new(Bytes::copy_from_slice(&answer[end + 4..]));
    *response.status_mut() = lines.next().unwrap()[9..12].parse().unwrap();
    for line in lines {
        let (name, value) = line.split_once(':').unwrap();
        let name = HeaderName::try_from(name).unwrap();
        response
            .headers_mut()
            .append(name, HeaderValue::from_str(value.trim()).unwrap());
    }
    assert!(!response.headers().contains_key("transfer-encoding"));
    response
}

#[test]
fn identity_providers_are_served_over_a_socket() {
    let mut report = Report::default();
    for file in ExchangeFile::load_directory(&bundled_exchanges()).unwrap() {
        let host = Host::start(&[
            "--token",
            "tok",
            "--allow-raw-token",
            "--basic",
            "ada:lovelace",
            "--log",
            "error",
        ]);
        let client = Client::new(&host.base_url, "tok").basic("ada", "lovelace");
        report.files.push(block_on(file.replay(&Socket(host), &client)));
    }
    assert!(report.is_clean(), "{report}");
}
