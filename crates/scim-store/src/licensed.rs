//! A store whose users need licences of a service elsewhere (decision D55).

use std::{
    collections::HashSet,
    fmt::Debug,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use scim_core::{
    Draft, Edit, ResourceId,
    query::{Query, QueryPage, Relations},
    resource::Found,
};

use crate::{
    Attempt, Capabilities, Denial, Guard, LicenseBackend, Read, Removal, Reservation, Result, ScimStore, Scope,
    SeatStep, StoreError, TxView, Updated, Write, Written,
};

/// Seconds after which a write may be tried again that the licence service did not answer for.
const RETRY_AFTER: u32 = 30;

/// A store with a [`LicenseBackend`]: creation and reactivation reserve a licence inside the transaction, and deactivation and
/// deletion give it back.
///
/// It has two sides: [`LicenseGuard`], the last among the guards of the store, reserves, and this store around it confirms and
/// releases when the write has ended. Writes that do not come through it take no licences. Seats
/// [in the store's own database](crate::SeatStore) are something else: the [`SeatPolicy`](crate::SeatPolicy) is theirs alone,
/// and stays `Never` here.
///
/// ```
/// use std::sync::Arc;
/// use scim_store::{LicenseGuard, Licensed, MemoryLicenses, MemoryStore};
///
/// let licenses = Arc::new(MemoryLicenses::new());
/// licenses.buy("acme", 50);
/// let guard = LicenseGuard::require(Arc::clone(&licenses));
/// let store = MemoryStore::with_guard(Arc::new(guard));
/// let store = Licensed::new(store, licenses);
/// ```
#[derive(Debug)]
pub struct Licensed<S> {
    store: S,
    backend: Arc<dyn LicenseBackend>,
}

/// The side of [`Licensed`] that is asked inside transactions.
#[derive(Debug)]
pub struct LicenseGuard {
    backend: Arc<dyn LicenseBackend>,
    is_required: bool,
}

/// What reconciling did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Reconciled {
    /// Reservations that are in use now.
    pub confirmed: usize,
    /// Reservations that were given back.
    pub released: usize,
}

/// What the guard did for one write; it travels in the scope.
#[derive(Debug, Clone, Default)]
struct Journal(Arc<Mutex<Entries>>);

#[derive(Debug, Default)]
struct Entries {
    reserved: Vec<Reservation>,
    to_release: Vec<Reservation>,
}

impl LicenseGuard {
    /// Refuses by 403 whoever becomes active while no licence is free.
    pub fn require(backend: impl LicenseBackend) -> Self {
        Self {
            backend: Arc::new(backend),
            is_required: true,
        }
    }

    /// Lets users become active either way.
    pub fn when_available(backend: impl LicenseBackend) -> Self {
        Self {
            backend: Arc::new(backend),
            is_required: false,
        }
    }

    async fn reserve(&self, scope: &Scope, journal: &Journal, id: &ResourceId) -> Result<(), Denial> {
        // A transaction that is done again has its licence.
        if journal.lock().reserved.iter().any(|known| known.user == *id) {
            return Ok(());
        }
        let reservation = Reservation::new(scope.ids.next().as_str(), id.clone(), scope.now);
        // Noted first: what the service took and could not say is given back.
        journal.lock().reserved.push(reservation.clone());
        let is_free = self.backend.reserve(scope.tenant(), &reservation).await;
        match is_free {
            Ok(true) => Ok(()),
            Ok(false) => {
                journal.lock().reserved.retain(|known| known.name != reservation.name);
                if self.is_required {
                    Err(SeatStep::denial())
                } else {
                    Ok(())
                }
            }
            Err(_) => Err(unreachable()),
        }
    }

    async fn note_release(&self, scope: &Scope, journal: &Journal, id: &ResourceId) -> Result<(), Denial> {
        // Inside the transaction: whoever activates the user again comes later, with a reservation of its own.
        let held = self.backend.held_by(scope.tenant(), id).await;
        let held = held.map_err(|_| unreachable())?;
        let mut entries = journal.lock();
        for reservation in held {
            if !entries.to_release.iter().any(|known| known.name == reservation.name) {
                entries.to_release.push(reservation);
            }
        }
        Ok(())
    }
}

impl<S: ScimStore> Licensed<S> {
    /// A store around one that asks a [`LicenseGuard`] of the same service.
    pub fn new(store: S, backend: impl LicenseBackend) -> Self {
        Self {
            store,
            backend: Arc::new(backend),
        }
    }

    /// Sets right what was lost on the way, as after a crash: a reservation of an active user is confirmed, once for each
    /// user, and all others are released. Reservations that are not older than `before` are left alone, as their writes may be
    /// at work: a few minutes ago is a good choice.
    ///
    /// # Errors
    ///
    /// The service or the store is out of reach; what was done is done, and the rest can be done again.
    pub async fn reconcile(&self, scope: &Scope, before: DateTime<Utc>) -> Result<Reconciled> {
        let mut all = self.backend.all(scope.tenant()).await?;
        // Those in use come first, so that of two of one user the one stays that was there.
        all.sort_by_key(|reservation| (!reservation.confirmed, reservation.at));
        let mut done = Reconciled::default();
        let mut served = HashSet::new();
        for reservation in all {
            if reservation.at >= before {
                continue;
            }
            if self.is_active(scope, &reservation.user).await? && served.insert(reservation.user.clone()) {
                if !reservation.confirmed {
                    self.backend.confirm(scope.tenant(), &reservation.name).await?;
                    done.confirmed += 1;
                }
            } else {
                self.backend.release(scope.tenant(), &reservation.name).await?;
                done.released += 1;
            }
        }
        Ok(done)
    }

