//! Webhooks that arrive at a real receiver, which verifies them, drops answers and restarts.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use scim_core::TenantId;
use scim_events::{
    Delivery, DeliveryStore, Endpoint, EndpointSettings, EndpointUrl, EventSink as _, HttpTransport, MemoryDeliveries,
    MemoryPositions, Positions, Relay, Sent, Transport, UrlPolicy, Webhooks,
};
use scim_store::{Change, ChangeFeed, ChangeKind, Result};

use crate::{
    receiver::{Receiver, Reply, Tally, tally},
    support::{HandClock, at_once, change, event, tenant, url},
};

/// A record of changes that grows.
#[derive(Debug, Default)]
struct Feed(Mutex<Vec<Change>>);

impl Feed {
    fn grow(&self, users: u64, count: u64) {
        let mut changes = self.0.lock().unwrap();
        for _ in 0..count {
            let sequence = u64::try_from(changes.len()).unwrap() + 1;
            changes.push(change(
                sequence,
                &format!("user-{}", sequence % users),
                ChangeKind::Updated,
            ));
        }
    }
}

#[async_trait]
impl ChangeFeed for Feed {
    async fn changes(&self, _: &TenantId, after: u64, limit: usize) -> Result<Vec<Change>> {
        let changes = self.0.lock().unwrap();
        let behind = changes.iter().filter(|change| change.sequence > after);
        Ok(behind.take(limit).cloned().collect())
    }

    async fn forget(&self, _: &TenantId, _: u64) -> Result<()> {
        Ok(())
    }
}

fn transport() -> Arc<dyn Transport> {
    Arc::new(HttpTransport::new(UrlPolicy::new().allow_http().allow_private()).unwrap())
}

fn webhooks(store: &Arc<MemoryDeliveries>, clock: &HandClock) -> Webhooks {
    let store = Arc::clone(store) as Arc<dyn DeliveryStore>;
    Webhooks::builder_shared(store, transport())
        .clock(clock.clone())
        .schedule(at_once(200))
        .timeout(Duration::from_secs(10))
        .build()
}

async fn add(webhooks: &Webhooks, receiver: &Receiver) -> Endpoint {
    let settings = EndpointSettings::new(EndpointUrl::parse(&url(receiver)).unwrap()).unwrap();
    let endpoint = webhooks.add(&tenant(), settings).await.unwrap();
    receiver.trust(&endpoint.settings.secrets.current().expose());
    endpoint
}

async fn waiting(store: &MemoryDeliveries, endpoint: &Endpoint) -> Vec<Delivery> {
    let state = scim_events::DeliveryState::Waiting;
    store
        .deliveries(&tenant(), &endpoint.id, state, 0, usize::MAX)
        .await
        .unwrap()
}

/// Sends until nothing is left.
async fn send_all(webhooks: &Webhooks, store: &MemoryDeliveries, endpoint: &Endpoint) -> Sent {
    let mut sent = Sent::default();
    while !waiting(store, endpoint).await.is_empty() {
        sent.add(webhooks.send_due().await.unwrap());
    }
    sent
}

#[tokio::test]
async fn events_arrive_signed() {
    let receiver = Receiver::start().await;
    let (store, clock) = (Arc::new(MemoryDeliveries::new()), HandClock::default());
    let webhooks = webhooks(&store, &clock);
    let endpoint = add(&webhooks, &receiver).await;
    let events: Vec<_> = (1..=20)
        .map(|sequence| event(sequence, &format!("{}", sequence % 3)))
        .collect();
    webhooks.deliver(&events).await.unwrap();
    let sent = send_all(&webhooks, &store, &endpoint).await;
    assert_eq!((sent.delivered, sent.failed), (20, 0));
    let (told, heard) = tally(&receiver.heard());
    let expected = Tally {
        events: 20,
        ..Tally::default()
    };
    assert_eq!(told, expected);
    for event in &events {
        let heard = &heard[&event.change.sequence];
        assert_eq!(heard.id, event.id.as_str());
        assert_eq!(heard.body, event.to_json(scim_events::Payload::Names));
    }
}

#[tokio::test]
async fn a_message_with_another_signature_is_refused_by_the_receiver() {
    let receiver = Receiver::start().await;
    let (store, clock) = (Arc::new(MemoryDeliveries::new()), HandClock::default());
    let webhooks = webhooks(&store, &clock);
    let endpoint = add(&webhooks, &receiver).await;
    receiver.trust(&scim_events::SigningSecret::generate().unwrap().expose());
    webhooks.deliver(&[event(1, "a")]).await.unwrap();
    let sent = webhooks.send_due().await.unwrap();
    assert_eq!((sent.delivered, sent.failed), (0, 1));
    assert_eq!(receiver.invalid(), ["signature invalid"]);
    assert_eq!(waiting(&store, &endpoint).await.len(), 1);
}

