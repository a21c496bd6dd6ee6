use std::collections::BTreeMap;
use std::fmt;

use super::line::{Corpus, Level, Line};
use super::scene::Scene;
use super::trial::{Pass, Stop, Trial, difference};
use super::world::World;
use crate::outgoing::shorten;
use crate::report::{FileReport, Outcome, Report, Verdict};

/// Sends every line of a [`Corpus`] to fresh systems of a [`World`] and judges what comes.
pub struct Runner<'a> {
    world: &'a dyn World,
    exceptions: BTreeMap<String, String>,
    budget_factor: u32,
    on_line: Option<&'a (dyn Fn(&Line) + Sync)>,
    universal_rules_only: bool,
}

impl fmt::Debug for Runner<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runner")
            .field("exceptions", &self.exceptions)
            .field("budget_factor", &self.budget_factor)
            .finish_non_exhaustive()
    }
}

impl<'a> Runner<'a> {
    /// A runner without exceptions, in which an answer may take 20 times the budget of its line.
    pub fn new(world: &'a dyn World) -> Self {
        Self {
            world,
            exceptions: BTreeMap::new(),
            budget_factor: 20,
            on_line: None,
            universal_rules_only: false,
        }
    }

    /// Says why it is right that the line `id` of level should or policy is answered in another way. The universal
    /// rules hold for it all the same.
    #[must_use]
    pub fn exception(mut self, id: &str, reason: &str) -> Self {
        self.exceptions.insert(id.to_owned(), reason.to_owned());
        self
    }

    /// Multiplies the time budgets, which are meant for release builds on an idle core.
    #[must_use]
    pub fn budget_factor(mut self, factor: u32) -> Self {
        self.budget_factor = factor;
        self
    }

    /// Calls `observer` before each line: a watchdog learns which line hangs or ends the process.
    #[must_use]
    pub fn on_line(mut self, observer: &'a (dyn Fn(&Line) + Sync)) -> Self {
        self.on_line = Some(observer);
        self
    }

    /// Judges by the universal rules alone, for a dialect that answers some lines in another way.
    #[must_use]
    pub fn universal_rules_only(mut self) -> Self {
        self.universal_rules_only = true;
        self
    }

    /// Runs every line.
    pub async fn run(&self, corpus: &Corpus) -> Report {
        let mut files = Vec::with_capacity(corpus.files.len());
        for file in &corpus.files {
            let mut outcomes = Vec::with_capacity(file.lines.len());
            for line in &file.lines {
                outcomes.push(self.run_line(corpus, line).await);
            }
            files.push(FileReport {
                file: file.name.clone(),
                outcomes,
            });
        }
        Report { files }
    }

    async fn run_line(&self, corpus: &Corpus, line: &Line) -> Outcome {
        if let Some(observer) = self.on_line {
            observer(line);
        }
        let missing = line
            .expect
            .needs
            .as_deref()
            .filter(|feature| !self.world.features().contains(feature));
        if let Some(feature) = missing {
            return outcome(line, Verdict::Skipped(format!("needs {feature}")), Pass::default());
        }
        match self.twice(corpus, line).await {
            Ok(pass) => self.verdict(line, pass),
            Err(Stop::Inexpressible(reason)) => outcome(line, Verdict::Skipped(reason), Pass::default()),
            Err(Stop::Broken(reason)) => outcome(
                line,
                Verdict::Failed,
                Pass {
                    breaches: vec![reason],
                    ..Pass::default()
                },
            ),
        }
    }

    fn verdict(&self, line: &Line, pass: Pass) -> Outcome {
        let gating = match line.level {
            _ if self.universal_rules_only => 0,
            Level::Either => pass.status.len(),
            _ => pass.status.len() + pass.differences.len(),
        };
        let excusable = matches!(line.level, Level::Should | Level::Policy);
        let verdict = match self.exceptions.get(&line.id) {
            _ if !pass.breaches.is_empty() => Verdict::Failed,
            _ if gating == 0 => Verdict::Passed,
            Some(reason) if excusable => Verdict::Excepted(reason.clone()),
            _ => Verdict::Failed,
        };
        let stale = verdict == Verdict::Passed && self.exceptions.contains_key(&line.id);
        let mut outcome = outcome(line, verdict, pass);
        if stale {
            outcome.notes.push("needs no exception".to_owned());
        }
        outcome
    }

    /// Rule U8: two fresh systems answer alike.
    async fn twice(&self, corpus: &Corpus, line: &Line) -> Result<Pass, Stop> {
        let mut first = self.once(corpus, line).await?;
        let second = self.once(corpus, line).await?;
        if first.answers != second.answers {
            let pairs = first
                .answers
                .iter()
                .zip(&second.answers)
                .find(|(one, other)| one != other);
            let shown = pairs.map(|(one, other)| difference(one, other)).unwrap_or_default();
            first
                .breaches
                .push(format!("U8: two fresh systems answer differently: {shown}"));
        }
        Ok(first)
    }

    async fn once(&self, corpus: &Corpus, line: &Line) -> Result<Pass, Stop> {
        let fresh = self.world.fresh(&corpus.fixture).await;
        let instance = fresh.map_err(|error| Stop::Broken(format!("cannot make the fixture: {error}")))?;
        let scene = Scene::new(&corpus.fixture, &*instance, line).await?;
        let mut trial = Trial {
            line,
            instance: &*instance,
            scene,
            pass: Pass::default(),
        };
        trial.run(self.budget_factor).await?;
        Ok(trial.pass)
    }
}

fn outcome(line: &Line, verdict: Verdict, mut pass: Pass) -> Outcome {
    let mut problems = pass.breaches;
    problems.append(&mut pass.status);
    let mut notes = Vec::new();
    // Where several answers are lawful, a difference is worth a look and no more.
    if line.level == Level::Either {
        &mut notes
    } else {
        &mut problems
    }
    .append(&mut pass.differences);
    let expected = shorten(
        &format!(
            "{} ({:?}, {}: {})",
            line.expect.source, line.level, line.class, line.why
        ),
        2000,
    );
    Outcome {
        id: line.id.clone(),
        verdict,
        problems,
        notes,
        expected,
        got: pass.got,
    }
}
