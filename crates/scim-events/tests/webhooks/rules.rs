//! What becomes of a delivery and of its endpoint, with time, chance and answers by hand.

use std::sync::atomic::Ordering;

use chrono::TimeDelta;
use scim_conformance::{block_on, events::check_deliveries};
use scim_events::{
    AttemptOutcome, DeliveryState, EndpointSettings, EndpointState, EndpointUrl, Event, EventFilter, FailureKind,
    MemoryDeliveries, Payload, Sent, UrlError, WebhookError,
};
use scim_store::{ChangeKind, StoreError};
use serde_json::Map;
use standardwebhooks::Webhook;

use crate::{
    support::{change, event, tenant},
    world::{World, seconds},
};

/// The pauses of the default schedule, in seconds.
const PAUSES: [u64; 9] = [5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400];

#[test]
fn the_queue_in_memory_keeps_the_contract() {
    let report = block_on(check_deliveries(&MemoryDeliveries::new()));
    assert!(report.is_clean(), "{report}");
}

#[test]
fn an_endpoint_gets_the_types_that_it_wants_once() {
    let world = World::new();
    let filter = EventFilter::only(["user.created"]);
    block_on(
        world
            .webhooks
            .change(&tenant(), &world.id, |settings| settings.types = filter.clone()),
    )
    .unwrap();
    let events = [
        event(1, "a"),
        Event::new(change(2, "a", ChangeKind::Created)),
        event(3, "b"),
    ];
    world.deliver(&events);
    world.deliver(&events);
    assert_eq!(world.send().delivered, 1);
    world.deliver(&events);
    assert_eq!(world.send(), Sent::default(), "told again, taken once");
    assert!(world.bodies()[0].contains("user.created"));
}

#[test]
fn values_go_only_to_those_who_want_them() {
    let world = World::new();
    let mut resource = Map::new();
    resource.insert("userName".to_owned(), "eve".into());
    let with_values = |sequence| event(sequence, "a").with_resource(Some(resource.clone()));
    world.deliver(&[with_values(1)]);
    world.send();
    block_on(
        world
            .webhooks
            .change(&tenant(), &world.id, |settings| settings.payload = Payload::Values),
    )
    .unwrap();
    world.deliver(&[with_values(2)]);
    resource.insert("photo".to_owned(), "x".repeat(300 << 10).into());
    world.send();
    let with_much = event(3, "a").with_resource(Some(resource));
    world.deliver(&[with_much]);
    world.send();
    let shown: Vec<bool> = world.bodies().iter().map(|body| body.contains("eve")).collect();
    assert_eq!(
        shown,
        [false, true, false],
        "by default not, by choice, and not where it is too much"
    );
}

#[test]
fn a_delivery_is_tried_by_the_schedule_and_dead_in_the_end() {
    let world = World::new();
    world.deliver(&[event(1, "a"), event(2, "a"), event(3, "b")]);
    (0..12).for_each(|_| world.script.then(500, None));
    let sent = world.send();
    assert_eq!(
        (sent.failed, world.script.sends()),
        (2, 2),
        "1 and 3, and 2 waits for 1"
    );
    world.script.then(204, None);
    let mut sends = 2;
    for (index, pause) in PAUSES.into_iter().enumerate() {
        assert_eq!(world.send(), Sent::default(), "before its time");
        world.clock.advance(seconds(pause + 1));
        // Behind six failures of both the script answers 204, first to one of them.
        sends += usize::try_from(world.send().tried()).unwrap();
        if index == 4 {
            assert_eq!(sends, 12);
            break;
        }
    }
    world.clock.advance(seconds(40_000));
    let sent = world.send();
    assert_eq!(sent.delivered, 2);
    assert_eq!(world.send().delivered, 1, "2 came behind 1");
    let numbers: Vec<u32> = world.log().iter().map(|attempt| attempt.number).collect();
    assert_eq!(numbers, [1, 7, 7, 6, 6, 5, 5, 4, 4, 3, 3, 2, 2, 1, 1]);
}

