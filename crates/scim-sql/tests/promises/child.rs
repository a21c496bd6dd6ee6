//! Processes of their own that write, to be killed: this binary again, with a job.

use std::{
    io::{BufRead, BufReader, Write},
    process::{Command, ExitStatus, Stdio},
    sync::mpsc::{Receiver, channel},
    thread::JoinHandle,
};

use serde_json::{Value, json};

use crate::{base::Base, bulk, deliveries, durability, events, scale, seats, upgrade};

const JOB: &str = "SCIM_PROMISES_JOB";

/// A process at work. What it says are lines.
#[derive(Debug)]
pub(crate) struct Child {
    process: std::process::Child,
    lines: Receiver<String>,
    reader: JoinHandle<()>,
    heard: Vec<String>,
}

impl Child {
    /// Starts a job on a database.
    pub(crate) fn start(job: &str, base: &Base, options: Value, environment: &[(&str, String)]) -> Self {
        let job = json!({ "job": job, "base": base.to_json(), "options": options });
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "child::works", "--nocapture", "--test-threads=1"]);
        command
            .env(JOB, job.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        command.envs(environment.iter().map(|(name, value)| (name, value)));
        let mut process = command.spawn().unwrap();
        let output = BufReader::new(process.stdout.take().unwrap());
        let (send, lines) = channel();
        let reader = std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                if let Some(line) = line.strip_prefix("> ") {
                    send.send(line.to_owned()).ok();
                }
            }
        });
        Self {
            process,
            lines,
            reader,
            heard: Vec::new(),
        }
    }

    /// Waits until it has said so many lines, or has ended.
    pub(crate) fn hear(&mut self, count: usize) -> bool {
        while self.heard.len() < count {
            match self.lines.recv() {
                Ok(line) => self.heard.push(line),
                Err(_) => return false,
            }
        }
        true
    }

    /// Kills it at once; everything that it said.
    pub(crate) fn kill(mut self) -> Vec<String> {
        self.process.kill().unwrap();
        self.finish().1
    }

    /// Waits for its end; everything that it said.
    pub(crate) fn finish(mut self) -> (ExitStatus, Vec<String>) {
        let status = self.process.wait().unwrap();
        self.reader.join().unwrap();
        self.heard.extend(self.lines.iter());
        (status, self.heard)
    }
}

/// Says a line, whole, before anything else happens.
pub(crate) fn say(line: &str) {
    let mut output = std::io::stdout().lock();
    output.write_all(format!("> {line}\n").as_bytes()).unwrap();
    output.flush().unwrap();
}

/// Not a test: the place where a process of its own starts.
#[test]
fn works() {
    let Ok(job) = std::env::var(JOB) else { return };
    println!();
    let job: Value = serde_json::from_str(&job).unwrap();
    let (base, options) = (Base::from_json(&job["base"]), &job["options"]);
    scale::run(async {
        match job["job"].as_str().unwrap() {
            "script" => durability::write(&base, options).await,
            "bulk" => bulk::write(&base, options).await,
            "events" => events::write(&base, options).await,
            "reader" => events::read(&base, options).await,
            "relay" => deliveries::relay(&base, options).await,
            "seats" => seats::write(&base, options).await,
            "open" => upgrade::open(&base).await,
            other => panic!("no job {other}"),
        }
    });
}
