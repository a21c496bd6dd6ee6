//! The threads with small pieces of work: what is whole, what is rolled back, who goes on.

use std::{
    env, fs,
    path::PathBuf,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc,
    },
    task::{Context, Poll, Wake, Waker},
    thread::{self, Thread},
    time::Duration,
};

use scim_store::{Result, StoreError};

use super::{
    SqliteSession, SqliteStore,
    line::{Line, ready},
    opener::Opener,
    threads::Threads,
};
use crate::{
    Engine, OpenError, Synchronous,
    error::{Failure, SqlError},
    session::Session,
    statement::{Statement, Value},
};

/// A directory that goes with the test.
struct Directory(PathBuf);

impl Directory {
    fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let name = format!(
            "scim-sql-{}-{}",
            std::process::id(),
            NEXT.fetch_add(1, Ordering::Relaxed)
        );
        let path = env::temp_dir().join(name);
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn file(&self) -> PathBuf {
        self.0.join("scim.db")
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}

fn opener(directory: &Directory) -> Opener {
    Opener {
        path: Some(directory.file()),
        synchronous: Synchronous::Full,
        busy_timeout: Duration::from_millis(1),
        deadline: Duration::from_secs(60),
        owner: super::opener::Owner::Library,
    }
}

fn threads(directory: &Directory) -> Threads {
    block_on(Threads::start(opener(directory), 2)).unwrap()
}

fn execute(session: &mut SqliteSession, text: &str, values: Vec<Value>) -> Result<u64, SqlError> {
    let statement = Statement::fixed(Engine::Sqlite, text.to_owned(), values);
    ready(session.run(&statement)).unwrap()
}

/// Adds a row that can be told from others.
fn add(session: &mut SqliteSession, name: &str) -> Result<(), Failure> {
    let text = "INSERT INTO scim_feed (tenant, last) VALUES (?1, 1)";
    match execute(session, text, vec![name.into()]) {
        Err(SqlError::Unique(_)) => Err(refused()),
        outcome => Ok(outcome.map(drop)?),
    }
}

fn write(threads: &Threads, name: &'static str) -> Result<()> {
    block_on(threads.write(None, move |session, _| add(session, name)))
}

/// The rows, by name.
fn names(threads: &Threads) -> Vec<String> {
    let list = Statement::fixed(
        Engine::Sqlite,
        "SELECT tenant FROM scim_feed ORDER BY tenant",
        Vec::new(),
    );
    let read = move |session: &mut SqliteSession| {
        let rows = ready(session.rows(&list)).unwrap()?;
        Ok(rows.iter().map(|row| row.text(0).unwrap().to_owned()).collect())
    };
    block_on(threads.read(read)).unwrap()
}

fn refused() -> Failure {
    Failure::Store(StoreError::NotFound)
}

#[test]
fn what_is_written_is_read_and_stays() {
    let directory = Directory::new();
    let first = threads(&directory);
    write(&first, "a").unwrap();
    assert_eq!(names(&first), ["a"]);
    block_on(first.close());
    assert!(matches!(write(&first, "b"), Err(StoreError::Unavailable { .. })));
    let left: Vec<_> = fs::read_dir(&directory.0)
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(left, ["scim.db"]);
    assert_eq!(names(&threads(&directory)), ["a"]);
}

#[test]
fn writes_that_wait_together_fail_alone() {
    let directory = Directory::new();
    let threads = threads(&directory);
    let (hold, held) = mpsc::channel::<()>();
    let mut first = pin!(threads.write(None, move |session, _| {
        let _ = held.recv();
        add(session, "first")
    }));
    let mut context = Context::from_waker(Waker::noop());
    assert!(first.as_mut().poll(&mut context).is_pending());
    let mut others: Vec<_> = (0..100)
        .map(|number: u32| {
            Box::pin(threads.write(None, move |session, _| {
                add(session, &format!("{number:02}"))?;
                match number % 10 {
                    0 => Err(refused()),
                    5 => add(session, "first").map(|()| number), // which is there already
                    _ => Ok(number),
                }
            }))
        })
        .collect();
    for other in &mut others {
        assert!(other.as_mut().poll(&mut context).is_pending());
    }
    drop(hold);
    block_on(first).unwrap();
    for (number, other) in others.into_iter().enumerate() {
        match (number % 10, block_on(other)) {
            (0, Err(StoreError::NotFound)) | (5, Err(_)) | (1..=4 | 6..=9, Ok(_)) => {}
            (_, outcome) => panic!("{number}: {outcome:?}"),
        }
    }
    let written = names(&threads);
    assert_eq!(written.len(), 81);
    assert!(!written.iter().any(|name| name.ends_with(['0', '5'])));
}

#[test]
fn a_panic_fails_its_own_work_only() {
    let directory = Directory::new();
    let stores = [threads(&directory), {
        let opener = Opener {
            path: None,
            ..opener(&directory)
        };
        block_on(Threads::start(opener, 0)).unwrap()
    }];
    for threads in stores {
        write(&threads, "before").unwrap();
        let mut context = Context::from_waker(Waker::noop());
        let (hold, held) = mpsc::channel::<()>();
        let mut first = Box::pin(threads.write(None, move |_, _| {
            let _ = held.recv();
            Ok(())
        }));
        assert!(first.as_mut().poll(&mut context).is_pending());
        let mut works: Vec<_> = (0..3)
            .map(|number: u32| {
                Box::pin(threads.write(None, move |session, _| {
                    add(session, &number.to_string())?;
                    assert_ne!(number, 1, "as the test wants");
                    Ok(())
                }))
            })
            .collect();
        for work in &mut works {
            assert!(work.as_mut().poll(&mut context).is_pending());
        }
        drop(hold);
        let outcomes: Vec<bool> = works.into_iter().map(|work| block_on(work).is_ok()).collect();
        assert_eq!(outcomes, [true, false, true]);
        let panicking = threads.read(|_| -> Result<(), Failure> { panic!("as the test wants") });
        assert!(block_on(panicking).is_err());
        assert_eq!(names(&threads), ["0", "2", "before"]);
    }
}

#[test]
fn dropped_futures_leave_all_or_nothing() {
    let directory = Directory::new();
    let threads = threads(&directory);
    let (started, starts) = mpsc::channel();
    let (go, gone) = mpsc::channel::<()>();
    let mut running = Box::pin(threads.write(None, move |session, _| {
        add(session, "running")?;
        started.send(()).unwrap();
        let _ = gone.recv();
        add(session, "running too")
    }));
    let mut waiting = Box::pin(threads.write(None, |session, _| add(session, "waiting")));
    let mut context = Context::from_waker(Waker::noop());
    assert!(running.as_mut().poll(&mut context).is_pending());
    assert!(waiting.as_mut().poll(&mut context).is_pending());
    starts.recv().unwrap();
    drop((running, waiting));
    drop(go);
    write(&threads, "z").unwrap();
    assert_eq!(names(&threads), ["running", "running too", "z"]);
}

#[test]
fn several_stores_write_one_file() {
    let directory = Directory::new();
    let count = 50;
    thread::scope(|threads| {
        for store in 0..4 {
            let directory = &directory;
            threads.spawn(move || {
                // Opened at the same time, each finds the tables or makes them.
                let store_threads = self::threads(directory);
                for number in 0..count {
                    let name = format!("{store} {number}");
                    block_on(store_threads.write(None, move |session, _| add(session, &name))).unwrap();
                }
            });
        }
    });
    assert_eq!(names(&threads(&directory)).len(), 4 * count);
}

#[test]
fn a_lock_of_another_process_is_waited_for_until_the_deadline() {
    let directory = Directory::new();
    let patient = threads(&directory);
    let hasty = Opener {
        deadline: Duration::from_millis(20),
        ..opener(&directory)
    };
    let hasty = block_on(Threads::start(hasty, 1)).unwrap();
    let mut other = rusqlite::Connection::open(directory.file()).unwrap();
    let lock = other
        .transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)
        .unwrap();
    assert!(matches!(
        write(&hasty, "hasty"),
        Err(StoreError::Unavailable { retry_after: 1.., .. })
    ));
    assert_eq!(names(&hasty).len(), 0);
    let mut waiting = Box::pin(patient.write(None, |session, _| add(session, "patient")));
    assert!(
        waiting
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
            .is_pending()
    );
    drop(lock);
    block_on(waiting).unwrap();
    assert_eq!(names(&hasty), ["patient"]);
}