    async fn is_active(&self, scope: &Scope, id: &ResourceId) -> Result<bool> {
        for kind in scope.kinds.types().iter().filter(|kind| crate::takes_seats(kind)) {
            let read = Read::new(Arc::clone(kind), id.clone()).with_relations(Relations::NONE);
            match self.store.get(scope, &read).await {
                Ok(found) => return Ok(found.stored.resource().is_active()),
                Err(StoreError::NotFound) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(false)
    }

    /// Confirms or releases what the guard did, by how the write ended. What fails here waits for [`Self::reconcile`], as the
    /// write has been answered for by the store already.
    async fn settle<T>(&self, scope: &Scope, journal: Journal, outcome: Result<T>) -> Result<T> {
        let Entries { reserved, to_release } = std::mem::take(&mut *journal.lock());
        // A write whose end is not known may have been done.
        let is_done = outcome.is_ok();
        let is_undone =
            matches!(&outcome, Err(error) if !matches!(error, StoreError::Unavailable { .. } | StoreError::Other(_)));
        for reservation in reserved {
            let name = &reservation.name;
            // Of several tries of one transaction, one has made its user.
            let settled = match is_undone {
                true => self.backend.release(scope.tenant(), name).await,
                false => match self.is_active(scope, &reservation.user).await {
                    Ok(true) => self.backend.confirm(scope.tenant(), name).await,
                    Ok(false) => self.backend.release(scope.tenant(), name).await,
                    Err(error) => Err(error),
                },
            };
            drop(settled);
        }
        for reservation in to_release.iter().filter(|_| is_done) {
            drop(self.backend.release(scope.tenant(), &reservation.name).await);
        }
        outcome
    }
}

impl Journal {
    fn lock(&self) -> MutexGuard<'_, Entries> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A scope that has a new journal with it.
    fn open(scope: &Scope) -> (Scope, Self) {
        let (mut scope, journal) = (scope.clone(), Self::default());
        scope.extensions.insert(journal.clone());
        (scope, journal)
    }
}

#[async_trait]
impl Guard for LicenseGuard {
    async fn check(&self, scope: &Scope, attempt: Attempt<'_>, _: &mut dyn TxView) -> Result<(), Denial> {
        let Some(journal) = scope.extensions.get::<Journal>() else {
            return Ok(());
        };
        // Who was active before is not refused, nor given one.
        let policy = crate::SeatPolicy::Require;
        let (id, step) = match attempt {
            Attempt::Create { kind, id, after } => (id, SeatStep::of(policy, kind, None, Some(after))),
            Attempt::Delete { kind, id, before } => (id, SeatStep::of(policy, kind, Some(before), None)),
            Attempt::Update {
                kind,
                id,
                before,
                after,
            } => (id, SeatStep::of(policy, kind, Some(before), Some(after))),
            Attempt::Members { .. } | Attempt::Password { .. } => return Ok(()),
        };
        match step {
            SeatStep::Take { required: true } => self.reserve(scope, journal, id).await,
            SeatStep::Release => self.note_release(scope, journal, id).await,
            _ => Ok(()),
        }
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl<S: ScimStore> ScimStore for Licensed<S> {
    fn capabilities(&self) -> Capabilities {
        self.store.capabilities()
    }

    async fn create(&self, scope: &Scope, draft: &Draft) -> Result<Found> {
        let (scope, journal) = Journal::open(scope);
        let outcome = self.store.create(&scope, draft).await;
        self.settle(&scope, journal, outcome).await
    }

    async fn delete(&self, scope: &Scope, removal: &Removal) -> Result<()> {
        let (scope, journal) = Journal::open(scope);
        let outcome = self.store.delete(&scope, removal).await;
        self.settle(&scope, journal, outcome).await
    }

    async fn get(&self, scope: &Scope, read: &Read) -> Result<Found> {
        self.store.get(scope, read).await
    }

    async fn query(&self, scope: &Scope, query: &Query) -> Result<QueryPage> {
        self.store.query(scope, query).await
    }

    async fn update(&self, scope: &Scope, edit: &Edit) -> Result<Updated> {
        let (scope, journal) = Journal::open(scope);
        let outcome = self.store.update(&scope, edit).await;
        self.settle(&scope, journal, outcome).await
    }

    async fn batch(&self, scope: &Scope, writes: &[Write]) -> Result<Vec<Written>> {
        let (scope, journal) = Journal::open(scope);
        let outcome = self.store.batch(&scope, writes).await;
        self.settle(&scope, journal, outcome).await
    }
}

fn unreachable() -> Denial {
    Denial::until_later("the licence service does not answer", RETRY_AFTER)
}