#[tokio::test]
async fn c5_a_receiver_that_drops_answers_and_restarts_sees_every_event() {
    let mut receiver = Receiver::start().await;
    let (store, clock) = (Arc::new(MemoryDeliveries::new()), HandClock::default());
    let positions: Arc<dyn Positions> = Arc::new(MemoryPositions::new());
    let feed = Arc::new(Feed::default());
    let endpoint = add(&webhooks(&store, &clock), &receiver).await;
    let mut count = 0;
    receiver.decide(move |_| {
        count += 1;
        match count % 7 {
            1 | 4 => Reply::Drop,
            2 => Reply::Refuse,
            5 => Reply::Answer(503, vec![("retry-after", "0".to_owned())]),
            _ => Reply::Answer(204, Vec::new()),
        }
    });
    for round in 0..4 {
        // Both sides are new in each round, and go on where the last were killed.
        let webhooks = webhooks(&store, &clock);
        let relay = Relay::builder(Arc::clone(&feed) as Arc<dyn ChangeFeed>, Arc::clone(&positions))
            .reader("webhooks", webhooks.clone())
            .batch(7)
            .build();
        feed.grow(5, 30);
        assert!(relay.drain(&tenant()).await.failures.is_empty());
        let heard = receiver.heard().len();
        tokio::select! {
            () = receiver.wait(|all| all.len() >= heard + 10) => {}
            _ = async { loop { webhooks.send_due().await.unwrap(); } } => {}
        }
        receiver.stop().await;
        let sent = webhooks.send_due().await.unwrap();
        assert_eq!(sent.delivered, 0, "nobody is there in round {round}");
        receiver.restart().await;
        // The claims of what was killed end by themselves.
        clock.advance(Duration::from_secs(31));
    }
    send_all(&webhooks(&store, &clock), &store, &endpoint).await;
    let (told, heard) = tally(&receiver.heard());
    println!("C5 deliveries | memory | {told:?}");
    assert_eq!(told.events, 120);
    assert!(told.repeated > 0, "answers were dropped");
    assert_eq!((told.ambiguous, told.disordered), (0, 0));
    assert!(heard.keys().copied().eq(1..=120));
    assert!(receiver.invalid().is_empty(), "{:?}", receiver.invalid());
}

/// Broken: says that all was delivered before it was.
#[derive(Debug)]
struct Hasty(HttpTransport);

#[async_trait]
impl Transport for Hasty {
    fn check(&self, url: &EndpointUrl) -> std::result::Result<(), scim_events::UrlError> {
        self.0.check(url)
    }

    async fn send(
        &self,
        message: &scim_events::Message,
    ) -> std::result::Result<scim_events::Answer, scim_events::TransportError> {
        let _ = self.0.send(message).await;
        Ok(scim_events::Answer::new(204, None))
    }
}

#[tokio::test]
async fn c5_a_sender_that_does_not_wait_for_answers_is_caught() {
    let receiver = Receiver::start().await;
    let store = Arc::new(MemoryDeliveries::new());
    let careless = Hasty(HttpTransport::new(UrlPolicy::new().allow_http().allow_private()).unwrap());
    let webhooks = Webhooks::builder_shared(Arc::clone(&store) as Arc<dyn DeliveryStore>, Arc::new(careless)).build();
    let endpoint = add(&webhooks, &receiver).await;
    let mut count = 0;
    receiver.decide(move |_| {
        count += 1;
        if count % 2 == 0 {
            Reply::Refuse
        } else {
            Reply::Answer(204, Vec::new())
        }
    });
    let events: Vec<_> = (1..=20).map(|sequence| event(sequence, "a")).collect();
    webhooks.deliver(&events).await.unwrap();
    send_all(&webhooks, &store, &endpoint).await;
    let (told, _) = tally(&receiver.heard());
    assert_eq!(told.events, 10, "half of them are lost, and it shows");
}

#[tokio::test]
async fn running_relays_and_sends_by_itself() {
    let receiver = Receiver::start().await;
    let store = Arc::new(MemoryDeliveries::new());
    let webhooks = webhooks(&store, &HandClock::default());
    add(&webhooks, &receiver).await;
    let feed = Arc::new(Feed::default());
    let positions: Arc<dyn Positions> = Arc::new(MemoryPositions::new());
    let relay = Relay::builder(Arc::clone(&feed) as Arc<dyn ChangeFeed>, positions)
        .reader("webhooks", webhooks.clone())
        .build();
    relay.watch(&tenant());
    let hour = Duration::from_secs(3600);
    let work = async {
        for round in 1..=5 {
            feed.grow(3, 10);
            // Nothing but this tells it before the hour is over.
            relay.wake(&tenant());
            receiver.wait(|heard| heard.len() == round * 10).await;
        }
    };
    tokio::select! {
        () = work => {}
        () = relay.run(hour, |_, drained| assert!(drained.failures.is_empty())) => {}
        () = webhooks.run(hour, |error| panic!("{error}")) => {}
    }
    let (told, _) = tally(&receiver.heard());
    assert_eq!((told.events, told.repeated, told.disordered), (50, 0, 0));
}

#[tokio::test]
async fn one_that_hangs_keeps_no_other_back_and_has_no_more_than_its_part() {
    let (slow, quick) = (Receiver::start().await, Receiver::start().await);
    slow.decide(|_| Reply::Hang);
    // Nothing is over before the test is.
    let webhooks = Webhooks::builder_shared(Arc::new(MemoryDeliveries::new()), transport())
        .timeout(Duration::from_secs(3600))
        .at_once(64, 4)
        .build();
    add(&webhooks, &slow).await;
    add(&webhooks, &quick).await;
    let events: Vec<_> = (1..=100)
        .map(|sequence| event(sequence, &format!("{sequence}")))
        .collect();
    let work = async {
        webhooks.deliver(&events[..3]).await.unwrap();
        slow.wait(|heard| heard.len() == 3).await;
        webhooks.deliver(&events[3..]).await.unwrap();
        slow.wait(|heard| heard.len() >= 4).await;
        quick.wait(|heard| heard.len() == 100).await;
    };
    tokio::select! {
        () = work => {}
        () = webhooks.run(Duration::from_secs(3600), |error| panic!("{error}")) => {}
    }
    assert_eq!(slow.requests(), 4, "so many are under way");
}
