//! [`Span`]: where something stood in a text.

use std::fmt::Write as _;

/// A range of bytes in the text that a value was parsed from.
///
/// `start` is included, `end` is not. Both are offsets from the start of the text, in bytes.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[expect(clippy::exhaustive_structs, reason = "a range has two ends")]
pub struct Span {
    /// Offset of the first byte.
    pub start: u32,
    /// Offset after the last byte.
    pub end: u32,
}

impl Span {
    /// The range from `start` up to, but not including, `end`.
    pub const fn new(start: u32, end: u32) -> Self {
        Self { start, end }
    }

    /// The number of bytes covered.
    pub const fn len(self) -> u32 {
        self.end.saturating_sub(self.start)
    }

    /// True if no byte is covered, as for an error at the end of the text.
    pub const fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The piece of `text` that is covered; `None` if the span is not one of this text.
    pub fn of(self, text: &str) -> Option<&str> {
        text.get(index(self.start)..index(self.end))
    }

    /// The position of the first byte in `text`, counted in characters from 1.
    pub(crate) fn column(self, text: &str) -> u32 {
        let before = text
            .bytes()
            .take(index(self.start))
            .filter(|byte| !is_continuation(*byte));
        u32::try_from(before.count()).unwrap_or(u32::MAX).saturating_add(1)
    }

    /// The surroundings of the span on one line and carets below it. Characters that could upset a
    /// terminal are replaced, so that every character of `text` takes one place.
    pub(crate) fn carets(self, text: &str) -> String {
        const AROUND: usize = 40;
        let first = index(self.column(text)).saturating_sub(1);
        let covered = self.of(text).map_or(0, |piece| piece.chars().count()).clamp(1, AROUND);
        let skipped = first.saturating_sub(AROUND);
        let shown = text.chars().skip(skipped).take(first - skipped + covered + AROUND);
        let mut out: String = shown
            .map(|c| {
                if is_printable(c) {
                    c
                } else {
                    char::REPLACEMENT_CHARACTER
                }
            })
            .collect();
        // Writing to a String does not fail.
        let _ = write!(out, "\n{:indent$}{:^<covered$}", "", "", indent = first - skipped);
        out
    }
}

/// Offsets are kept in 32 bits: texts are far shorter, and trees stay small.
pub(crate) fn offset(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

pub(crate) fn index(offset: u32) -> usize {
    usize::try_from(offset).unwrap_or(usize::MAX)
}

const fn is_continuation(byte: u8) -> bool {
    byte & 0b1100_0000 == 0b1000_0000
}

fn is_printable(c: char) -> bool {
    !c.is_control() && !matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters() {
        assert_eq!(Span::new(0, 1).column("äb"), 1);
        assert_eq!(Span::new(2, 3).column("äb"), 2);
        assert_eq!(Span::new(3, 3).column("äb"), 3);
    }

    #[test]
    fn carets_stand_below_the_span() {
        assert_eq!(Span::new(3, 5).carets("ä bc d"), "ä bc d\n  ^^");
        assert_eq!(Span::new(1, 1).carets("a"), "a\n ^");
        assert_eq!(Span::new(1, 2).carets("a\nb"), "a\u{fffd}b\n ^");
    }

    #[test]
    fn carets_show_a_window_of_a_long_text() {
        let text = format!("{}!{}", "a".repeat(1_000), "b".repeat(1_000));
        let (line, mark) = (
            format!("{}!{}", "a".repeat(40), "b".repeat(40)),
            format!("{}^", " ".repeat(40)),
        );
        assert_eq!(Span::new(1_000, 1_001).carets(&text), format!("{line}\n{mark}"));
    }
}
