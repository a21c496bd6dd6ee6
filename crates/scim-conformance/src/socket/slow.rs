use std::{
    io::{ErrorKind, Read, Write},
    net::TcpStream,
    sync::{
        Barrier,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use super::{Socket, Waits, place::Place, wire};

/// Clients that hold connections: silent ones, ones that send a head or a body byte by byte, and ones that never read. Meanwhile
/// others want answers.
///
/// The host is to end all slow connections within [`wait`](Self::wait), those with a slow body by 408, and to answer the others.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SlowClients {
    /// How many are slow: 200.
    pub slow: usize,
    /// How many are not: 8.
    pub others: usize,
    /// How many requests each of the others sends: 20.
    pub requests: usize,
    /// How long a slow client waits for its end: 30 s. The host's own time limits should be far below.
    pub wait: Duration,
}

/// What a slow client does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Silent,
    SlowHead,
    SlowBody,
    Deaf,
}

/// Bytes of slow clients come as often as this.
const BEAT: Duration = Duration::from_millis(50);

impl SlowClients {
    /// 200 slow clients and 8 others.
    pub fn new() -> Self {
        Self {
            slow: 200,
            others: 8,
            requests: 20,
            wait: Duration::from_secs(30),
        }
    }

    /// Changes some fields.
    #[must_use]
    pub fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    /// Runs them all against the service below a path such as `/scim/v2`, and gives how long the others waited for answers, before
    /// the slow ones came and beside them.
    ///
    /// # Errors
    /// What the host did not do, one to a line.
    pub fn run(&self, socket: &Socket, base_path: &str, token: &str) -> Result<Waits, String> {
        let place = Place {
            socket,
            base_path,
            token,
        };
        let idle = self.idle(place)?;
        let (connected, done) = (Barrier::new(self.slow + self.others), AtomicBool::new(false));
        let (connected, done) = (&connected, &done);
        let (slow, others) = thread::scope(|scope| {
            let spawn = |index| scope.spawn(move || self.be_slow(place, kind(index), connected, done));
            let slow: Vec<_> = (0..self.slow).map(spawn).collect();
            let spawn = |_| scope.spawn(move || self.be_quick(place, connected));
            let others: Vec<_> = (0..self.others).map(spawn).collect();
            let panicked = |_| Err("a client panicked".to_owned());
            let others: Vec<_> = others
                .into_iter()
                .map(|it| it.join().unwrap_or_else(panicked))
                .collect();
            done.store(true, Ordering::Relaxed);
            let panicked = |_| Err("a client panicked".to_owned());
            let slow: Vec<_> = slow.into_iter().map(|it| it.join().unwrap_or_else(panicked)).collect();
            (slow, others)
        });
        let beside = others.iter().flatten().flatten().copied().collect();
        let mut problems: Vec<String> = others.into_iter().filter_map(Result::err).collect();
        problems.extend(slow.into_iter().filter_map(Result::err));
        if problems.is_empty() {
            Ok(Waits::new(idle, beside))
        } else {
            problems.sort();
            Err(counted(&problems))
        }
    }

    /// How long the others wait while nobody is slow.
    fn idle(&self, place: Place<'_>) -> Result<Vec<Duration>, String> {
        let start = &Barrier::new(self.others);
        thread::scope(|scope| {
            let spawn = |_| scope.spawn(move || self.be_quick(place, start));
            let others: Vec<_> = (0..self.others).map(spawn).collect();
            let panicked = |_| Err("a client panicked".to_owned());
            let waits = others.into_iter().map(|it| it.join().unwrap_or_else(panicked));
            Ok(waits.collect::<Result<Vec<_>, _>>()?.concat())
        })
    }

    /// Comes again until the others are done.
    fn be_slow(&self, place: Place<'_>, kind: Kind, connected: &Barrier, done: &AtomicBool) -> Result<(), String> {
        let stream = place.socket.connect();
        connected.wait();
        let mut stream = stream.map_err(|error| format!("a slow client cannot connect: {error}"))?;
        loop {
            self.hold(stream, place, kind)
                .map_err(|problem| format!("{kind:?}: {problem}"))?;
            if done.load(Ordering::Relaxed) {
                return Ok(());
            }
            stream = place.socket.connect().map_err(|error| error.to_string())?;
        }
    }

