//! What a thread of the store and the future that waits for it tell each other.
//!
//! The guard is asked where the future is polled, which is where the host's runtime is. The thread waits for the verdict
//! meanwhile, inside its transaction, and answers what the guard wants to look up.

use std::{
    future::Future,
    pin::pin,
    sync::{
        Arc,
        mpsc::{self, RecvTimeoutError},
    },
    task::{Context, Poll, Waker},
    time::Instant,
};

use async_trait::async_trait;
use futures_channel::oneshot;
use scim_core::{
    ResourceId,
    filter::Predicate,
    resource::{Found, Resource},
    schema::ResourceType,
};
use scim_store::{Attempt, Denial, Guard, Losses, Result, Scope, StoreError, Tally, TxView};

use crate::{
    error::{Failure, RETRY_AFTER},
    verbs::Gate,
};

/// The thread's end.
pub(crate) struct Line<T> {
    next: Option<oneshot::Sender<Turn<T>>>,
    deadline: Instant,
    is_guarded: bool,
}

/// The future's end.
pub(super) struct Hearing<T>(oneshot::Receiver<Turn<T>>);

/// What the thread tells.
enum Turn<T> {
    Answer(Result<T>),
    /// A question to the guard, where to send what it wants to look up and what it says, and the turn that follows.
    Question(Question, mpsc::Sender<Reply>, oneshot::Receiver<Self>),
}

/// What the guard has to say.
enum Reply {
    Count(Arc<ResourceType>, Option<Predicate>, oneshot::Sender<Result<usize>>),
    Get(Arc<ResourceType>, ResourceId, oneshot::Sender<Result<Option<Found>>>),
    Lose(Losses, oneshot::Sender<Result<Option<Tally>>>),
    Members(Arc<ResourceType>, ResourceId, oneshot::Sender<Result<Vec<ResourceId>>>),
    Verdict(Result<(), Denial>),
}

/// An [`Attempt`] that owns what it is about.
enum Question {
    Create(Arc<ResourceType>, ResourceId, Resource),
    Delete(Arc<ResourceType>, ResourceId, Resource),
    Members(Arc<ResourceType>, ResourceId, Vec<ResourceId>, Vec<ResourceId>),
    Password(Arc<ResourceType>, ResourceId, Resource),
    Update(Arc<ResourceType>, ResourceId, Resource, Resource),
}

/// A line between a thread and a future; the thread waits for no verdict behind the deadline.
pub(super) fn line<T>(deadline: Instant, is_guarded: bool) -> (Line<T>, Hearing<T>) {
    let (sender, receiver) = oneshot::channel();
    let line = Line {
        next: Some(sender),
        deadline,
        is_guarded,
    };
    (line, Hearing(receiver))
}

impl<T> Line<T> {
    /// Whether nobody waits any more.
    pub(super) fn is_abandoned(&self) -> bool {
        self.next.as_ref().is_none_or(oneshot::Sender::is_canceled)
    }

    pub(super) fn deadline(&self) -> Instant {
        self.deadline
    }

    pub(super) fn answer(&mut self, answer: Result<T>) {
        if let Some(next) = self.next.take() {
            // Whoever asked may have gone.
            let _ = next.send(Turn::Answer(answer));
        }
    }

    /// Asks the guard, and answers its look-ups until it has decided.
    fn hear(&mut self, question: Question, view: &mut dyn TxView) -> Result<()> {
        let (replies, heard) = mpsc::channel();
        let (sender, receiver) = oneshot::channel();
        let asked = self.next.replace(sender).ok_or_else(gone)?;
        if asked.send(Turn::Question(question, replies, receiver)).is_err() {
            return Err(gone());
        }
        loop {
            let left = self.deadline.saturating_duration_since(Instant::now());
            match heard.recv_timeout(left) {
                Ok(Reply::Count(kind, predicate, to)) => {
                    let count = ready(view.count(&kind, predicate.as_ref())).ok_or_else(gone)?;
                    let _ = to.send(count);
                }
                Ok(Reply::Get(kind, id, to)) => {
                    let found = ready(view.get(&kind, &id)).ok_or_else(gone)?;
                    let _ = to.send(found);
                }
                Ok(Reply::Members(kind, group, to)) => {
                    let members = ready(view.members(&kind, &group)).ok_or_else(gone)?;
                    let _ = to.send(members);
                }
                Ok(Reply::Lose(losses, to)) => {
                    let tally = ready(view.lose(&losses)).ok_or_else(gone)?;
                    let _ = to.send(tally);
                }
                Ok(Reply::Verdict(verdict)) => return verdict.map_err(StoreError::Denied),
                Err(RecvTimeoutError::Timeout) => return Err(late("the guard took too long")),
                // The future was dropped, or the guard panicked.
                Err(RecvTimeoutError::Disconnected) => return Err(gone()),
            }
        }
    }
}

impl<T: Send> Gate for Line<T> {
    fn is_guarded(&self) -> bool {
        self.is_guarded
    }

