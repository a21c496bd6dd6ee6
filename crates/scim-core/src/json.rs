//! A strict reader of JSON for bodies from outside (RFC 8259; RFC 7644 section 3.12 `invalidSyntax`).
//!
//! `serde_json` does the parsing; on top of it come the refusals that keep two readers of one body from seeing two
//! different things, or a small body from costing much: member names used twice in an object, a byte order mark,
//! deep nesting and long arrays. Names that differ in case only are left to the schema, which knows the attributes.

use std::cell::Cell;
use std::fmt;

use serde::de::{self, DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde_json::error::Category;
use serde_json::{Deserializer, Map, Number, Value};
use thiserror::Error;

/// What a body may cost to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct JsonLimits {
    /// How many arrays and objects may be nested in each other; `1` allows an object of plain values. At most
    /// [`JsonLimits::MAX_DEPTH`] counts.
    pub depth: usize,
    /// How many elements one array may have.
    pub array_len: usize,
}

/// Why a body could not be read, and where.
///
/// The message never repeats text of the body.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{}{} at line {line} column {column}", kind.as_str(), Detail(.detail))]
pub struct JsonError {
    kind: JsonErrorKind,
    detail: Option<Box<str>>,
    line: usize,
    column: usize,
}

/// The ways in which a body can be unreadable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum JsonErrorKind {
    /// There is nothing but white space.
    Empty,
    /// The body starts with a byte order mark (RFC 8259 section 8.1: it must not be sent).
    ByteOrderMark,
    /// The body is not UTF-8.
    InvalidUtf8,
    /// The text ends within a value.
    Truncated,
    /// The text breaks the grammar of JSON, has half of a surrogate pair, or a number that no double can hold.
    Syntax,
    /// Something follows the value.
    TrailingText,
    /// An object has one member name twice.
    DuplicateMember,
    /// Arrays and objects are nested deeper than [`JsonLimits::depth`].
    TooDeep,
    /// An array has more elements than [`JsonLimits::array_len`].
    TooManyElements,
}

/// Reads one JSON value from `body`, which must hold nothing else but white space.
///
/// Whole numbers beyond 64 bits become doubles. U+0000 in a string is legal JSON and passes.
///
/// ```
/// use scim_core::json::{JsonErrorKind, JsonLimits, parse};
///
/// let limits = JsonLimits::default();
/// assert_eq!(parse(br#"{"active": true}"#, &limits)?["active"], true);
///
/// let error = parse(br#"{"userName": "a", "userName": "b"}"#, &limits).unwrap_err();
/// assert_eq!(error.kind(), JsonErrorKind::DuplicateMember);
/// # Ok::<(), scim_core::json::JsonError>(())
/// ```
///
/// # Errors
///
/// [`JsonError`] for a body that is not such a text or is beyond `limits`; the answer to a client is 400
/// `invalidSyntax`.
pub fn parse(body: &[u8], limits: &JsonLimits) -> Result<Value, JsonError> {
    if body.starts_with(b"\xef\xbb\xbf") {
        return Err(JsonError::new(JsonErrorKind::ByteOrderMark, 1, 1));
    }
    let text = str::from_utf8(body).map_err(|e| JsonError::at(JsonErrorKind::InvalidUtf8, body, e.valid_up_to()))?;
    if text.bytes().all(|b| matches!(b, b' ' | b'\t' | b'\n' | b'\r')) {
        return Err(JsonError::new(JsonErrorKind::Empty, 1, 1));
    }

    let reader = Reader {
        depth: limits.depth.min(JsonLimits::MAX_DEPTH),
        array_len: limits.array_len,
        broken: &Cell::new(None),
    };
    let mut input = Deserializer::from_str(text);
    let value = reader
        .deserialize(&mut input)
        .map_err(|e| JsonError::from_serde(&e, reader.broken.get()))?;
    input
        .end()
        .map_err(|e| JsonError::new(JsonErrorKind::TrailingText, e.line(), e.column()))?;
    Ok(value)
}

