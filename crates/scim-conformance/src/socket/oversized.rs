use std::{
    fs,
    io::{self, BufReader, Write},
    net::{Shutdown, TcpStream},
    thread,
    time::Duration,
};

use http::Method;

use super::{Socket, place::Place, wire};

/// Clients that send more than the host takes, and clients that lie about how much they send.
///
/// The host is to answer 413 when it has read the limit and no more than 64 KiB beyond, and 10 such clients at once are not to
/// make it grow by more than 32 MiB.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Oversized {
    /// The longest body that the host takes at `/Users`, in bytes.
    pub limit: usize,
    /// How many send without end at once: 10.
    pub senders: usize,
    /// What each of them sends at most, in bytes: 64 MiB.
    pub most: usize,
    /// How long an answer may take: 30 s.
    pub wait: Duration,
}

/// How far beyond the limit may be read, in bytes.
const BEYOND: usize = 64 << 10;

/// How far the process may grow, in KiB.
const GROWTH: u64 = 32 << 10;

const CHUNK: usize = 32 << 10;

impl Oversized {
    /// Against a host with this limit.
    pub fn new(limit: usize) -> Self {
        Self {
            limit,
            senders: 10,
            most: 64 << 20,
            wait: Duration::from_secs(30),
        }
    }

    /// Changes some fields.
    #[must_use]
    pub fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    /// Runs them all against the service below a path such as `/scim/v2` in the process of this identifier, and gives by how many
    /// KiB it grew at most; `None` where the system does not tell.
    ///
    /// # Errors
    /// What the host did not do, one to a line.
    pub fn run(&self, socket: &Socket, base_path: &str, token: &str, process: u32) -> Result<Option<u64>, String> {
        let place = Place {
            socket,
            base_path,
            token,
        };
        let mut problems = Vec::new();
        problems.extend(place.ask().err());
        let before = memory(process, "VmRSS:");
        problems.extend(self.stop_beyond_the_limit(place).err());
        for length in [self.limit + 1, self.limit.saturating_mul(1000), usize::MAX / 2] {
            problems.extend(self.say_too_much(place, length).err());
        }
        problems.extend(self.break_off(place).err());
        thread::scope(|scope| {
            let spawn = |_| scope.spawn(move || self.send_without_end(place));
            let senders: Vec<_> = (0..self.senders).map(spawn).collect();
            for sender in senders {
                let ended = sender.join().unwrap_or_else(|_| Err("a client panicked".to_owned()));
                problems.extend(ended.err());
            }
        });
        let after = memory(process, "VmHWM:");
        let growth = after.zip(before).map(|(after, before)| after.saturating_sub(before));
        if let Some(growth) = growth.filter(|growth| *growth > GROWTH) {
            problems.push(format!("the host grew by {growth} KiB"));
        }
        problems.extend(place.ask().err());
        if problems.is_empty() {
            Ok(growth)
        } else {
            Err(problems.join("\n"))
        }
    }

    /// Sends a little beyond the limit, not to the end, and looks for the answer.
    fn stop_beyond_the_limit(&self, place: Place<'_>) -> Result<(), String> {
        let mut stream = self.begin(place, "Transfer-Encoding: chunked").map_err(text)?;
        let mut sent = 0;
        while sent < self.limit + BEYOND {
            send_chunk(&mut stream).map_err(text)?;
            sent += CHUNK;
        }
        expect_refusal(&mut stream).map_err(|problem| format!("a body of {sent} bytes and no end: {problem}"))
    }

    /// Says that much will come, and sends nothing.
    fn say_too_much(&self, place: Place<'_>, length: usize) -> Result<(), String> {
        let mut stream = self.begin(place, &format!("Content-Length: {length}")).map_err(text)?;
        expect_refusal(&mut stream).map_err(|problem| format!("a length of {length} bytes: {problem}"))
    }

    /// Says that something will come, and goes away; nobody is there for an answer, but it is not to be a success.
    fn break_off(&self, place: Place<'_>) -> Result<(), String> {
        let mut stream = self.begin(place, "Content-Length: 900").map_err(text)?;
        stream.write_all(b"{").map_err(text)?;
        stream.shutdown(Shutdown::Write).map_err(text)?;
        match wire::read(&mut stream, &Method::POST) {
            Ok(answer) if answer.status() != 400 => Err(format!("half a body: answered by {}", answer.status())),
            _ => Ok(()),
        }
    }

    /// Never looks for an answer before the host ends the connection or all is sent.
    fn send_without_end(&self, place: Place<'_>) -> Result<(), String> {
        let mut stream = self.begin(place, "Transfer-Encoding: chunked").map_err(text)?;
        let mut sent = 0;
        while sent < self.most && send_chunk(&mut stream).is_ok() {
            sent += CHUNK;
        }
        // Where the connection was ended, the answer may have gone with it.
        match wire::head(&mut BufReader::new(&stream)) {
            Ok(answer) if answer.status() != 413 => Err(format!("{sent} bytes: answered by {}", answer.status())),
            Err(_) if sent >= self.most => Err(format!("{sent} bytes were taken without an answer")),
            _ => Ok(()),
        }
    }

    fn begin(&self, place: Place<'_>, header: &str) -> io::Result<TcpStream> {
        let mut stream = place.socket.connect()?;
        stream.set_read_timeout(Some(self.wait))?;
        stream.set_write_timeout(Some(self.wait))?;
        let Place { base_path, token, .. } = place;
        let head = format!(
            "POST {base_path}/Users HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {token}\r\n\
             Content-Type: application/scim+json\r\n{header}\r\n\r\n"
        );
        stream.write_all(head.as_bytes())?;
        Ok(stream)
    }
}

/// 413, as a message of SCIM where all of it came.
fn expect_refusal(stream: &mut TcpStream) -> Result<(), String> {
    let answer = wire::read(stream, &Method::POST).map_err(|error| format!("no answer: {error}"))?;
    let is_error = String::from_utf8_lossy(answer.body()).contains("urn:ietf:params:scim:api:messages:2.0:Error");
    match answer.status().as_u16() {
        413 if is_error => Ok(()),
        413 => Err("the answer is no error of SCIM".to_owned()),
        status => Err(format!("answered by {status}")),
    }
}

fn send_chunk(to: &mut TcpStream) -> io::Result<()> {
    static BLANKS: [u8; CHUNK] = [b' '; CHUNK];
    write!(to, "{CHUNK:x}\r\n")?;
    to.write_all(&BLANKS)?;
    to.write_all(b"\r\n")
}

/// What Linux tells of the memory of a process, in KiB.
pub(super) fn memory(process: u32, name: &str) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let value = status.lines().find_map(|line| line.strip_prefix(name))?;
    value.split_whitespace().next()?.parse().ok()
}

fn text(error: io::Error) -> String {
    error.to_string()
}
