use std::path::Path;

use serde_json::Value;

use super::expect::Expect;
use super::fixture::Fixture;
use super::input::Input;
use crate::load::{LoadError, read, read_directory};

/// The fixture and the lines of a directory.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Corpus {
    /// The state before every line.
    pub fixture: Fixture,
    /// The files, sorted by name.
    pub files: Vec<CorpusFile>,
}

impl Corpus {
    /// Loads `fixture.json` and every `.jsonl` file of `directory`.
    ///
    /// # Errors
    /// A file that cannot be read or breaks the format, a key of `expect` that this runner does not know included.
    pub fn load_directory(directory: &Path) -> Result<Self, LoadError> {
        let fixture = read(&directory.join("fixture.json"))?;
        let files = read_directory(directory, "jsonl")?;
        let files: Vec<_> = files
            .iter()
            .map(|(name, text)| (name.as_str(), text.as_str()))
            .collect();
        Self::parse(&fixture, &files)
    }

    /// Parses the text of `fixture.json` and of files given as name and text.
    ///
    /// # Errors
    /// A text breaks the format.
    pub fn parse(fixture: &str, files: &[(&str, &str)]) -> Result<Self, LoadError> {
        Ok(Self {
            fixture: Fixture::parse(fixture).map_err(|reason| LoadError::new("fixture.json", "", reason))?,
            files: files
                .iter()
                .map(|(name, text)| CorpusFile::parse(name, text))
                .collect::<Result<_, _>>()?,
        })
    }
}

/// The lines of one file.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CorpusFile {
    /// Its name without a directory.
    pub name: String,
    /// Its lines, in order.
    pub lines: Vec<Line>,
}

impl CorpusFile {
    fn parse(name: &str, text: &str) -> Result<Self, LoadError> {
        let lines = text
            .lines()
            .enumerate()
            .filter(|(_, line)| !line.trim().is_empty())
            .map(|(index, line)| {
                Line::parse(line).map_err(|reason| LoadError::new(name, format!("line {}", index + 1), reason))
            });
        Ok(Self {
            name: name.to_owned(),
            lines: lines.collect::<Result<_, _>>()?,
        })
    }
}

/// How far the RFC carries a line.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Level {
    /// The RFC requires the outcome.
    Must,
    /// The RFC recommends the outcome, or its tables read plainly say so.
    Should,
    /// The RFC leaves it open; a hardening choice.
    Policy,
    /// Several outcomes are lawful; only the listed statuses and the universal rules count.
    Either,
    /// Valid input that must be accepted with the given meaning.
    Control,
}

impl Level {
    fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "must" => Self::Must,
            "should" => Self::Should,
            "policy" => Self::Policy,
            "either" => Self::Either,
            "control" => Self::Control,
            _ => return None,
        })
    }
}

/// One input and what must come of it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Line {
    /// Unique in the corpus.
    pub id: String,
    /// The class of input that the line stands for.
    pub class: String,
    /// How far the RFC carries it.
    pub level: Level,
    /// What is wrong with the input, or right.
    pub why: String,
    pub(super) call: Call,
    pub(super) expect: Expect,
    /// The names of all placeholders, modifiers included.
    pub(super) placeholders: Vec<String>,
}

/// The request of a line.
#[derive(Clone, Debug)]
pub(super) enum Call {
    /// A filter, sent as a query and as a search request.
    Filter(Input),
    /// A body to a path below the base URL.
    Body { method: String, path: String, body: Input },
    /// A whole request; the target includes the base path.
    Whole {
        method: String,
        target: String,
        headers: Vec<(String, String)>,
        body: Option<Input>,
    },
}

impl Line {
    fn parse(text: &str) -> Result<Self, String> {
        let json: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let level = text_of(&json, "level")?;
        Ok(Self {
            id: text_of(&json, "id")?,
            class: text_of(&json, "class")?,
            level: Level::parse(&level).ok_or_else(|| format!("unknown level {level}"))?,
            why: text_of(&json, "why")?,
            call: Call::parse(&json)?,
            expect: Expect::parse(json.get("expect").ok_or("no expect")?)?,
            placeholders: placeholders(text),
        })
    }
}

