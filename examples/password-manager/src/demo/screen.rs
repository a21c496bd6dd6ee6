//! What the demo shows while it runs.

use std::io::{IsTerminal, Write, stdout};

use ureq::http::Method;

use super::client::Answer;

/// The terminal, or whatever stands in for it.
#[derive(Debug)]
pub(super) struct Screen {
    has_colour: bool,
    pub(super) requests: u32,
    pub(super) refused: u32,
}

impl Screen {
    pub(super) fn new() -> Self {
        Self {
            has_colour: stdout().is_terminal(),
            requests: 0,
            refused: 0,
        }
    }

    pub(super) fn hour(&self, hour: &str, what: &str) {
        self.line(&format!("\n{}  {}", self.paint("2", hour), self.paint("1", what)));
    }

    pub(super) fn step(&mut self, what: &str, method: &Method, answer: &Answer) {
        self.requests += 1;
        let (mark, colour) = match answer.status {
            ..400 => ("✓", "32"),
            _ => ("✗", "33"),
        };
        let millis = answer.took.as_secs_f64() * 1000.0;
        let (mark, status) = (self.paint(colour, mark), self.paint(colour, &answer.status.to_string()));
        self.line(&format!(
            "  {mark} {what:<54} {:<6} {status}  {millis:>7.1} ms",
            method.as_str()
        ));
        if answer.status >= 400 {
            self.refused += 1;
            let detail = answer.body.pointer("/detail").and_then(|detail| detail.as_str());
            self.line(&format!(
                "      {}",
                self.paint("2", detail.unwrap_or("no reason was given"))
            ));
        }
    }

    /// What the day has led to so far.
    pub(super) fn now(&self, text: &str) {
        self.line(&format!("  {} {text}", self.paint("36", "→")));
    }

    /// Whether anybody reads along makes no difference to the demo.
    pub(super) fn line(&self, text: &str) {
        let _ = writeln!(stdout().lock(), "{text}");
    }

    pub(super) fn paint(&self, code: &str, text: &str) -> String {
        match self.has_colour {
            true => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
            false => text.to_owned(),
        }
    }
}
