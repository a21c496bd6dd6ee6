//! What is kept of one endpoint in memory.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use chrono::{DateTime, Utc};

use crate::{Attempt, Claim, Delivery, DeliveryState, Endpoint, EndpointState, Health, Next, Resent, Settlement};

/// What is kept of one endpoint.
pub(super) struct Shelf {
    pub(super) endpoint: Endpoint,
    /// The greatest number that was taken in.
    mark: u64,
    rows: BTreeMap<u64, Row>,
    dead: BTreeSet<u64>,
    /// What has arrived, by the number of the try that it arrived with.
    delivered: BTreeMap<u64, u64>,
    /// When something is to be done: one delivery of each resource.
    due: BTreeSet<(DateTime<Utc>, u64)>,
    /// What waits, by resource.
    waiting: HashMap<String, Chain>,
    log: VecDeque<Attempt>,
    /// How many tries were ever logged.
    tries: u64,
}

/// What waits of one resource.
#[derive(Default)]
struct Chain {
    sequences: BTreeSet<u64>,
    /// The one whose turn it is.
    due: Option<u64>,
}

struct Row {
    delivery: Delivery,
    /// How often it was claimed.
    claims: u64,
    /// Its place in the list of what is due, if it has one; that of a claimed one is the end of the claim.
    due: Option<DateTime<Utc>>,
    /// The number of the try that it arrived with; 0 where it has not.
    arrived: u64,
}

impl Shelf {
    pub(super) fn new(endpoint: Endpoint) -> Self {
        Self {
            endpoint,
            mark: 0,
            rows: BTreeMap::new(),
            dead: BTreeSet::new(),
            delivered: BTreeMap::new(),
            due: BTreeSet::new(),
            waiting: HashMap::new(),
            log: VecDeque::new(),
            tries: 0,
        }
    }

    /// Deliveries in a state with numbers greater than one, smallest first.
    pub(super) fn deliveries(&self, state: DeliveryState, after: u64) -> impl Iterator<Item = &Delivery> {
        let rows = self.rows.range(after.saturating_add(1)..).map(|(_, row)| &row.delivery);
        rows.filter(move |delivery| delivery.state == state)
    }

    /// The tries, latest first.
    pub(super) fn log(&self) -> impl Iterator<Item = &Attempt> {
        self.log.iter().rev()
    }

    /// What is due, the longest due first.
    pub(super) fn due(&self, now: DateTime<Utc>) -> impl Iterator<Item = (DateTime<Utc>, u64)> {
        self.due.range(..=(now, u64::MAX)).copied()
    }

    pub(super) fn takes(&self, now: DateTime<Utc>) -> bool {
        let is_resting = self.endpoint.health.resting_until.is_some_and(|until| until > now);
        self.endpoint.state == EndpointState::On && !is_resting
    }

    pub(super) fn take(&mut self, delivery: &Delivery) {
        if delivery.sequence <= self.mark {
            return;
        }
        self.mark = delivery.sequence;
        let row = Row {
            delivery: delivery.clone(),
            claims: 0,
            due: None,
            arrived: 0,
        };
        self.rows.insert(delivery.sequence, row);
        match delivery.state {
            DeliveryState::Dead => {
                self.dead.insert(delivery.sequence);
            }
            _ => self.wait(&delivery.resource, delivery.sequence, delivery.created),
        }
    }

    /// Has a delivery wait for its turn.
    fn wait(&mut self, resource: &str, sequence: u64, now: DateTime<Utc>) {
        let chain = self.waiting.entry(resource.to_owned()).or_default();
        chain.sequences.insert(sequence);
        self.call(resource, now);
    }

    /// Makes the first delivery of a resource due, unless one is already.
    fn call(&mut self, resource: &str, now: DateTime<Utc>) {
        let chain = self.waiting.get_mut(resource).filter(|chain| chain.due.is_none());
        let Some(chain) = chain else { return };
        chain.due = chain.sequences.first().copied();
        if let Some(first) = chain.due {
            self.set_due(first, Some(now));
        }
    }

    fn set_due(&mut self, sequence: u64, due: Option<DateTime<Utc>>) {
        let Some(row) = self.rows.get_mut(&sequence) else {
            return;
        };
        if let Some(before) = row.due {
            self.due.remove(&(before, sequence));
        }
        row.due = due;
        if let Some(due) = due {
            self.due.insert((due, sequence));
        }
    }

