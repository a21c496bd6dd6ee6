use std::fmt;

/// What a runner found, by file.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Report {
    /// In the order of the run.
    pub files: Vec<FileReport>,
}

impl Report {
    /// Whether nothing failed.
    pub fn is_clean(&self) -> bool {
        self.files.iter().all(|file| file.failed() == 0)
    }

    /// Every outcome, in the order of the run.
    pub fn outcomes(&self) -> impl Iterator<Item = &Outcome> {
        self.files.iter().flat_map(|file| &file.outcomes)
    }
}

/// The outcomes of one data file.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct FileReport {
    /// Its name without a directory.
    pub file: String,
    /// In the order of the file.
    pub outcomes: Vec<Outcome>,
}

impl FileReport {
    /// How many passed.
    pub fn passed(&self) -> usize {
        self.count(|verdict| matches!(verdict, Verdict::Passed))
    }

    /// How many failed.
    pub fn failed(&self) -> usize {
        self.count(|verdict| matches!(verdict, Verdict::Failed))
    }

    fn count(&self, wanted: impl Fn(&Verdict) -> bool) -> usize {
        self.outcomes.iter().filter(|outcome| wanted(&outcome.verdict)).count()
    }
}

/// What became of one exchange or one line.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Outcome {
    /// The id in the data file.
    pub id: String,
    /// The result.
    pub verdict: Verdict,
    /// What was not as expected. For an excepted line these are the differences the exception covers.
    pub problems: Vec<String>,
    /// Differences that do not count against the system under test.
    pub notes: Vec<String>,
    /// The expectation, as JSON.
    pub expected: String,
    /// The requests and their answers, shortened.
    pub got: String,
}

impl Outcome {
    /// Whether it passed.
    pub fn passed(&self) -> bool {
        self.verdict == Verdict::Passed
    }
}

/// The result of one exchange or one line.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Verdict {
    /// As expected.
    Passed,
    /// Not as expected, or not runnable.
    Failed,
    /// Not run, and why.
    Skipped(String),
    /// Not as expected, and the caller said why that is right.
    Excepted(String),
}

/// One line for each file and one block for each outcome that did not pass.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.files.iter().try_for_each(|file| write!(f, "{file}"))
    }
}

impl fmt::Display for FileReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} passed, {} failed", self.file, self.passed(), self.failed())?;
        let skipped = self.count(|verdict| matches!(verdict, Verdict::Skipped(_)));
        let excepted = self.count(|verdict| matches!(verdict, Verdict::Excepted(_)));
        if skipped > 0 {
            write!(f, ", {skipped} skipped")?;
        }
        if excepted > 0 {
            write!(f, ", {excepted} excepted")?;
        }
        writeln!(f)?;
        self.outcomes.iter().try_for_each(|outcome| write!(f, "{outcome}"))
    }
}

/// Nothing for an outcome that passed without notes.
impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.verdict {
            Verdict::Passed if self.notes.is_empty() => return Ok(()),
            Verdict::Passed => writeln!(f, "NOTE {}: {}", self.id, self.notes.join("; "))?,
            Verdict::Skipped(reason) => writeln!(f, "SKIP {}: {reason}", self.id)?,
            Verdict::Excepted(reason) => writeln!(f, "EXCEPT {}: {} ({reason})", self.id, self.problems.join("; "))?,
            Verdict::Failed => {
                writeln!(f, "FAIL {}: {}", self.id, self.problems.join("; "))?;
                writeln!(f, "  expected {}", self.expected)?;
                for line in self.got.lines() {
                    writeln!(f, "  got      {line}")?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_tells_what_was_expected_and_what_came() {
        let outcome = |id: &str, verdict| Outcome {
            id: id.to_owned(),
            verdict,
            problems: vec!["status 200".to_owned()],
            notes: Vec::new(),
            expected: "{\"status\":400}".to_owned(),
            got: "GET / -> 200".to_owned(),
        };
        let file = FileReport {
            file: "a.json".to_owned(),
            outcomes: vec![
                outcome("a1", Verdict::Passed),
                outcome("a2", Verdict::Failed),
                outcome("a3", Verdict::Skipped("needs x".to_owned())),
            ],
        };
        let report = Report { files: vec![file] };
        assert!(!report.is_clean());
        assert_eq!(
            report.to_string(),
            "a.json: 1 passed, 1 failed, 1 skipped\nFAIL a2: status 200\n  expected {\"status\":400}\n  got      GET / \
             -> 200\nSKIP a3: needs x\n"
        );
    }
}