#[test]
fn settings_are_those_that_were_asked_for() {
    let directory = Directory::new();
    for synchronous in [Synchronous::Full, Synchronous::Normal] {
        let opener = Opener {
            synchronous,
            ..opener(&directory)
        };
        let threads = block_on(Threads::start(opener, 1)).unwrap();
        let ask = |text: &'static str| {
            move |session: &mut SqliteSession| {
                let rows = ready(session.rows(&Statement::fixed(Engine::Sqlite, text, Vec::new()))).unwrap()?;
                Ok(rows[0].values()[0].clone())
            }
        };
        let level = synchronous.level();
        let asked = ask("PRAGMA synchronous");
        let written = block_on(threads.write(None, move |session, _| asked(session))).unwrap();
        assert_eq!(written, Value::from(level));
        assert_eq!(
            block_on(threads.read(ask("PRAGMA journal_mode"))).unwrap(),
            Value::from("wal")
        );
        let refused = block_on(threads.read(|session| add(session, "by a reader")));
        assert!(matches!(refused, Err(StoreError::Other(_))));
    }
}

#[cfg(unix)]
#[test]
fn a_new_file_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let directory = Directory::new();
    let _threads = threads(&directory);
    for entry in fs::read_dir(&directory.0).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{:?}", entry.file_name());
    }
}

