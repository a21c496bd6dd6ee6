//! What identity providers send, replayed against the program over a socket.

use bytes::Bytes;
use http::{Request, Response};
use scim_conformance::{Client, ExchangeFile, Report, Target, block_on, bundled_exchanges, postgres::Postgres};

use crate::host::{Host, agent};

/// The program as a target.
struct Socket(Host);

#[async_trait::async_trait]
impl Target for Socket {
    async fn send(&self, request: Request<Bytes>) -> Response<Bytes> {
        let (mut parts, body) = request.into_parts();
        // The exchanges name the path; the program's address is its own business.
        let origin = self.0.origin();
        if parts.uri.host().is_none() {
            parts.uri = format!("{origin}{}", parts.uri).parse().unwrap();
        }
        let answer = match body.is_empty() {
            true => agent().run(Request::from_parts(parts, ())),
            false => agent().run(Request::from_parts(parts, body.to_vec())),
        };
        let (parts, mut body) = answer.unwrap().into_parts();
        Response::from_parts(parts, Bytes::from(body.read_to_vec().unwrap()))
    }
}

#[test]
fn identity_providers_are_served_over_a_socket() {
    replay(|_| Host::start(&["--empty"]));
}

/// On PostgreSQL, and each file in an organisation of its own beside the others.
#[test]
fn identity_providers_are_served_on_postgresql() {
    let url = Postgres::shared().unwrap().url();
    replay(|number| {
        let organisation = format!("org-{number}");
        Host::start_in(Some(url), &["--empty", "--organization", &organisation])
    });
}

fn replay(host: impl Fn(usize) -> Host) {
    let files = ExchangeFile::load_directory(&bundled_exchanges()).unwrap();
    assert!(files.len() > 8, "the corpus is there");
    let mut report = Report::default();
    for (number, file) in files.iter().enumerate() {
        let host = host(number);
        // The token is the password of Basic too, whatever the user's name.
        let client = Client::new(&host.tenant_url, &host.token).basic("okta", &host.token);
        report.files.push(block_on(file.replay(&Socket(host), &client)));
    }
    assert!(report.is_clean(), "{report}");
}