    pub(super) fn claim(&mut self, sequence: u64, until: DateTime<Utc>) -> Option<Claim> {
        self.set_due(sequence, Some(until));
        let row = self.rows.get_mut(&sequence)?;
        row.claims += 1;
        Some(Claim::new(row.delivery.clone(), self.endpoint.clone(), row.claims))
    }

    /// Keeps what became of a delivery, if the claim stands.
    pub(super) fn settle(&mut self, sequence: u64, token: u64, settlement: &Settlement) -> bool {
        let row = self.rows.get_mut(&sequence);
        let row = row.filter(|row| row.claims == token && row.delivery.state == DeliveryState::Waiting);
        let Some(row) = row else { return false };
        if settlement.next != Next::Delivered {
            row.delivery.attempts = row.delivery.attempts.saturating_add(1);
        }
        // A claim is settled once.
        row.claims += 1;
        if let Next::Retry(at) = settlement.next {
            self.set_due(sequence, Some(at));
            return true;
        }
        let resource = row.delivery.resource.clone();
        self.set_due(sequence, None);
        if let Some(chain) = self.waiting.get_mut(&resource) {
            chain.sequences.remove(&sequence);
            chain.due = None;
            if chain.sequences.is_empty() {
                self.waiting.remove(&resource);
            }
        }
        self.lay_down(sequence, settlement.next);
        self.call(&resource, settlement.attempt.at);
        true
    }

    /// Keeps a delivery that is over.
    fn lay_down(&mut self, sequence: u64, next: Next) {
        let Some(row) = self.rows.get_mut(&sequence) else {
            return;
        };
        if next == Next::Delivered {
            row.delivery.state = DeliveryState::Delivered;
            // This try is about to be logged.
            row.arrived = self.tries + 1;
            self.delivered.insert(row.arrived, sequence);
        } else {
            row.delivery.state = DeliveryState::Dead;
            self.dead.insert(sequence);
        }
    }

    /// Writes a try down, with what it says about the endpoint.
    pub(super) fn note(&mut self, settlement: &Settlement, attempts: usize) {
        let Attempt { at, outcome, .. } = settlement.attempt;
        let health = &mut self.endpoint.health;
        if outcome.is_success() {
            *health = Health::default();
        } else {
            health.failing_since = health.failing_since.or(Some(at));
            health.failures = health.failures.saturating_add(1);
            health.resting_until = health.resting_until.max(settlement.rest_until);
        }
        if let (Some(state), EndpointState::On) = (settlement.disable, self.endpoint.state) {
            self.endpoint.state = state;
            self.endpoint.revision += 1;
        }
        self.tries += 1;
        self.log.push_back(settlement.attempt.clone());
        while self.log.len() > attempts {
            self.log.pop_front();
        }
    }

    /// Forgets the oldest dead letters beyond so many.
    pub(super) fn bury(&mut self, most: usize) {
        while self.dead.len() > most {
            if let Some(sequence) = self.dead.pop_first() {
                self.rows.remove(&sequence);
            }
        }
    }

    /// Forgets what has arrived before the last so many tries.
    pub(super) fn forget(&mut self, tries: usize) {
        let last = self.tries.saturating_sub(u64::try_from(tries).unwrap_or(u64::MAX));
        while let Some(oldest) = self.delivered.first_entry().filter(|oldest| *oldest.key() <= last) {
            self.rows.remove(&oldest.remove());
        }
    }

    pub(super) fn resend(&mut self, sequences: Option<&[u64]>, now: DateTime<Utc>) -> Resent {
        let mut wanted: Vec<u64> = match sequences {
            None => self.dead.iter().copied().collect(),
            Some(wanted) => wanted.to_vec(),
        };
        if let Some(missing) = wanted.iter().find(|sequence| !self.rows.contains_key(sequence)) {
            return Resent::NotKept(*missing);
        }
        // Of one resource, the first has the turn.
        wanted.sort_unstable();
        let revived = wanted.into_iter().filter(|sequence| self.revive(*sequence, now));
        Resent::Again(u64::try_from(revived.count()).unwrap_or(u64::MAX))
    }

    /// Has a delivery that is over wait again; whether it was.
    fn revive(&mut self, sequence: u64, now: DateTime<Utc>) -> bool {
        let row = self.rows.get_mut(&sequence);
        let Some(row) = row.filter(|row| row.delivery.state != DeliveryState::Waiting) else {
            return false;
        };
        row.delivery.state = DeliveryState::Waiting;
        row.delivery.attempts = 0;
        let resource = row.delivery.resource.clone();
        self.delivered.remove(&row.arrived);
        row.arrived = 0;
        self.dead.remove(&sequence);
        self.wait(&resource, sequence, now);
        true
    }
}
