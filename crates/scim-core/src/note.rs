//! What was tolerated in a request, for the host's log.

/// A leniency that was used (decision D27). It names attributes, never values.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Note {
    /// Bare text stood for a complex value.
    BareValue(String),
    /// Text stood for a Boolean.
    BooleanText(String),
    /// `schemas` was missing, incomplete, or named what is not known.
    Schemas,
    /// Members that do not exist were left out.
    UnknownMembers(usize),
    /// An attribute of no schema was left out.
    UnknownAttribute(String),
}

/// The leniencies of one request, at most [`Notes::MOST`] of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Notes {
    notes: Vec<Note>,
}

impl Note {
    /// A name from outside, cut and cleaned so that it can stand in a log.
    pub(crate) fn shown(name: &str) -> String {
        name.chars()
            .take(64)
            .map(|c| if c.is_ascii_graphic() { c } else { '?' })
            .collect()
    }
}

impl Notes {
    /// How many are kept; the rest adds nothing that a reader needs.
    pub const MOST: usize = 32;

    /// Adds one.
    pub fn add(&mut self, note: Note) {
        if self.notes.len() < Self::MOST && !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    /// Adds those of another.
    pub fn extend(&mut self, other: Self) {
        for note in other.notes {
            self.add(note);
        }
    }

    /// The leniencies.
    pub fn as_slice(&self) -> &[Note] {
        &self.notes
    }

    /// Whether nothing was tolerated.
    pub fn is_empty(&self) -> bool {
        self.notes.is_empty()
    }
}