#[test]
fn a_dead_letter_lets_the_next_pass_and_is_sent_again_by_hand() {
    let world = World::new();
    world.deliver(&[event(1, "a"), event(2, "a")]);
    for pause in PAUSES {
        world.script.then(400, None);
        assert_eq!(world.send().failed, 1);
        world.clock.advance(seconds(pause + 1));
    }
    world.script.then(400, None);
    assert_eq!(world.send().dead, 1);
    assert_eq!(world.numbers(DeliveryState::Dead), [1]);
    assert_eq!(world.send().delivered, 1);
    assert_eq!(world.resend(&[1]).unwrap(), 1);
    assert_eq!(world.send().delivered, 1);
    let bodies = world.bodies();
    assert_eq!(bodies.last(), bodies.first(), "the same, byte for byte");
    assert!(world.numbers(DeliveryState::Dead).is_empty());
}

#[test]
fn an_endpoint_that_fails_for_five_days_is_disabled_and_its_events_kept() {
    let world = World::new();
    let mut sequence = 0;
    for _ in 0..6 {
        sequence += 1;
        world.deliver(&[event(sequence, &format!("{sequence}"))]);
        world.script.then_fail(FailureKind::Connect);
        world.send();
        assert_eq!(world.endpoint().state, EndpointState::On);
        world.clock.advance(seconds(86_400 - 3600));
        (0..100).for_each(|_| world.script.then_fail(FailureKind::Connect));
    }
    world.send();
    assert_eq!(world.endpoint().state, EndpointState::Failing);
    assert!(
        world.seen.0.lock().unwrap().contains(&EndpointState::Failing),
        "the host is told"
    );
    let sends = world.script.sends();
    world.clock.advance(seconds(90_000));
    let more: Vec<Event> = (100..105).map(|sequence| event(sequence, "a")).collect();
    world.deliver(&more);
    assert_eq!(world.send(), Sent::default());
    assert_eq!(world.script.sends(), sends, "it gets nothing");
    assert_eq!(
        world.numbers(DeliveryState::Dead),
        [102, 103, 104],
        "the last three are kept here"
    );
}

#[test]
fn an_endpoint_that_is_gone_gets_no_more() {
    let world = World::new();
    world.deliver(&[event(1, "a"), event(2, "b")]);
    world.script.then(410, None);
    world.send();
    assert_eq!(world.endpoint().state, EndpointState::Gone);
    assert_eq!(*world.seen.0.lock().unwrap(), [EndpointState::Gone]);
}

#[test]
fn an_endpoint_that_has_too_much_to_do_is_left_alone() {
    let world = World::new();
    world.deliver(&[event(1, "a")]);
    world.script.then(429, Some(120));
    world.send();
    world.deliver(&[event(2, "b")]);
    world.clock.advance(seconds(110));
    assert_eq!(world.send(), Sent::default(), "others neither");
    world.clock.advance(seconds(11));
    assert_eq!(world.send().delivered, 2);
    assert_eq!(world.endpoint().health, scim_events::Health::default());
    // A refusal of one event says nothing about others.
    world.deliver(&[event(3, "a")]);
    world.script.then(422, None);
    world.send();
    world.deliver(&[event(4, "b")]);
    assert_eq!(world.send().delivered, 1);
    // And nobody can ask to be left alone for ever.
    world.script.then(503, Some(u64::MAX));
    world.deliver(&[event(5, "c")]);
    world.send();
    world.clock.advance(seconds(3601));
    assert_eq!(world.send().delivered, 2);
}

#[test]
fn the_log_tells_how_each_try_ended() {
    let world = World::new();
    world.deliver(&[event(1, "a")]);
    world.script.then_fail(FailureKind::Tls);
    world.send();
    world.clock.advance(seconds(6));
    world.send();
    let outcomes: Vec<AttemptOutcome> = world.log().iter().map(|attempt| attempt.outcome).collect();
    let failed = AttemptOutcome::Failed(FailureKind::Tls);
    assert_eq!(outcomes, [AttemptOutcome::Answered(204), failed]);
    let words: Vec<String> = outcomes.iter().map(ToString::to_string).collect();
    assert_eq!(words, ["answered with 204", "no secure connection could be made"]);
    assert!(!format!("{:?}", world.log()).contains("title"), "nothing of the body");
}

