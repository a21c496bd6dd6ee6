//! Server-side request forgery: what a tenant's URL must not reach.

use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use scim_events::{
    Answer, EndpointUrl, FailureKind, HttpTransport, Message, SigningSecret, Transport as _, TransportError, UrlPolicy,
};
use scim_store::{Clock as _, SystemClock};

use crate::{
    authority::Authority,
    receiver::{Receiver, Reply},
    support::{Names, url},
};

fn message(url: &str, receiver: &Receiver, timeout: Duration) -> Message {
    let secret = SigningSecret::generate().unwrap();
    receiver.trust(&secret.expose());
    let body = br#"{"data":{"sequence":1,"id":"a"}}"#;
    let now = SystemClock.now().timestamp();
    let mut headers = HeaderMap::new();
    headers.insert("webhook-id", "evt_1".parse().unwrap());
    headers.insert("webhook-timestamp", now.into());
    headers.insert("webhook-signature", secret.sign("evt_1", now, body).parse().unwrap());
    Message::new(
        EndpointUrl::parse(url).unwrap(),
        headers,
        Bytes::from_static(body),
        timeout,
    )
}

async fn send(transport: &HttpTransport, receiver: &Receiver, host: &str) -> Result<Answer, TransportError> {
    let url = format!("http://{host}:{}/hook", receiver.port());
    transport.send(&message(&url, receiver, Duration::from_secs(10))).await
}

fn transport(policy: UrlPolicy, names: &Names) -> HttpTransport {
    HttpTransport::builder(policy).resolver(names.clone()).build().unwrap()
}

#[tokio::test]
async fn a_name_of_an_inner_address_is_refused() {
    let receiver = Receiver::start().await;
    for addresses in [
        &["127.0.0.1"] as &[&str],
        &["::1"],
        &["::ffff:127.0.0.1"],
        &["0.0.0.0"],
        &["::"],
        &["10.0.0.1"],
        &["169.254.169.254"],
        &["64:ff9b::7f00:1"],
        // One that is public does not vouch for the others.
        &["1.1.1.1", "127.0.0.1"],
        &["127.0.0.1", "1.1.1.1"],
    ] {
        let transport = transport(UrlPolicy::new().allow_http(), &Names::new(&[addresses]));
        let error = send(&transport, &receiver, "app.example.com").await.unwrap_err();
        assert_eq!(error.kind, FailureKind::Address, "{addresses:?}: {:?}", error.source);
    }
    assert_eq!(receiver.requests(), 0);
}

#[tokio::test]
async fn the_system_resolver_is_checked_too() {
    let receiver = Receiver::start().await;
    let transport = HttpTransport::new(UrlPolicy::new().allow_http()).unwrap();
    for host in ["localhost", "127.0.0.1", "0.0.0.0", "[::1]", "[::ffff:127.0.0.1]"] {
        let error = send(&transport, &receiver, host).await.unwrap_err();
        assert_eq!(error.kind, FailureKind::Address, "{host}");
    }
    assert_eq!(receiver.requests(), 0);
    // Control: where it is allowed, the same request arrives.
    let open = HttpTransport::new(UrlPolicy::new().allow_http().allow_private()).unwrap();
    assert_eq!(send(&open, &receiver, "localhost").await.unwrap().status, 204);
    assert_eq!(receiver.requests(), 1);
}

#[tokio::test]
async fn what_was_checked_is_what_is_connected_to() {
    let receiver = Receiver::start().await;
    // The second answer, if anybody asked for it, would be another machine.
    let names = Names::new(&[&["127.0.0.1"], &["10.0.0.1"]]);
    let policy = UrlPolicy::new()
        .allow_http()
        .allow_network("127.0.0.1".parse().unwrap(), 32);
    let transport = transport(policy, &names);
    assert_eq!(
        send(&transport, &receiver, "app.example.com").await.unwrap().status,
        204
    );
    assert_eq!(names.asked(), 1, "asked again, it could be told something else");
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_is_not_followed() {
    let receiver = Receiver::start().await;
    let location = format!("http://127.0.0.1:{}/inner", receiver.port());
    receiver.decide(move |_| Reply::Answer(307, vec![("location", location.clone())]));
    let transport = HttpTransport::new(UrlPolicy::new().allow_http().allow_private()).unwrap();
    let answer = send(&transport, &receiver, "127.0.0.1").await.unwrap();
    assert_eq!(answer.status, 307);
    assert_eq!(receiver.requests(), 1);
}

#[tokio::test]
async fn failures_are_told_apart() {
    let mut receiver = Receiver::start().await;
    let open = UrlPolicy::new().allow_http().allow_private();
    let transport = HttpTransport::new(open.clone()).unwrap();
    receiver.decide(|_| Reply::Hang);
    let url = url(&receiver);
    let late = transport
        .send(&message(&url, &receiver, Duration::from_millis(50)))
        .await;
    assert_eq!(late.unwrap_err().kind, FailureKind::Timeout);
    receiver.decide(|_| Reply::Drop);
    let dropped = transport.send(&message(&url, &receiver, Duration::from_secs(10))).await;
    assert_eq!(dropped.unwrap_err().kind, FailureKind::Protocol);
    let tls = url.replace("http:", "https:");
    let plain = transport.send(&message(&tls, &receiver, Duration::from_secs(10))).await;
    assert_eq!(plain.unwrap_err().kind, FailureKind::Tls);
    let strict = HttpTransport::builder(UrlPolicy::new().allow_private());
    let strict = strict.root_certificate(Authority::new("Nobody").der()).build().unwrap();
    let plain = strict.send(&message(&url, &receiver, Duration::from_secs(10))).await;
    assert_eq!(plain.unwrap_err().kind, FailureKind::Url, "http is by choice");
    receiver.stop().await;
    let gone = transport.send(&message(&url, &receiver, Duration::from_secs(10))).await;
    assert_eq!(gone.unwrap_err().kind, FailureKind::Connect);
    let unknown = HttpTransport::builder(open)
        .resolver(Names::new(&[&[]]))
        .build()
        .unwrap();
    let unknown = send(&unknown, &receiver, "app.example.com").await;
    assert_eq!(unknown.unwrap_err().kind, FailureKind::Resolve);
}

#[tokio::test]
async fn an_answer_is_read_to_a_limit() {
    let receiver = Receiver::start().await;
    receiver.decide(|_| Reply::Answer(200, vec![("retry-after", "7".to_owned())]));
    let transport = HttpTransport::new(UrlPolicy::new().allow_http().allow_private()).unwrap();
    let message = message(&url(&receiver), &receiver, Duration::from_millis(500));
    let answer = transport.send(&message).await.unwrap();
    assert_eq!(answer, Answer::new(200, Some(Duration::from_secs(7))));
}
