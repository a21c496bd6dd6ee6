//! HTTP/1.1 as far as tests of hosts need it.

use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode};

/// Longest head and longest body of an answer that are read, in bytes.
const LONGEST_HEAD: u64 = 64 << 10;
const LONGEST_BODY: u64 = 256 << 20;

/// Writes a request whose headers are all there is.
pub(super) fn write(to: &mut impl Write, request: &Request<Bytes>) -> io::Result<()> {
    let mut text = format!("{} {} HTTP/1.1\r\n", request.method(), request.uri()).into_bytes();
    for (name, value) in request.headers() {
        text.extend_from_slice(name.as_str().as_bytes());
        text.extend_from_slice(b": ");
        text.extend_from_slice(value.as_bytes());
        text.extend_from_slice(b"\r\n");
    }
    text.extend_from_slice(b"\r\n");
    text.extend_from_slice(request.body());
    to.write_all(&text)
}

/// Reads the answer to a request of this method, past what only tells to go on (1xx).
///
/// # Errors
/// The connection breaks off, or what comes is not HTTP/1.1.
pub fn read(from: impl Read, method: &Method) -> io::Result<Response<Bytes>> {
    let mut from = BufReader::new(from);
    let mut response = loop {
        let response = head(&mut from)?;
        if !response.status().is_informational() {
            break response;
        }
    };
    let is_empty = method == Method::HEAD || matches!(response.status().as_u16(), 204 | 304);
    let text = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok());
    let body = if is_empty {
        Vec::new()
    } else if text("transfer-encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("chunked")) {
        chunks(&mut from)?
    } else if let Some(length) = text("content-length") {
        let length = length.parse().map_err(|_| malformed("a length"))?;
        exactly(&mut from, length)?
    } else {
        let mut body = Vec::new();
        from.take(LONGEST_BODY).read_to_end(&mut body)?;
        body
    };
    *response.body_mut() = Bytes::from(body);
    Ok(response)
}

/// Reads the head of an answer.
pub(super) fn head(from: &mut impl BufRead) -> io::Result<Response<Bytes>> {
    let mut from = from.take(LONGEST_HEAD);
    let status = line(&mut from)?;
    let status = status.strip_prefix("HTTP/1.").and_then(|rest| rest.get(2..5));
    let status = status.and_then(|status| status.parse::<StatusCode>().ok());
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = status.ok_or_else(|| malformed("a status line"))?;
    loop {
        let line = line(&mut from)?;
        if line.is_empty() {
            return Ok(response);
        }
        let (name, value) = line.split_once(':').ok_or_else(|| malformed("a header"))?;
        let name = HeaderName::try_from(name).map_err(|_| malformed("the name of a header"))?;
        let value = HeaderValue::try_from(value.trim()).map_err(|_| malformed("the value of a header"))?;
        response.headers_mut().append(name, value);
    }
}

fn chunks(from: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let size = line(&mut from.take(LONGEST_HEAD))?;
        let size = size.split(';').next().unwrap_or_default().trim();
        let size = u64::from_str_radix(size, 16).map_err(|_| malformed("the size of a chunk"))?;
        body.append(&mut exactly(from, size)?);
        line(&mut from.take(LONGEST_HEAD))?;
        if size == 0 {
            return Ok(body);
        }
    }
}

fn exactly(from: &mut impl BufRead, length: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(length.min(LONGEST_BODY)).read_to_end(&mut bytes)?;
    if u64::try_from(bytes.len()).is_ok_and(|read| read == length) {
        Ok(bytes)
    } else {
        Err(ErrorKind::UnexpectedEof.into())
    }
}

/// A line without its end.
fn line(from: &mut impl BufRead) -> io::Result<String> {
    let mut line = String::new();
    from.read_line(&mut line)?;
    let line = line.strip_suffix("\r\n").ok_or(ErrorKind::UnexpectedEof)?;
    Ok(line.to_owned())
}

fn malformed(what: &str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, format!("{what} of the answer is malformed"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(answer: &str) -> Option<String> {
        let response = read(answer.as_bytes(), &Method::GET).ok()?;
        Some(String::from_utf8(response.into_body().to_vec()).unwrap())
    }

    #[test]
    fn answers_are_read_however_they_end() {
        assert_eq!(body("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcd").unwrap(), "abc");
        assert_eq!(body("HTTP/1.1 200 OK\r\n\r\nabcd").unwrap(), "abcd");
        let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n1;x\r\nd\r\n0\r\n\r\n";
        assert_eq!(body(chunked).unwrap(), "abcd");
        let leave = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n";
        assert_eq!(body(leave).unwrap(), "");
    }

    #[test]
    fn what_breaks_off_is_no_answer() {
        for answer in [
            "",
            "HTTP/1.1 200 OK\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n",
            "HTTP/1.1 2x0 OK\r\n\r\n",
            "SSH-2.0\r\n\r\n",
        ] {
            assert_eq!(body(answer), None, "{answer:?}");
        }
    }
}
