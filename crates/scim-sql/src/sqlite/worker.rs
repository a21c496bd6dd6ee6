//! A thread with a connection of its own, and the transactions that it runs.
//!
//! Writes are committed in groups: what waits joins the transaction at work, each write but the first behind a savepoint of
//! its own, so that many writers share one flush to the disk. Nobody is answered before the commit. A write that fails is rolled back
//! alone; where the whole transaction falls, each write of it is done again in a transaction of its own.

use std::{
    panic::{self, AssertUnwindSafe},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use scim_store::{Result, StoreError};

use super::{
    SqliteSession,
    line::{Line, late},
    opener::Opener,
    queue::Queue,
};
use crate::{
    error::{Failure, SqlError},
    retry::Retry,
};

/// How many writes one commit takes at most.
const GROUP: usize = 64;

/// How long a transaction takes further writes in, so that the first does not wait for all of them.
const GROUP_TIME: Duration = Duration::from_millis(2);

/// What a thread does for whoever waits.
pub(super) trait Work: Send {
    /// Whether nobody waits for it any more.
    fn is_abandoned(&self) -> bool;

    /// When to give up.
    fn deadline(&self) -> Instant;

    /// Works inside a transaction and keeps the answer; several times, if transactions fall.
    fn run(&mut self, session: &mut SqliteSession) -> Result<(), Failure>;

    /// Answers with what was kept, or why there is nothing.
    fn answer(&mut self, outcome: Result<()>);
}

/// Work as it waits.
pub(super) type Task = Box<dyn Work>;

/// [`Work`] by a closure.
pub(super) struct Job<T, F> {
    line: Line<T>,
    work: F,
    kept: Option<T>,
}

/// What a thread does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Reader,
    Writer,
}

/// A thread's connection, and where its work comes from.
pub(super) struct Worker {
    role: Role,
    opener: Opener,
    /// `None` where the last one was given up.
    session: Option<SqliteSession>,
    queue: Arc<Queue<Task>>,
}

/// Work in a transaction, with what came of it.
type Group = Vec<(Task, Result<()>)>;

/// What became of work in a transaction with others.
enum Part {
    /// This, and the transaction goes on.
    Done(Result<()>),
    /// The transaction fell; this work and the others are to be done again.
    Fallen,
    /// This failed where nothing else was done yet: the transaction is to be rolled back.
    Failed(StoreError),
    /// The transaction fell through this work, which must not be tried again.
    Panicked,
}

impl<T, F> Job<T, F> {
    pub(super) fn new(line: Line<T>, work: F) -> Self {
        Self { line, work, kept: None }
    }
}

impl<T, F> Work for Job<T, F>
where
    T: Send,
    F: FnMut(&mut SqliteSession, &mut Line<T>) -> Result<T, Failure> + Send,
{
    fn is_abandoned(&self) -> bool {
        self.line.is_abandoned()
    }

    fn deadline(&self) -> Instant {
        self.line.deadline()
    }

    fn run(&mut self, session: &mut SqliteSession) -> Result<(), Failure> {
        self.kept = None;
        self.kept = Some((self.work)(session, &mut self.line)?);
        Ok(())
    }

    fn answer(&mut self, outcome: Result<()>) {
        let kept = self.kept.take();
        let answer = outcome.and_then(|()| kept.ok_or_else(|| StoreError::other("work without an answer")));
        self.line.answer(answer);
    }
}

impl Worker {
    pub(super) fn new(role: Role, opener: Opener, session: SqliteSession, queue: Arc<Queue<Task>>) -> Self {
        Self {
            role,
            opener,
            session: Some(session),
            queue,
        }
    }

    /// Works until the queue is closed and empty.
    pub(super) fn work(mut self) {
        while let Some(task) = self.queue.pop() {
            match self.role {
                Role::Reader => self.alone(task),
                Role::Writer => self.together(task).into_iter().for_each(|task| self.alone(task)),
            }
        }
    }

    /// Does this and whatever waits in one transaction: what has to be done again.
    fn together(&mut self, first: Task) -> Vec<Task> {
        if self.begin().is_err() {
            return vec![first];
        }
        let begun = Instant::now();
        let mut group = Group::new();
        let mut next = Some(first);
        while let Some(mut task) = next {
            if is_wanted(&mut task) {
                match self.part(&mut task, group.is_empty()) {
                    Part::Done(outcome) => group.push((task, outcome)),
                    Part::Failed(error) => {
                        self.mend();
                        task.answer(Err(error));
                        return Vec::new();
                    }
                    Part::Fallen => {
                        self.mend();
                        return group.into_iter().map(|(task, _)| task).chain([task]).collect();
                    }
                    Part::Panicked => {
                        self.give_up();
                        task.answer(Err(panicked()));
                        return group.into_iter().map(|(task, _)| task).collect();
                    }
                }
            }
            let more = group.len() < GROUP && begun.elapsed() < GROUP_TIME;
            next = more.then(|| self.queue.try_pop()).flatten();
        }
        match self.execute("COMMIT") {
            Ok(()) => {
                for (mut task, outcome) in group {
                    task.answer(outcome);
                }
                Vec::new()
            }
            Err(error) => {
                self.mend();
                if error.is_temporary() {
                    return group.into_iter().map(|(task, _)| task).collect();
                }
                // Done again, a write that was committed in spite of the error would meet itself.
                let text = error.to_string();
                for (mut task, _) in group {
                    task.answer(Err(StoreError::other(format!("the commit failed: {text}"))));
                }
                Vec::new()
            }
        }
    }

