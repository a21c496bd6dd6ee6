//! Webhooks over TLS, with certificates of an authority that the host trusts and of others that it does not.

use scim_events::{
    Attempt, AttemptOutcome, EndpointSettings, EndpointUrl, Event, EventSink as _, FailureKind, HttpTransport,
    MemoryDeliveries, Sent, TransportBuildError, UrlPolicy, Webhooks,
};

use crate::{
    authority::{Authority, Front, Identity},
    receiver::Receiver,
    support::{Names, event, tenant},
};

const HOST: &str = "hooks.example.com";

/// What came of one delivery over TLS.
struct Told {
    event: Event,
    receiver: Receiver,
    front: Front,
    names: Names,
    sent: Sent,
    attempt: Attempt,
}

/// Sends an event to a receiver with a certificate; the sender trusts a root, and may reach this machine.
async fn tell(identity: Identity, root: impl Into<Vec<u8>>) -> Told {
    let policy = UrlPolicy::new().allow_network("127.0.0.1".parse().unwrap(), 32);
    tell_by(policy, identity, root).await
}

async fn tell_by(policy: UrlPolicy, identity: Identity, root: impl Into<Vec<u8>>) -> Told {
    let receiver = Receiver::start().await;
    let front = Front::start(&receiver, identity).await;
    // The second answer, if anybody asked for it, would be another machine.
    let names = Names::new(&[&["127.0.0.1"], &["10.0.0.1"]]);
    let transport = HttpTransport::builder(policy)
        .resolver(names.clone())
        .root_certificate(root)
        .build()
        .unwrap();
    let webhooks = Webhooks::builder(MemoryDeliveries::new(), transport).build();
    let url = EndpointUrl::parse(&format!("https://{HOST}:{}/hook", front.port())).unwrap();
    let settings = EndpointSettings::new(url).unwrap();
    let endpoint = webhooks.add(&tenant(), settings).await.unwrap();
    receiver.trust(&endpoint.settings.secrets.current().expose());
    let event = event(1, "a");
    webhooks.deliver(std::slice::from_ref(&event)).await.unwrap();
    let sent = webhooks.send_due().await.unwrap();
    let mut log = webhooks.attempts(&tenant(), &endpoint.id, 9).await.unwrap();
    assert_eq!(log.len(), 1);
    Told {
        event,
        receiver,
        front,
        names,
        sent,
        attempt: log.remove(0),
    }
}

#[tokio::test]
async fn a_webhook_arrives_over_tls() {
    let authority = Authority::new("Inner authority");
    let stranger = Authority::new("Stranger");
    let bundle = format!("# two of them\n{}{}", stranger.pem(), authority.pem());
    for root in [authority.der(), authority.pem().into_bytes(), bundle.into_bytes()] {
        let told = tell(authority.identity(HOST), root).await;
        assert_eq!(
            (told.sent.delivered, told.sent.failed),
            (1, 0),
            "{}",
            told.attempt.outcome
        );
        assert_eq!(told.attempt.outcome, AttemptOutcome::Answered(204));
        // It is verified by another library before it counts as heard.
        assert!(told.receiver.invalid().is_empty(), "{:?}", told.receiver.invalid());
        let heard = told.receiver.heard();
        assert_eq!(heard.len(), 1);
        assert_eq!(heard[0].id, told.event.id.as_str());
        // What was checked is what was connected to, by the name that the tenant gave.
        assert_eq!(told.names.asked(), 1);
        assert_eq!(told.front.names(), [HOST]);
        assert_eq!(heard[0].host, format!("{HOST}:{}", told.front.port()));
    }
}

#[tokio::test]
async fn a_certificate_that_does_not_prove_the_host_ends_it_and_the_log_says_why() {
    let authority = Authority::new("Inner authority");
    let namesake = Authority::new("Inner authority");
    let stranger = Authority::new("Stranger");
    let untrusted = "the certificate is from an authority that is not trusted";
    for (identity, kind, words) in [
        (stranger.identity(HOST), FailureKind::CertificateUntrusted, untrusted),
        (namesake.identity(HOST), FailureKind::CertificateUntrusted, untrusted),
        (
            authority.identity("other.example.com"),
            FailureKind::CertificateName,
            "the certificate is for another host",
        ),
        (
            authority.expired(HOST),
            FailureKind::CertificateExpired,
            "the certificate has expired, or is not valid yet",
        ),
    ] {
        let told = tell(identity, authority.pem()).await;
        assert_eq!((told.sent.delivered, told.sent.failed), (0, 1), "{words}");
        assert_eq!(told.attempt.outcome, AttemptOutcome::Failed(kind));
        assert_eq!(told.attempt.outcome.to_string(), words);
        assert_eq!(FailureKind::from_word(kind.as_str()), kind, "it is kept by its word");
        assert_eq!(told.receiver.requests(), 0, "nothing was said to it: {words}");
    }
}

#[tokio::test]
async fn a_good_certificate_opens_no_inner_address() {
    let authority = Authority::new("Inner authority");
    let told = tell_by(UrlPolicy::new(), authority.identity(HOST), authority.pem()).await;
    let refused = AttemptOutcome::Failed(FailureKind::Address);
    assert_eq!((told.sent.delivered, told.attempt.outcome), (0, refused));
    assert!(told.front.names().is_empty());
}

#[test]
fn a_certificate_file_that_is_none_is_refused() {
    let broken = "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n";
    let key = "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n";
    for file in ["", "no certificate", broken, key, "0"] {
        let builder = HttpTransport::builder(UrlPolicy::new()).root_certificate(file);
        let error = builder.build().unwrap_err();
        assert!(
            matches!(error, TransportBuildError::Certificate(_)),
            "{file:?}: {error:?}"
        );
        assert_eq!(error.to_string(), "a root certificate cannot be read");
    }
}
