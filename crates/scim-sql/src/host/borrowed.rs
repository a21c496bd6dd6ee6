//! A connection that the host holds itself, as a session.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, Waker},
};

use rusqlite::Connection;

use crate::{
    Engine,
    error::SqlError,
    session::Session,
    sqlite,
    statement::{Row, Statement},
};

/// Statements on their way to whoever holds the connection, which cannot leave its thread.
pub(super) struct Borrowed(Arc<Mutex<Turn>>);

enum Turn {
    Nobody,
    Asked(Statement, Wanted),
    Answered(Result<(Vec<Row>, u64), SqlError>),
}

#[derive(Clone, Copy)]
enum Wanted {
    Effect,
    Rows,
}

impl Borrowed {
    /// Runs work on a connection, statement by statement.
    pub(super) fn run<T, F: Future<Output = T>>(connection: &Connection, work: impl FnOnce(Self) -> F) -> Option<T> {
        let turn = Arc::new(Mutex::new(Turn::Nobody));
        let mut work = pin!(work(Self(Arc::clone(&turn))));
        loop {
            if let Poll::Ready(value) = work.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                return Some(value);
            }
            let mut turn = turn.lock().unwrap_or_else(PoisonError::into_inner);
            let answer = match &*turn {
                Turn::Asked(statement, Wanted::Rows) => sqlite::read(connection, statement).map(|rows| (rows, 0)),
                Turn::Asked(statement, Wanted::Effect) => {
                    sqlite::write(connection, statement).map(|touched| (Vec::new(), touched))
                }
                // It waits for something else, which never comes.
                _ => return None,
            };
            *turn = Turn::Answered(answer);
        }
    }

    async fn ask(&self, statement: &Statement, wanted: Wanted) -> Result<(Vec<Row>, u64), SqlError> {
        *self.turn() = Turn::Asked(statement.clone(), wanted);
        poll_fn(|_| {
            let mut turn = self.turn();
            match std::mem::replace(&mut *turn, Turn::Nobody) {
                Turn::Answered(answer) => Poll::Ready(answer),
                other => {
                    *turn = other;
                    Poll::Pending
                }
            }
        })
        .await
    }

    fn turn(&self) -> std::sync::MutexGuard<'_, Turn> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Session for Borrowed {
    fn engine(&self) -> Engine {
        Engine::Sqlite
    }

    fn schema(&self) -> &'static str {
        ""
    }

    async fn rows(&mut self, statement: &Statement) -> Result<Vec<Row>, SqlError> {
        self.ask(statement, Wanted::Rows).await.map(|(rows, _)| rows)
    }

    async fn run(&mut self, statement: &Statement) -> Result<u64, SqlError> {
        self.ask(statement, Wanted::Effect).await.map(|(_, touched)| touched)
    }
}