impl Call {
    fn parse(json: &Value) -> Result<Self, String> {
        let input = json.get("input").ok_or("no input")?;
        if json.get("target").is_some() {
            let path = text_of(json, "target")?;
            return Ok(Self::Body {
                method: "PATCH".to_owned(),
                path,
                body: Input::parse(input, false)?,
            });
        }
        if json.get("req").is_some() {
            let request = text_of(json, "req")?;
            let (method, path) = request.split_once(' ').ok_or("req is not method and path")?;
            let (method, path) = (method.to_owned(), path.to_owned());
            return Ok(Self::Body {
                method,
                path,
                body: Input::parse(input, false)?,
            });
        }
        if input.get("method").is_none() {
            return Ok(Self::Filter(Input::parse(input, true)?));
        }
        let headers = input.get("headers").and_then(Value::as_array).into_iter().flatten();
        let headers = headers.map(|pair| match pair.as_array().map(Vec::as_slice) {
            Some([Value::String(name), Value::String(value)]) => Ok((name.clone(), value.clone())),
            _ => Err("a header is not name and value".to_owned()),
        });
        let body = input.get("body").filter(|body| !body.is_null());
        Ok(Self::Whole {
            method: text_of(input, "method")?,
            target: text_of(input, "target")?,
            headers: headers.collect::<Result<_, _>>()?,
            body: body.map(|body| Input::parse(body, true)).transpose()?,
        })
    }
}

/// The names between double braces that look like names; other braces are part of the hostile text.
fn placeholders(text: &str) -> Vec<String> {
    let mut names: Vec<String> = text
        .split("{{")
        .skip(1)
        .filter_map(|rest| rest.split_once("}}"))
        .map(|(name, _)| name.trim())
        .filter(|name| is_placeholder(name))
        .map(str::to_owned)
        .collect();
    names.sort();
    names.dedup();
    names
}

/// Whether `name` is a word, perhaps with a modifier.
pub(super) fn is_placeholder(name: &str) -> bool {
    let word = |text: &str| {
        text.starts_with(|c: char| c.is_ascii_alphabetic())
            && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    name.split('|').all(word)
}

fn text_of(json: &Value, key: &str) -> Result<String, String> {
    json.get(key)
        .and_then(Value::as_str)
        .map(str::to_owned)
        .ok_or_else(|| format!("no text {key}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bundled_line_is_understood() {
        let corpus = Corpus::load_directory(&crate::bundled_badinput()).unwrap();
        let counts: Vec<_> = corpus
            .files
            .iter()
            .map(|file| (file.name.as_str(), file.lines.len()))
            .collect();
        assert_eq!(
            counts,
            [
                ("bodies.jsonl", 77),
                ("filters.jsonl", 99),
                ("http.jsonl", 67),
                ("patch.jsonl", 73)
            ]
        );
        for file in &corpus.files {
            for line in &file.lines {
                let expected = match (file.name.as_str(), &line.call) {
                    ("filters.jsonl", Call::Filter(_)) | ("http.jsonl", Call::Whole { .. }) => true,
                    ("patch.jsonl", Call::Body { method, .. }) => method == "PATCH",
                    ("bodies.jsonl", Call::Body { .. }) => true,
                    _ => false,
                };
                assert!(expected, "{}", line.id);
            }
        }
    }

    #[test]
    fn a_key_that_the_runner_would_ignore_is_refused() {
        let line = r#"{"id":"x","class":"c","input":"a","why":"w","level":"must","expect":{"statsu":400}}"#;
        assert!(Line::parse(line).unwrap_err().contains("statsu"));
        let line = r#"{"id":"x","class":"c","input":"a","why":"w","level":"may","expect":{"status":400}}"#;
        assert!(Line::parse(line).unwrap_err().contains("may"));
    }

    #[test]
    fn placeholders_are_words_with_modifiers() {
        assert_eq!(
            placeholders(r#"{"a":{"b":{{id|etag}} {{7*7}} {{ tokA }} {{id|etag}}"#),
            ["id|etag", "tokA"]
        );
    }
}
