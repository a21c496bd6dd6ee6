//! The threads of a store: one that writes, and some that read.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::Duration,
};

use futures_channel::oneshot;
use scim_store::{Guard, Result, Scope};

use super::{
    SqliteSession,
    line::{Line, gone, line},
    opener::Opener,
    queue::Queue,
    worker::{Job, Role, Task, Worker},
};
use crate::{OpenError, error::Failure, retry};

/// Threads that end when this is dropped.
pub(crate) struct Threads {
    writer: Arc<Queue<Task>>,
    /// That of the writer for a database in memory, which has one connection.
    readers: Arc<Queue<Task>>,
    deadline: Duration,
    ends: Mutex<Ends>,
}

/// Messages of threads that have ended, by their channels' being closed.
#[derive(Default)]
struct Ends {
    writer: Vec<oneshot::Receiver<()>>,
    readers: Vec<oneshot::Receiver<()>>,
}

impl Threads {
    /// Opens the database on the writer's thread, then the readers' connections on theirs.
    pub(super) async fn start(opener: Opener, readers: usize) -> Result<Self, OpenError> {
        let deadline = opener.deadline;
        let writer = Arc::new(Queue::new());
        let mut ends = Ends::default();
        let queue = if readers == 0 {
            Arc::clone(&writer)
        } else {
            Arc::new(Queue::new())
        };
        // Dropped half-way, it closes the queues, and with them the threads.
        let mut threads = Self {
            writer: Arc::clone(&writer),
            readers: Arc::clone(&queue),
            deadline,
            ends: Mutex::default(),
        };
        ends.writer.push(spawn(Role::Writer, opener.clone(), writer).await?);
        for _ in 0..readers {
            let end = spawn(Role::Reader, opener.clone(), Arc::clone(&queue)).await?;
            ends.readers.push(end);
        }
        threads.ends = Mutex::new(ends);
        Ok(threads)
    }

    /// Works inside a read transaction, on one state of the database.
    pub(crate) async fn read<T, F>(&self, mut work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnMut(&mut SqliteSession) -> Result<T, Failure> + Send + 'static,
    {
        let work = move |session: &mut SqliteSession, _: &mut Line<T>| work(session);
        self.send(&self.readers, None, work).await
    }

    /// Works inside a transaction that writes, and is committed when this has the answer.
    pub(crate) async fn write<T, F>(&self, guard: Option<(&Scope, &dyn Guard)>, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnMut(&mut SqliteSession, &mut Line<T>) -> Result<T, Failure> + Send + 'static,
    {
        self.send(&self.writer, guard, work).await
    }

    /// Takes nothing more in, and waits until the threads are done and have closed the database; the writer last, so that
    /// it leaves nothing in the log.
    pub(crate) async fn close(&self) {
        let ends = std::mem::take(&mut *self.ends.lock().unwrap_or_else(PoisonError::into_inner));
        self.readers.close();
        for end in ends.readers {
            let _ = end.await;
        }
        self.writer.close();
        for end in ends.writer {
            let _ = end.await;
        }
    }

    async fn send<T, F>(&self, queue: &Queue<Task>, guard: Option<(&Scope, &dyn Guard)>, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnMut(&mut SqliteSession, &mut Line<T>) -> Result<T, Failure> + Send + 'static,
    {
        let (line, hearing) = line(retry::deadline(self.deadline), guard.is_some());
        if !queue.push(Box::new(Job::new(line, work))) {
            return Err(gone());
        }
        hearing.answer(guard).await
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        self.readers.close();
        self.writer.close();
    }
}

impl fmt::Debug for Threads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Threads").finish_non_exhaustive()
    }
}

/// Starts a thread, and waits until it has its connection: a channel that closes when it has ended.
async fn spawn(role: Role, opener: Opener, queue: Arc<Queue<Task>>) -> Result<oneshot::Receiver<()>, OpenError> {
    let (opened, opening) = oneshot::channel();
    let (end, ended) = oneshot::channel::<()>();
    let body = move || {
        let session = match role {
            Role::Reader => opener.connect(role).map_err(OpenError::database),
            Role::Writer => opener.create(),
        };
        match session {
            Ok(session) => {
                if opened.send(Ok(())).is_ok() {
                    Worker::new(role, opener, session, queue).work();
                }
            }
            Err(error) => drop(opened.send(Err(error))),
        }
        drop(end);
    };
    let name = match role {
        Role::Reader => "scim-sql-reader",
        Role::Writer => "scim-sql-writer",
    };
    let thread = thread::Builder::new().name(name.to_owned()).spawn(body);
    thread.map_err(OpenError::database)?;
    let opened = opening.await;
    opened.map_err(|_| OpenError::database("the thread of the database failed"))??;
    Ok(ended)
}