    /// Holds the connection as long as the host allows it.
    fn hold(&self, mut stream: TcpStream, place: Place<'_>, kind: Kind) -> Result<(), String> {
        let broken = |error: std::io::Error| error.to_string();
        let Place { base_path, token, .. } = place;
        let end = Instant::now() + self.wait;
        if kind == Kind::Deaf {
            stream.set_write_timeout(Some(self.wait)).map_err(broken)?;
            let request =
                format!("GET {base_path}/Schemas HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {token}\r\n\r\n");
            while Instant::now() < end {
                match stream.write_all(request.as_bytes()) {
                    Ok(()) => {}
                    Err(error) if is_timeout(&error) => break,
                    Err(_) => return Ok(()),
                }
            }
            return Err("the connection was not ended".to_owned());
        }
        let start = match kind {
            Kind::Silent => String::new(),
            Kind::SlowHead => format!("GET {base_path}/Users HTTP/1.1\r\nHost: h\r\nX-Slow: "),
            _ => format!(
                "POST {base_path}/Users HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {token}\r\n\
                 Content-Type: application/scim+json\r\nContent-Length: 5000\r\n\r\n{{"
            ),
        };
        stream.set_read_timeout(Some(BEAT)).map_err(broken)?;
        // Where the host ends the connection, this fails or the reading does.
        let _ = stream.write_all(start.as_bytes());
        let mut answer = Vec::new();
        let mut piece = [0; 4096];
        while Instant::now() < end {
            match stream.read(&mut piece) {
                Ok(0) => return judge(kind, &answer),
                Ok(count) => answer.extend(piece.iter().take(count)),
                Err(error) if is_timeout(&error) && kind != Kind::Silent && answer.is_empty() => {
                    let _ = stream.write_all(b" ");
                }
                Err(error) if is_timeout(&error) => {}
                Err(_) => return judge(kind, &answer),
            }
        }
        Err("the connection was not ended".to_owned())
    }

    /// How long the answers took.
    fn be_quick(&self, place: Place<'_>, connected: &Barrier) -> Result<Vec<Duration>, String> {
        connected.wait();
        let mut waits = Vec::with_capacity(self.requests);
        for _ in 0..self.requests {
            let start = Instant::now();
            place.ask()?;
            waits.push(start.elapsed());
        }
        Ok(waits)
    }
}

impl Default for SlowClients {
    fn default() -> Self {
        Self::new()
    }
}

/// Few are deaf: each makes the host work until all buffers are full.
fn kind(index: usize) -> Kind {
    match (index % 50, index % 3) {
        (49, _) => Kind::Deaf,
        (_, 0) => Kind::Silent,
        (_, 1) => Kind::SlowHead,
        _ => Kind::SlowBody,
    }
}

/// A head that never ends may be answered or not, a body that never ends is.
fn judge(kind: Kind, answer: &[u8]) -> Result<(), String> {
    let status = wire::head(&mut &*answer).map(|answer| answer.status().as_u16());
    match (kind, status) {
        (_, Ok(408)) => Ok(()),
        (Kind::Silent | Kind::SlowHead, Err(_)) if answer.is_empty() => Ok(()),
        (_, Ok(status)) => Err(format!("ended by {status}")),
        (_, Err(_)) => Err("ended without an answer".to_owned()),
    }
}

fn is_timeout(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::TimedOut | ErrorKind::WouldBlock)
}

/// Sorted lines, each once with its number.
fn counted(problems: &[String]) -> String {
    let groups = problems.chunk_by(|one, other| one == other);
    let lines = groups.filter_map(|group| Some(format!("{} x {}", group.len(), group.first()?)));
    lines.collect::<Vec<_>>().join("\n")
}