    /// Does work; behind a savepoint, unless it is the first of its transaction.
    fn part(&mut self, task: &mut Task, is_first: bool) -> Part {
        if is_first {
            return match self.run(task) {
                Ok(Ok(())) => Part::Done(Ok(())),
                Ok(Err(failure)) if failure.is_temporary() => Part::Fallen,
                Ok(Err(failure)) => Part::Failed(failure.into()),
                Err(_) => Part::Panicked,
            };
        }
        if self.execute("SAVEPOINT part").is_err() {
            return Part::Fallen;
        }
        let Ok(outcome) = self.run(task) else {
            return Part::Panicked;
        };
        let outcome = match outcome {
            Err(failure) if failure.is_temporary() => return Part::Fallen,
            Err(failure) => self.execute("ROLLBACK TO part").map(|()| Err(failure.into())),
            Ok(()) => Ok(Ok(())),
        };
        // Some errors end the whole transaction, and these statements with it.
        match outcome.and_then(|outcome| self.execute("RELEASE part").map(|()| outcome)) {
            Ok(outcome) => Part::Done(outcome),
            Err(_) => Part::Fallen,
        }
    }

    /// Does work in a transaction of its own, again and again where others are in the way, until its deadline.
    fn alone(&mut self, mut task: Task) {
        let mut retry = Retry::until(task.deadline());
        while is_wanted(&mut task) {
            let Err(failure) = self.single(&mut task) else {
                return task.answer(Ok(()));
            };
            match failure.is_temporary().then(|| retry.next()).flatten() {
                Some(pause) => thread::sleep(pause),
                None => return task.answer(Err(failure.into())),
            }
        }
    }

    fn single(&mut self, task: &mut Task) -> Result<(), Failure> {
        self.begin()?;
        let Ok(outcome) = self.run(task) else {
            self.give_up();
            return Err(Failure::Store(panicked()));
        };
        let outcome = outcome.and_then(|()| Ok(self.execute("COMMIT")?));
        if outcome.is_err() {
            self.mend();
        }
        outcome
    }

    fn run(&mut self, task: &mut Task) -> thread::Result<Result<(), Failure>> {
        let session = match self.session() {
            Ok(session) => session,
            Err(error) => return Ok(Err(error.into())),
        };
        // A panic leaves the connection to be given up and the task to be answered, neither to be looked into.
        panic::catch_unwind(AssertUnwindSafe(|| task.run(session)))
    }

    fn begin(&mut self) -> Result<(), SqlError> {
        let begun = self.execute(match self.role {
            Role::Reader => "BEGIN",
            Role::Writer => "BEGIN IMMEDIATE",
        });
        if begun.is_err() {
            self.mend();
        }
        begun
    }

    fn execute(&mut self, text: &'static str) -> Result<(), SqlError> {
        self.session()?.execute(text)
    }

    fn session(&mut self) -> Result<&mut SqliteSession, SqlError> {
        let session = match self.session.take() {
            Some(session) => session,
            None => self.opener.connect(self.role)?,
        };
        Ok(self.session.insert(session))
    }

    /// Leaves a connection without a transaction.
    fn mend(&mut self) {
        let Some(session) = &mut self.session else { return };
        if session.is_in_transaction() && session.execute("ROLLBACK").is_err() {
            self.give_up();
        }
    }

    /// Rolls back and goes on with a new connection; a database in memory ends with its connection, so that is kept.
    fn give_up(&mut self) {
        if self.opener.is_in_memory() {
            if let Some(session) = &mut self.session {
                let _ = session.execute("ROLLBACK");
            }
        } else {
            self.session = None;
        }
    }
}

/// Whether work is to be done still; what came too late is answered.
fn is_wanted(task: &mut Task) -> bool {
    if task.is_abandoned() {
        return false;
    }
    if task.deadline() <= Instant::now() {
        task.answer(Err(late("others were at work until the deadline")));
        return false;
    }
    true
}

fn panicked() -> StoreError {
    StoreError::other("the work panicked")
}
