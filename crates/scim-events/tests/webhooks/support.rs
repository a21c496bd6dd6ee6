//! A store with its relay, and time and transport that a test moves by hand.

use std::{
    collections::VecDeque,
    io,
    net::IpAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use scim_core::{ResourceId, TenantId, Version};
use scim_events::{
    Answer, Chance, EndpointUrl, Event, FailureKind, Message, Resolver, Schedule, Transport, TransportError, UrlError,
    UrlPolicy,
};
use scim_store::{Change, ChangeKind, Clock, SystemClock};

use crate::receiver::Receiver;

pub(crate) fn tenant() -> TenantId {
    TenantId::new("acme")
}

pub(crate) fn url(receiver: &Receiver) -> String {
    format!("http://127.0.0.1:{}/hook", receiver.port())
}

/// A change of a user.
pub(crate) fn change(sequence: u64, user: &str, kind: ChangeKind) -> Change {
    let (id, version, now) = (ResourceId::new(user), Version::new(sequence), SystemClock.now());
    Change::new(tenant(), "User", id, kind, version, now)
        .with_sequence(sequence)
        .with_changed(vec!["title".to_owned()])
        .with_request("token-1", "request-1")
}

/// The event of an update of a user.
pub(crate) fn event(sequence: u64, user: &str) -> Event {
    Event::new(change(sequence, user, ChangeKind::Updated))
}

/// The time of the machine, and as much later as a test says.
#[derive(Debug, Clone, Default)]
pub(crate) struct HandClock(Arc<AtomicI64>);

impl HandClock {
    pub(crate) fn advance(&self, pause: Duration) {
        self.0
            .fetch_add(i64::try_from(pause.as_millis()).unwrap(), Ordering::SeqCst);
    }
}

impl Clock for HandClock {
    fn now(&self) -> DateTime<Utc> {
        SystemClock.now() + TimeDelta::milliseconds(self.0.load(Ordering::SeqCst))
    }
}

/// No chance.
#[derive(Debug)]
pub(crate) struct Never;

impl Chance for Never {
    fn next(&self) -> f64 {
        0.0
    }
}

/// Tries again at once, so many times.
pub(crate) fn at_once(tries: usize) -> Schedule {
    let mut schedule = Schedule::default();
    schedule.pauses = vec![Duration::ZERO; tries];
    schedule.longest_rest = Duration::ZERO;
    schedule
}

/// Answers what it is told to, else 204, and keeps the messages.
#[derive(Debug, Clone, Default)]
pub(crate) struct Script {
    pub(crate) messages: Arc<Mutex<Vec<Message>>>,
    answers: Arc<Mutex<VecDeque<Result<Answer, FailureKind>>>>,
    pub(crate) sends: Arc<AtomicUsize>,
    /// Whether no URL is allowed any more.
    pub(crate) refuses: Arc<AtomicBool>,
}

impl Script {
    pub(crate) fn then(&self, status: u16, retry_after: Option<u64>) {
        let answer = Answer::new(status, retry_after.map(Duration::from_secs));
        self.answers.lock().unwrap().push_back(Ok(answer));
    }

    pub(crate) fn then_fail(&self, kind: FailureKind) {
        self.answers.lock().unwrap().push_back(Err(kind));
    }

    pub(crate) fn sends(&self) -> usize {
        self.sends.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl Transport for Script {
    fn check(&self, url: &EndpointUrl) -> Result<(), UrlError> {
        if self.refuses.load(Ordering::SeqCst) {
            return Err(UrlError::Private);
        }
        UrlPolicy::new().check(url)
    }

    async fn send(&self, message: &Message) -> Result<Answer, TransportError> {
        self.sends.fetch_add(1, Ordering::SeqCst);
        self.messages.lock().unwrap().push(message.clone());
        let answer = self.answers.lock().unwrap().pop_front();
        answer
            .unwrap_or(Ok(Answer::new(204, None)))
            .map_err(TransportError::new)
    }
}

/// Answers one list of addresses after the other, the last one again and again.
#[derive(Debug, Clone)]
pub(crate) struct Names(Arc<Mutex<VecDeque<Vec<IpAddr>>>>, Arc<Mutex<usize>>);

impl Names {
    pub(crate) fn new(answers: &[&[&str]]) -> Self {
        let addresses = |list: &&[&str]| list.iter().map(|address| address.parse().unwrap()).collect();
        Self(
            Arc::new(Mutex::new(answers.iter().map(addresses).collect())),
            Arc::default(),
        )
    }

    pub(crate) fn asked(&self) -> usize {
        *self.1.lock().unwrap()
    }
}

#[async_trait]
impl Resolver for Names {
    async fn resolve(&self, _: &str) -> io::Result<Vec<IpAddr>> {
        *self.1.lock().unwrap() += 1;
        let mut answers = self.0.lock().unwrap();
        let answer = answers.pop_front().unwrap();
        if answers.is_empty() {
            answers.push_back(answer.clone());
        }
        if answer.is_empty() {
            return Err(io::Error::other("no such name"));
        }
        Ok(answer)
    }
}