    async fn ask(&mut self, _: &Scope, attempt: Attempt<'_>, view: &mut dyn TxView) -> Result<()> {
        let question = Question::of(attempt).ok_or_else(|| StoreError::other("an attempt of an unknown kind"))?;
        self.hear(question, view)
    }
}

impl<T> Hearing<T> {
    /// Waits for the answer, and lets the guard answer what is asked meanwhile.
    pub(super) async fn answer(self, guard: Option<(&Scope, &dyn Guard)>) -> Result<T> {
        let Self(mut turn) = self;
        loop {
            match turn.await {
                Ok(Turn::Answer(answer)) => return answer,
                Ok(Turn::Question(question, replies, next)) => {
                    let (scope, guard) = guard.ok_or_else(gone)?;
                    let mut view = Distant(replies.clone());
                    let verdict = guard.check(scope, question.attempt(), &mut view).await;
                    // Where the thread does not wait any more, its answer says why.
                    let _ = replies.send(Reply::Verdict(verdict));
                    turn = next;
                }
                Err(oneshot::Canceled) => return Err(gone()),
            }
        }
    }
}

/// The view of a guard, which is looked through by the thread that has the transaction.
struct Distant(mpsc::Sender<Reply>);

#[async_trait]
impl TxView for Distant {
    async fn count(&mut self, kind: &Arc<ResourceType>, predicate: Option<&Predicate>) -> Result<usize> {
        let (to, answer) = oneshot::channel();
        let ask = Reply::Count(Arc::clone(kind), predicate.cloned(), to);
        self.0.send(ask).map_err(|_| over())?;
        answer.await.map_err(|_| over())?
    }

    async fn get(&mut self, kind: &Arc<ResourceType>, id: &ResourceId) -> Result<Option<Found>> {
        let (to, answer) = oneshot::channel();
        let ask = Reply::Get(Arc::clone(kind), id.clone(), to);
        self.0.send(ask).map_err(|_| over())?;
        answer.await.map_err(|_| over())?
    }

    async fn members(&mut self, kind: &Arc<ResourceType>, group: &ResourceId) -> Result<Vec<ResourceId>> {
        let (to, answer) = oneshot::channel();
        let ask = Reply::Members(Arc::clone(kind), group.clone(), to);
        self.0.send(ask).map_err(|_| over())?;
        answer.await.map_err(|_| over())?
    }

    async fn lose(&mut self, losses: &Losses) -> Result<Option<Tally>> {
        let (to, answer) = oneshot::channel();
        self.0.send(Reply::Lose(losses.clone(), to)).map_err(|_| over())?;
        answer.await.map_err(|_| over())?
    }
}

impl Question {
    fn of(attempt: Attempt<'_>) -> Option<Self> {
        match attempt {
            Attempt::Create { kind, id, after } => Some(Self::Create(Arc::clone(kind), id.clone(), after.clone())),
            Attempt::Delete { kind, id, before } => Some(Self::Delete(Arc::clone(kind), id.clone(), before.clone())),
            Attempt::Members {
                kind,
                id,
                added,
                removed,
            } => Some(Self::Members(
                Arc::clone(kind),
                id.clone(),
                added.to_vec(),
                removed.to_vec(),
            )),
            Attempt::Password { kind, id, before } => {
                Some(Self::Password(Arc::clone(kind), id.clone(), before.clone()))
            }
            Attempt::Update {
                kind,
                id,
                before,
                after,
            } => Some(Self::Update(
                Arc::clone(kind),
                id.clone(),
                before.clone(),
                after.clone(),
            )),
            _ => None,
        }
    }

    fn attempt(&self) -> Attempt<'_> {
        match self {
            Self::Create(kind, id, after) => Attempt::Create { kind, id, after },
            Self::Delete(kind, id, before) => Attempt::Delete { kind, id, before },
            Self::Members(kind, id, added, removed) => Attempt::Members {
                kind,
                id,
                added,
                removed,
            },
            Self::Password(kind, id, before) => Attempt::Password { kind, id, before },
            Self::Update(kind, id, before, after) => Attempt::Update {
                kind,
                id,
                before,
                after,
            },
        }
    }
}

/// The outcome of a verb on a thread of the store, where nothing waits.
pub(crate) fn done<T>(verb: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    ready(verb).unwrap_or_else(|| Err(StoreError::other("a verb waited").into()))
}

/// The outcome of a future that never waits; `None` where it does.
pub(super) fn ready<F: Future>(future: F) -> Option<F::Output> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}

/// Nobody is at the other end.
pub(super) fn gone() -> StoreError {
    late("the store is closed, or a thread of it failed")
}

/// The guard looks for something when the thread has given up already.
fn over() -> StoreError {
    late("the transaction has ended")
}

/// What did not come in time may come another time.
pub(super) fn late(why: &str) -> StoreError {
    StoreError::Unavailable {
        retry_after: RETRY_AFTER,
        source: Some(why.into()),
    }
}