#[test]
fn places_that_are_no_files_are_refused() {
    let directory = Directory::new();
    let open = |url: String| block_on(SqliteStore::builder().open_url(&url));
    for url in ["mysql:x", "sqlite:", "sqlite::memory:x", "sqlite:x?mode=ro"] {
        assert!(matches!(open(url.to_owned()), Err(OpenError::Place(_))), "{url}");
    }
    let path = directory.file();
    let path = path.to_str().unwrap();
    assert!(matches!(
        open(format!("sqlite:{path}/none")),
        Err(OpenError::Database(_))
    ));
    fs::write(
        path,
        "this is a text and not a database, whatever its name may say ".repeat(20),
    )
    .unwrap();
    assert!(matches!(open(format!("sqlite:{path}")), Err(OpenError::Database(_))));
    for url in [
        format!("sqlite:{path}2"),
        format!("sqlite://{path}3"),
        "sqlite::memory:".to_owned(),
    ] {
        open(url).unwrap();
    }
}

#[test]
fn a_migration_that_was_interrupted_is_done_again() {
    let directory = Directory::new();
    let database = rusqlite::Connection::open(directory.file()).unwrap();
    // As it is when the process ends in the middle: the journal of the transaction is never committed.
    database.execute_batch("PRAGMA journal_mode = wal").unwrap();
    database
        .execute_batch("BEGIN IMMEDIATE; CREATE TABLE scim_resource (tenant TEXT); ROLLBACK")
        .unwrap();
    drop(database);
    write(&threads(&directory), "a").unwrap();
    let newer = "INSERT INTO scim_migration (version, name, applied) VALUES (99, 'later', 0)";
    rusqlite::Connection::open(directory.file())
        .unwrap()
        .execute_batch(newer)
        .unwrap();
    let refused = block_on(SqliteStore::open(directory.file()));
    assert!(matches!(refused, Err(OpenError::Newer { found: 99, .. })));
}

#[test]
fn a_full_database_fails_what_does_not_fit_only() {
    let directory = Directory::new();
    let threads = threads(&directory);
    let limit = |pages: i64| {
        let set = Statement::fixed(Engine::Sqlite, format!("PRAGMA max_page_count = {pages}"), Vec::new());
        let limit =
            move |session: &mut SqliteSession, _: &mut Line<()>| Ok(ready(session.rows(&set)).unwrap().map(drop)?);
        block_on(threads.write(None, limit)).unwrap();
    };
    limit(1); // which is as many as there are
    let (hold, held) = mpsc::channel::<()>();
    let mut first = Box::pin(threads.write(None, move |_, _| {
        let _ = held.recv();
        Ok(())
    }));
    let mut works: Vec<_> = (0..4)
        .map(|number: u32| {
            Box::pin(threads.write(None, move |session, _| {
                let length = if number.is_multiple_of(2) { 10 } else { 1 << 20 };
                add(session, &format!("{number}{}", "x".repeat(length)))
            }))
        })
        .collect();
    let mut context = Context::from_waker(Waker::noop());
    assert!(first.as_mut().poll(&mut context).is_pending());
    for work in &mut works {
        assert!(work.as_mut().poll(&mut context).is_pending());
    }
    drop(hold);
    let done: Vec<bool> = works.into_iter().map(|work| block_on(work).is_ok()).collect();
    assert_eq!(done, [true, false, true, false]);
    limit(1 << 30);
    write(&threads, "after").unwrap();
    assert_eq!(names(&threads).len(), 3);
}