impl JsonLimits {
    /// The deepest nesting that can be allowed: `serde_json` stops at 128 by itself.
    pub const MAX_DEPTH: usize = 126;

    /// These limits with another [`depth`](Self::depth).
    #[must_use]
    pub fn with_depth(self, depth: usize) -> Self {
        Self { depth, ..self }
    }

    /// These limits with another [`array_len`](Self::array_len).
    #[must_use]
    pub fn with_array_len(self, array_len: usize) -> Self {
        Self { array_len, ..self }
    }
}

impl Default for JsonLimits {
    /// 64 levels, arrays of any length.
    fn default() -> Self {
        Self {
            depth: 64,
            array_len: usize::MAX,
        }
    }
}

impl JsonError {
    /// What is wrong.
    #[must_use]
    pub fn kind(&self) -> JsonErrorKind {
        self.kind
    }

    /// The line of the place where it was noticed, from 1.
    #[must_use]
    pub fn line(&self) -> usize {
        self.line
    }

    /// The byte within the line of the place where it was noticed, from 1; 0 just after a line break.
    #[must_use]
    pub fn column(&self) -> usize {
        self.column
    }

    fn new(kind: JsonErrorKind, line: usize, column: usize) -> Self {
        Self {
            kind,
            detail: None,
            line,
            column,
        }
    }

    /// The error at byte `offset` of `body`.
    fn at(kind: JsonErrorKind, body: &[u8], offset: usize) -> Self {
        let before = body.get(..offset).unwrap_or(body);
        let line = before.split(|b| *b == b'\n');
        let column = line.clone().next_back().map_or(0, <[u8]>::len) + 1;
        Self::new(kind, line.count(), column)
    }

    fn from_serde(error: &serde_json::Error, broken: Option<JsonErrorKind>) -> Self {
        let kind = broken.unwrap_or(match error.classify() {
            Category::Eof => JsonErrorKind::Truncated,
            _ => JsonErrorKind::Syntax,
        });
        // The messages of serde_json for faults of syntax are fixed texts without any of the input.
        let detail = (kind == JsonErrorKind::Syntax)
            .then(|| error.to_string().split(" at line ").next().map(Into::into))
            .flatten();
        Self {
            kind,
            detail,
            line: error.line(),
            column: error.column(),
        }
    }
}

impl JsonErrorKind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Empty => "the body is empty",
            Self::ByteOrderMark => "the body starts with a byte order mark",
            Self::InvalidUtf8 => "the body is not UTF-8",
            Self::Truncated => "the JSON text ends too early",
            Self::Syntax => "the body is not JSON",
            Self::TrailingText => "text follows the JSON value",
            Self::DuplicateMember => "an object has the same member name twice",
            Self::TooDeep => "the JSON text is nested too deeply",
            Self::TooManyElements => "an array has too many elements",
        }
    }
}

/// `: ` and the detail, if there is one.
struct Detail<'a>(&'a Option<Box<str>>);

impl fmt::Display for Detail<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_deref().map_or(Ok(()), |detail| write!(f, ": {detail}"))
    }
}

/// Builds a [`Value`] from what `serde_json` reads.
#[derive(Clone, Copy)]
struct Reader<'a> {
    /// How many more arrays and objects may be opened.
    depth: usize,
    array_len: usize,
    /// The rule of this module that was broken, as `serde_json` carries only the text of an error.
    broken: &'a Cell<Option<JsonErrorKind>>,
}

impl Reader<'_> {
    /// The reader for what is inside an array or object.
    fn enter<E: de::Error>(self) -> Result<Self, E> {
        let depth = self
            .depth
            .checked_sub(1)
            .ok_or_else(|| self.refuse(JsonErrorKind::TooDeep))?;
        Ok(Self { depth, ..self })
    }

    #[cold]
    fn refuse<E: de::Error>(self, kind: JsonErrorKind) -> E {
        self.broken.set(Some(kind));
        E::custom(kind.as_str())
    }
}

