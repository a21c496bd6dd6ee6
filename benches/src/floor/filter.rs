//! A recursive descent over bytes. The tree borrows from the text; there are no positions and no limits but the stack.

use std::borrow::Cow;

/// What a filter says.
#[derive(Debug)]
#[expect(dead_code, reason = "the floor makes the tree, nobody reads it")]
pub(crate) enum Node<'a> {
    And(Vec<Self>),
    Compare(&'a str, [u8; 2], Operand<'a>),
    Not(Box<Self>),
    Or(Vec<Self>),
    Present(&'a str),
    Values(&'a str, Box<Self>),
}

#[derive(Debug)]
#[expect(dead_code, reason = "the floor makes the tree, nobody reads it")]
pub(crate) enum Operand<'a> {
    Bool(bool),
    Null,
    Number(f64),
    Text(Cow<'a, str>),
}

/// The tree of a filter, `None` for anything else.
pub(crate) fn parse(text: &str) -> Option<Node<'_>> {
    let mut cursor = Cursor {
        text,
        bytes: text.as_bytes(),
        at: 0,
    };
    let node = cursor.filter()?;
    cursor.blanks();
    (cursor.at == text.len()).then_some(node)
}

struct Cursor<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    fn filter(&mut self) -> Option<Node<'a>> {
        let first = self.all()?;
        if !self.keyword(b"or ") {
            return Some(first);
        }
        let mut terms = vec![first, self.all()?];
        while self.keyword(b"or ") {
            terms.push(self.all()?);
        }
        Some(Node::Or(terms))
    }

    fn all(&mut self) -> Option<Node<'a>> {
        let first = self.term()?;
        if !self.keyword(b"and ") {
            return Some(first);
        }
        let mut terms = vec![first, self.term()?];
        while self.keyword(b"and ") {
            terms.push(self.term()?);
        }
        Some(Node::And(terms))
    }

    fn term(&mut self) -> Option<Node<'a>> {
        self.blanks();
        if self.take(b'(') {
            return self.group();
        }
        let path = self.path()?;
        match self.bytes.get(self.at)? {
            b'[' => {
                self.at += 1;
                let mut inner = self.filter()?;
                self.blanks();
                if !self.take(b']') {
                    return None;
                }
                if self.take(b'.') {
                    let sub = self.path()?;
                    inner = Node::And(vec![inner, self.test(sub)?]);
                }
                Some(Node::Values(path, Box::new(inner)))
            }
            b' ' | b'(' if path.eq_ignore_ascii_case("not") => {
                self.blanks();
                if self.take(b'(') {
                    Some(Node::Not(Box::new(self.group()?)))
                } else {
                    None
                }
            }
            _ => self.test(path),
        }
    }

    fn group(&mut self) -> Option<Node<'a>> {
        let inner = self.filter()?;
        self.blanks();
        self.take(b')').then_some(inner)
    }

    fn test(&mut self, path: &'a str) -> Option<Node<'a>> {
        self.blanks();
        let [first, second] = self.bytes.get(self.at..)?.first_chunk()?;
        let op = [first.to_ascii_lowercase(), second.to_ascii_lowercase()];
        self.at += 2;
        match &op {
            b"pr" => return Some(Node::Present(path)),
            b"eq" | b"ne" | b"co" | b"sw" | b"ew" | b"gt" | b"ge" | b"lt" | b"le" => {}
            _ => return None,
        }
        if !self.take(b' ') {
            return None;
        }
        self.blanks();
        if self.take(b'"') {
            return Some(Node::Compare(path, op, Operand::Text(self.string()?)));
        }
        let rest = self.bytes.get(self.at..)?;
        let length = rest
            .iter()
            .position(|byte| matches!(byte, b' ' | b')' | b']'))
            .unwrap_or(rest.len());
        let word = self.text.get(self.at..self.at + length)?;
        self.at += length;
        let operand = match word {
            "true" => Operand::Bool(true),
            "false" => Operand::Bool(false),
            "null" => Operand::Null,
            number => Operand::Number(number.parse().ok()?),
        };
        Some(Node::Compare(path, op, operand))
    }

    /// What follows the opening quote, with the closing one.
    fn string(&mut self) -> Option<Cow<'a, str>> {
        let start = self.at;
        let rest = self.bytes.get(start..)?;
        let length = rest.iter().position(|byte| matches!(byte, 0..b' ' | b'"' | b'\\'))?;
        self.at += length + 1;
        match rest.get(length)? {
            b'"' => self.text.get(start..start + length).map(Cow::Borrowed),
            b'\\' => self.escaped(start),
            _ => None,
        }
    }

    #[cold]
    fn escaped(&mut self, start: usize) -> Option<Cow<'a, str>> {
        let mut is_escaped = true;
        loop {
            let byte = self.bytes.get(self.at)?;
            self.at += 1;
            match byte {
                _ if is_escaped => is_escaped = false,
                b'\\' => is_escaped = true,
                b'"' => {
                    return serde_json::from_str(self.text.get(start - 1..self.at)?)
                        .map(Cow::Owned)
                        .ok();
                }
                _ => {}
            }
        }
    }

    /// ` and ` or ` or `, if it is there.
    fn keyword(&mut self, word: &[u8]) -> bool {
        if self.bytes.get(self.at) != Some(&b' ') {
            return false;
        }
        let start = self.at;
        self.blanks();
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let found = rest
            .get(..word.len())
            .is_some_and(|found| found.eq_ignore_ascii_case(word));
        self.at = if found { self.at + word.len() } else { start };
        found
    }

    fn path(&mut self) -> Option<&'a str> {
        let start = self.at;
        let rest = self.bytes.get(start..)?;
        let is_end = |byte: &u8| !PATH.get(usize::from(*byte)).copied().unwrap_or_default();
        let length = rest.iter().position(is_end).unwrap_or(rest.len());
        self.at += length;
        rest.first()?
            .is_ascii_alphabetic()
            .then_some(self.text.get(start..self.at)?)
    }

    fn blanks(&mut self) {
        while self.take(b' ') {}
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.bytes.get(self.at) == Some(&byte);
        self.at += usize::from(found);
        found
    }
}

/// The bytes of names and URNs.
const PATH: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    #[expect(clippy::indexing_slicing, reason = "worked out by the compiler, below 256")]
    while byte < 256 {
        let c = byte as u8;
        table[byte] = c.is_ascii_alphanumeric() || matches!(c, b'$' | b'-' | b'.' | b'/' | b':' | b'_' | b'~' | b'%');
        byte += 1;
    }
    table
};