#[test]
fn a_message_is_signed_with_each_live_secret() {
    let world = World::new();
    let old = world.endpoint().settings.secrets.current().expose();
    let overlap = TimeDelta::seconds(60);
    let new = block_on(world.webhooks.rotate_secret(&tenant(), &world.id, overlap))
        .unwrap()
        .expose();
    world.deliver(&[event(1, "a"), event(2, "a")]);
    world.send();
    world.clock.advance(seconds(61));
    world.send();
    let messages = world.script.messages.lock().unwrap();
    let knows = |secret: &str, index: usize| {
        let message = &messages[index];
        Webhook::new(secret)
            .unwrap()
            .verify(&message.body, &message.headers)
            .is_ok()
    };
    assert!(knows(&old, 0) && knows(&new, 0), "both, while both are live");
    assert!(!knows(&old, 1) && knows(&new, 1), "the old one is over");
    let shown = format!("{:?} {:?}", messages, world.endpoint());
    let bare = |secret: &str| secret.strip_prefix("whsec_").unwrap().to_owned();
    assert!(!shown.contains(&bare(&old)) && !shown.contains(&bare(&new)));
}

#[test]
fn what_is_switched_off_waits_and_goes_on() {
    let world = World::new();
    world.deliver(&[event(1, "a")]);
    block_on(world.webhooks.disable(&tenant(), &world.id)).unwrap();
    world.deliver(&[event(2, "a")]);
    assert_eq!(world.send(), Sent::default());
    block_on(world.webhooks.enable(&tenant(), &world.id)).unwrap();
    assert_eq!(world.send().delivered, 1);
    assert_eq!(block_on(world.webhooks.resend(&tenant(), &world.id, None)).unwrap(), 1);
    assert_eq!(world.send().delivered, 1);
}

#[test]
fn urls_are_checked_when_they_are_set() {
    let world = World::new();
    let inside = EndpointUrl::parse("https://10.0.0.1/").unwrap();
    let added = block_on(
        world
            .webhooks
            .add(&tenant(), EndpointSettings::new(inside.clone()).unwrap()),
    );
    assert!(matches!(added, Err(WebhookError::Url(UrlError::Private))), "{added:?}");
    let set = |settings: &mut EndpointSettings| settings.url = inside.clone();
    let changed = block_on(world.webhooks.change(&tenant(), &world.id, set));
    assert!(
        matches!(changed, Err(WebhookError::Url(UrlError::Private))),
        "{changed:?}"
    );
    assert_eq!(world.endpoint().settings.url.host(), "app.example.com");
    let foreign = block_on(world.webhooks.endpoint(&"other".into(), &world.id));
    assert!(matches!(foreign, Err(WebhookError::Store(StoreError::NotFound))));
}

#[test]
fn an_endpoint_whose_url_is_not_allowed_any_more_can_be_looked_after() {
    let world = World::new();
    world.deliver(&[event(1, "a")]);
    world.script.refuses.store(true, Ordering::SeqCst);
    assert_eq!(world.send().failed, 1, "nothing goes there");
    assert_eq!(world.script.sends(), 0);
    let (webhooks, tenant) = (&world.webhooks, tenant());
    let overlap = TimeDelta::seconds(60);
    block_on(webhooks.rotate_secret(&tenant, &world.id, overlap)).unwrap();
    let values = |settings: &mut EndpointSettings| settings.payload = Payload::Values;
    block_on(webhooks.change(&tenant, &world.id, values)).unwrap();
    assert_eq!(world.endpoint().settings.payload, Payload::Values);
    block_on(webhooks.disable(&tenant, &world.id)).unwrap();
    assert_eq!(world.endpoint().state, EndpointState::Off);
    let url = EndpointUrl::parse("https://app.example.com/other").unwrap();
    let moved = block_on(webhooks.change(&tenant, &world.id, |settings| settings.url = url.clone()));
    assert!(matches!(moved, Err(WebhookError::Url(UrlError::Private))), "{moved:?}");
}