impl<'de> DeserializeSeed<'de> for Reader<'_> {
    type Value = Value;

    fn deserialize<D: serde::Deserializer<'de>>(self, input: D) -> Result<Value, D::Error> {
        input.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reader<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value)
            .map(Value::Number)
            .ok_or_else(|| self.refuse(JsonErrorKind::Syntax))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Value, A::Error> {
        let inner = self.enter()?;
        let mut array = Vec::new();
        while let Some(element) = elements.next_element_seed(inner)? {
            if array.len() >= self.array_len {
                return Err(self.refuse(JsonErrorKind::TooManyElements));
            }
            array.push(element);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let inner = self.enter()?;
        let mut object = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            let value = members.next_value_seed(inner)?;
            if object.insert(name, value).is_some() {
                return Err(self.refuse(JsonErrorKind::DuplicateMember));
            }
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn error(body: impl AsRef<[u8]>) -> JsonError {
        parse(body.as_ref(), &JsonLimits::default()).unwrap_err()
    }

    fn kind(body: impl AsRef<[u8]>) -> JsonErrorKind {
        error(body).kind()
    }

    #[test]
    fn values_are_read_as_serde_json_reads_them() {
        let body = br#" {"a":[1,-2,18446744073709551615,1.5e3,123456789012345678901234567890,true,false,null,"\u00e9\ud83d\ude00\u0000",{},[]],"A":"x"} "#;
        let value = parse(body, &JsonLimits::default()).unwrap();
        assert_eq!(value, serde_json::from_slice::<Value>(body).unwrap());
        assert_eq!(value["a"][8], "é😀\0");
        assert_eq!(parse(b"null", &JsonLimits::default()), Ok(Value::Null));
    }

    #[test]
    fn a_body_of_nothing_is_told_apart() {
        for body in ["", " ", "\r\n\t "] {
            assert_eq!(kind(body), JsonErrorKind::Empty, "{body:?}");
        }
    }

    #[test]
    fn bytes_that_are_not_plain_utf8() {
        assert_eq!(kind(b"\xef\xbb\xbf{}"), JsonErrorKind::ByteOrderMark);
        assert_eq!(kind(b"\xff\xfe{\0}\0"), JsonErrorKind::InvalidUtf8);
        assert_eq!(kind(b"{\"a\":\"\xed\xa0\x80\"}"), JsonErrorKind::InvalidUtf8);
        let e = error(b"{\n\"a\":\"\xff\"}");
        assert_eq!((e.kind(), e.line(), e.column()), (JsonErrorKind::InvalidUtf8, 2, 6));
    }

    #[test]
    fn broken_grammar() {
        for body in [
            "// c\n{}",
            "{'a':1}",
            "{\"a\":NaN}",
            "{\"a\":1,}",
            "[1,]",
            "[1 2]",
            "{\"a\" 1}",
            "{a:1}",
            "{1:1}",
            "01",
            "+1",
            "1.x",
            ".5",
            "1e999999",
            "-1e999999",
            "Infinity",
            "\"\\ud800\"",
            "\"\\udc00\"",
            "\"\\ud800\\u0041\"",
            "\"\\x\"",
            "\"a\nb\"",
            "\"a\0b\"",
            "\u{a0}1",
        ] {
            assert_eq!(kind(body), JsonErrorKind::Syntax, "{body:?}");
        }
    }

    #[test]
    fn cut_off_text() {
        for body in [
            "{", "[", "\"", "{\"a\"", "{\"a\":", "{\"a\":1", "[1,", "tr", "-", "\"\\u00",
        ] {
            assert_eq!(kind(body), JsonErrorKind::Truncated, "{body:?}");
        }
    }

    #[test]
    fn text_after_the_value() {
        for body in ["{} x", "{}{}", "1 2", "{}]", "[],", "null\0", "0x10"] {
            assert_eq!(kind(body), JsonErrorKind::TrailingText, "{body:?}");
        }
    }

    #[test]
    fn member_names_used_twice() {
        for body in [
            r#"{"userName":"a","userName":"b"}"#,
            r#"{"userName":null,"userName":null}"#,
            r#"{"a":1,"b":2,"\u0061":3}"#,
            r#"[{"x":{"":1,"":1}}]"#,
        ] {
            assert_eq!(kind(body), JsonErrorKind::DuplicateMember, "{body}");
        }
        assert!(parse(br#"{"a":{"a":1},"A":[{"a":1},{"a":1}]}"#, &JsonLimits::default()).is_ok());
    }

    #[test]
    fn nesting_is_counted_over_arrays_and_objects() {
        let nested = |n: usize| "[".repeat(n) + &"]".repeat(n);
        let objects = |n: usize| "{\"a\":".repeat(n) + "1" + &"}".repeat(n);
        let limits = JsonLimits::default();
        for make in [&nested as &dyn Fn(usize) -> String, &objects] {
            assert!(parse(make(64).as_bytes(), &limits).is_ok());
            assert_eq!(kind(make(65)), JsonErrorKind::TooDeep);
            assert!(parse(make(1).as_bytes(), &limits.with_depth(1)).is_ok());
            assert!(parse(make(1).as_bytes(), &limits.with_depth(0)).is_err());
            assert!(parse(make(126).as_bytes(), &limits.with_depth(1000)).is_ok());
            let beyond = parse(make(127).as_bytes(), &limits.with_depth(1000)).unwrap_err();
            assert_eq!(beyond.kind(), JsonErrorKind::TooDeep);
        }
        assert_eq!(kind("[".repeat(1 << 20)), JsonErrorKind::TooDeep);
        assert!(parse(b"[[],[],[]]", &limits.with_depth(2)).is_ok());
    }

    #[test]
    fn arrays_are_limited_one_by_one() {
        let limits = JsonLimits::default().with_array_len(2);
        assert!(parse(b"[[1,2],[3,4]]", &limits).is_ok());
        assert_eq!(
            parse(b"{\"a\":[1,2,3]}", &limits).unwrap_err().kind(),
            JsonErrorKind::TooManyElements
        );
        assert_eq!(parse(b"[]", &limits.with_array_len(0)), Ok(json!([])));
    }

    #[test]
    fn messages_are_one_line_with_a_place_and_nothing_of_the_body() {
        assert_eq!(
            error("{\"secret\" 1}").to_string(),
            "the body is not JSON: expected `:` at line 1 column 11"
        );
        assert_eq!(
            error("{\"secret\":1,\n\"secret\":2}").to_string(),
            "an object has the same member name twice at line 2 column 11"
        );
        assert_eq!(error("").to_string(), "the body is empty at line 1 column 1");
        assert_eq!(
            error("{\"secret\":").to_string(),
            "the JSON text ends too early at line 1 column 10"
        );
        assert_eq!(
            error("1e999").to_string(),
            "the body is not JSON: number out of range at line 1 column 5"
        );
    }

    fn document() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(5, 40, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::btree_map("[a-c]{0,3}|\\PC{0,6}", inner, 0..6)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn documents_are_read_back(value in document()) {
            let body = serde_json::to_vec_pretty(&value).unwrap();
            prop_assert_eq!(parse(&body, &JsonLimits::default()), Ok(value));
        }

        #[test]
        fn what_is_accepted_is_what_serde_json_accepts(body in "[\\[\\]{},:\"a1 .e\\\\-]{0,16}|\\PC{0,16}") {
            let theirs = serde_json::from_str::<Value>(&body).ok();
            match parse(body.as_bytes(), &JsonLimits::default()) {
                Ok(value) => prop_assert_eq!(Some(value), theirs),
                Err(e) => prop_assert!(theirs.is_none() || e.kind() == JsonErrorKind::DuplicateMember, "{}", e),
            }
        }

        #[test]
        fn cut_bodies_are_never_accepted_as_objects(value in document(), cut in 1_usize..40) {
            let body = serde_json::to_vec(&json!({ "a": value })).unwrap();
            let cut = body.len().saturating_sub(cut);
            let e = parse(&body[..cut], &JsonLimits::default()).unwrap_err();
            prop_assert!(!e.to_string().contains('\n'));
        }
    }
}
