//! From JSON to a checked resource (RFC 7643 section 2, RFC 7644 sections 3.3 and 3.5.1; decisions D1, D2, D11, D12, D27).

use std::{fmt, sync::Arc};

use serde_json::{Map, Value};

use crate::{
    Dialect, InputError, Limits, Note, Notes,
    dialect::Unknown,
    resource::{MemberRef, Resource, member_refs},
    schema::{Attribute, AttributeType, Mutability, ResourceType, Schema},
};

/// A password in transit: handed to the host, never stored, shown or logged.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(Box<str>);

impl Password {
    /// The text, for a hash function.
    pub fn expose(&self) -> &str {
        &self.0
    }

    pub(crate) fn new(text: &str) -> Self {
        Self(text.into())
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(..)")
    }
}

/// A whole resource as a client sent it, checked against its type.
///
/// readOnly attributes are gone (N41), names are canonical, values have their types, what is empty is absent.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Decoded {
    /// The attributes.
    pub resource: Resource,
    /// The members, where the type has any and the body named them.
    pub members: Option<Vec<MemberRef>>,
    /// The password, for the host.
    pub password: Option<Password>,
    /// Attributes that were sent without a value: to be cleared even where an absent one would stay.
    pub cleared: Vec<String>,
    /// What was tolerated.
    pub notes: Notes,
}

impl Decoded {
    /// Checks a body against a type.
    ///
    /// # Errors
    ///
    /// `invalidSyntax` where it is no object, names an attribute twice or does not list its schemas; `invalidValue` where a
    /// value has the wrong type, is too long or is missing though required.
    pub fn decode(
        kind: &Arc<ResourceType>,
        body: Value,
        dialect: &Dialect,
        limits: &Limits,
    ) -> Result<Self, InputError> {
        let Value::Object(body) = body else {
            return Err(InputError::syntax("the body must be a JSON object"));
        };
        let mut decoder = ValueDecoder::new(dialect, limits);
        let mut decoded = Self {
            resource: Resource::default(),
            members: None,
            password: None,
            cleared: Vec::new(),
            notes: Notes::default(),
        };
        let mut schemas = None;
        let mut extensions = Vec::new();
        let mut seen = Vec::with_capacity(body.len());
        for (key, value) in body {
            if let Some(extension) = key.contains(':').then(|| kind.extension(&key)).flatten() {
                once(&mut seen, &extension.schema.id)?;
                if let Some(values) = decoder.extension(&extension.schema, value)? {
                    extensions.push(Arc::clone(&extension.schema));
                    decoded
                        .resource
                        .attributes_mut()
                        .insert(extension.schema.id.clone(), Value::Object(values));
                } else {
                    decoded.cleared.push(extension.schema.id.clone());
                }
                continue;
            }
            let Some(attribute) = kind.attribute(&key) else {
                decoder.unknown(&key)?;
                continue;
            };
            once(&mut seen, &attribute.name)?;
            if attribute.name == "schemas" {
                schemas = Some(value);
            } else if kind.members().is_some_and(|members| Arc::ptr_eq(members, attribute)) {
                decoded.members = Some(member_refs(attribute, value, dialect, limits)?);
            } else if attribute.mutability == Mutability::ReadOnly {
                // RFC 7644 section 3.3: readOnly attributes in the body SHALL be ignored.
            } else if is_password(attribute) {
                decoded.password = decoder.password(value)?;
            } else if let Some(value) = decoder.attribute(attribute, &attribute.name, value)? {
                decoded.resource.attributes_mut().insert(attribute.name.clone(), value);
            } else {
                decoded.cleared.push(attribute.name.clone());
            }
        }
        check_schemas(kind, schemas, &extensions, &mut decoder)?;
        decoded.notes = decoder.notes;
        decoded.resource.settle_schemas(kind);
        decoded.resource.check_required(kind)?;
        Ok(decoded)
    }
}

/// Whether a value is the same as none (RFC 7643 section 2.5, N12).
pub(crate) fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.iter().all(is_empty),
        Value::Object(map) => map.values().all(is_empty),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

pub(crate) fn is_password(attribute: &Attribute) -> bool {
    attribute.name == "password" && attribute.mutability == Mutability::WriteOnly
}

/// Names in one object are told apart without case (RFC 7643 section 2.1).
fn once<'a>(seen: &mut Vec<&'a str>, name: &'a str) -> Result<(), InputError> {
    if seen.contains(&name) {
        return Err(InputError::syntax(format!("`{name}` is named twice")));
    }
    seen.push(name);
    Ok(())
}

fn check_schemas(
    kind: &ResourceType,
    schemas: Option<Value>,
    extensions: &[Arc<Schema>],
    decoder: &mut ValueDecoder<'_>,
) -> Result<(), InputError> {
    let strict = decoder.dialect.unknown_schemas == Unknown::Reject;
    let urn = &kind.schema().id;
    let listed = match schemas {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(list)) => list,
        Some(_) => return Err(InputError::syntax("`schemas` must be a list of URNs")),
    };
    let mut names: Vec<&str> = Vec::with_capacity(listed.len());
    for value in &listed {
        names.push(
            value
                .as_str()
                .ok_or_else(|| InputError::syntax("`schemas` must be a list of URNs"))?,
        );
    }
    if names.len() > decoder.limits.values {
        return Err(InputError::value("`schemas` has too many values"));
    }
    if !names.iter().any(|name| name.eq_ignore_ascii_case(urn)) {
        if strict {
            return Err(InputError::syntax(format!("`schemas` must list `{urn}`")));
        }
        decoder.notes.add(Note::Schemas);
    }
    for name in &names {
        if !name.eq_ignore_ascii_case(urn) && kind.extension(name).is_none() {
            if strict {
                return Err(InputError::syntax(format!(
                    "`schemas` lists a schema that {} does not have",
                    kind.name()
                )));
            }
            decoder.notes.add(Note::Schemas);
        }
    }
    for extension in extensions {
        if !names.iter().any(|name| name.eq_ignore_ascii_case(&extension.id)) {
            if strict {
                return Err(InputError::syntax(format!("`schemas` must list `{}`", extension.id)));
            }
            decoder.notes.add(Note::Schemas);
        }
    }
    Ok(())
}

/// Checks values against attributes; `None` stands for "no value".
#[derive(Debug)]
pub(crate) struct ValueDecoder<'a> {
    dialect: &'a Dialect,
    limits: &'a Limits,
    pub(crate) notes: Notes,
}

impl<'a> ValueDecoder<'a> {
    pub(crate) fn new(dialect: &'a Dialect, limits: &'a Limits) -> Self {
        Self {
            dialect,
            limits,
            notes: Notes::default(),
        }
    }

    /// The value of a whole attribute.
    pub(crate) fn attribute(
        &mut self,
        attribute: &Attribute,
        path: &str,
        value: Value,
    ) -> Result<Option<Value>, InputError> {
        if !attribute.multi_valued {
            return self.single(attribute, path, value);
        }
        let list = match value {
            Value::Null => return Ok(None),
            Value::Array(list) => list,
            Value::String(text) if text.is_empty() && self.dialect.empty_clears => return Ok(None),
            Value::Object(_) if self.dialect.bare_values => vec![value],
            _ => return Err(InputError::value(format!("`{path}` must be a list"))),
        };
        self.elements(attribute, path, list)
    }

    /// Elements of a list, each checked; at most one stays primary, the first that says so (decision D10).
    pub(crate) fn elements(
        &mut self,
        attribute: &Attribute,
        path: &str,
        list: Vec<Value>,
    ) -> Result<Option<Value>, InputError> {
        if list.len() > self.limits.values {
            return Err(InputError::value(format!(
                "`{path}` has more than {} values",
                self.limits.values
            )));
        }
        let mut elements = Vec::with_capacity(list.len());
        for value in list {
            elements.extend(self.single(attribute, path, value)?);
        }
        let mut primaries = elements.iter_mut().filter_map(|element| element.get_mut("primary"));
        if primaries.by_ref().any(|primary| *primary == true) {
            primaries.for_each(|primary| *primary = false.into());
        }
        Ok((!elements.is_empty()).then_some(Value::Array(elements)))
    }

    /// One value of an attribute: its only one, or one of its list.
    pub(crate) fn single(
        &mut self,
        attribute: &Attribute,
        path: &str,
        value: Value,
    ) -> Result<Option<Value>, InputError> {
        match (attribute.kind, value) {
            (_, Value::Null) => Ok(None),
            (AttributeType::Complex, value) => self.complex(attribute, path, value),
            (_, Value::String(text)) if text.is_empty() && self.dialect.empty_clears => Ok(None),
            (AttributeType::Boolean, value) => self.boolean(path, value).map(Some),
            (AttributeType::Integer, value @ Value::Number(_)) if !value.is_f64() => Ok(Some(value)),
            (AttributeType::Integer, _) => Err(InputError::value(format!("`{path}` must be a whole number"))),
            (AttributeType::Decimal, value @ Value::Number(_)) => Ok(Some(value)),
            (AttributeType::Decimal, _) => Err(InputError::value(format!("`{path}` must be a number"))),
            (kind, Value::String(text)) => {
                self.text(attribute, kind, path, &text)?;
                Ok(Some(Value::String(text)))
            }
            (_, _) => Err(InputError::value(format!("`{path}` must be text"))),
        }
    }

    /// The attributes of an extension, from the object under its URN.
    pub(crate) fn extension(
        &mut self,
        schema: &Schema,
        value: Value,
    ) -> Result<Option<Map<String, Value>>, InputError> {
        let body = match value {
            Value::Null => return Ok(None),
            Value::Object(body) => body,
            _ => return Err(InputError::value(format!("`{}` must be an object", schema.id))),
        };
        let mut seen = Vec::with_capacity(body.len());
        let mut values = Map::new();
        for (key, value) in body {
            let Some(attribute) = schema.attribute(&key) else {
                self.unknown(&key)?;
                continue;
            };
            once(&mut seen, &attribute.name)?;
            if attribute.mutability == Mutability::ReadOnly {
                continue;
            }
            if let Some(value) = self.attribute(attribute, &attribute.name, value)? {
                values.insert(attribute.name.clone(), value);
            }
        }
        Ok((!values.is_empty()).then_some(values))
    }

    /// A password: text or nothing; an error never repeats it.
    pub(crate) fn password(&mut self, value: Value) -> Result<Option<Password>, InputError> {
        match value {
            Value::Null => Ok(None),
            Value::String(text) if text.is_empty() => Ok(None),
            Value::String(text) if text.len() <= self.limits.string && !text.contains('\0') => {
                Ok(Some(Password::new(&text)))
            }
            _ => Err(InputError::value("`password` must be text of a sensible length")),
        }
    }

    /// An attribute that is in no schema (decision D2).
    pub(crate) fn unknown(&mut self, name: &str) -> Result<(), InputError> {
        match self.dialect.unknown_attributes {
            Unknown::Ignore => {
                self.notes.add(Note::UnknownAttribute(Note::shown(name)));
                Ok(())
            }
            Unknown::Reject => Err(InputError::syntax(
                "the body names an attribute that is in no schema of the type",
            )),
        }
    }

    fn complex(&mut self, attribute: &Attribute, path: &str, value: Value) -> Result<Option<Value>, InputError> {
        let body = match value {
            Value::Object(body) => body,
            Value::String(text) if self.dialect.bare_values && attribute.sub("value").is_some() => {
                self.notes.add(Note::BareValue(path.to_owned()));
                Map::from_iter([("value".to_owned(), Value::String(text))])
            }
            // Entra ID's validator sends `manager` as a list of one.
            Value::Array(mut list) if self.dialect.bare_values && !attribute.multi_valued && list.len() <= 1 => {
                return match list.pop() {
                    None => Ok(None),
                    Some(Value::Array(_)) => Err(InputError::value(format!("`{path}` must be an object"))),
                    Some(one) => self.complex(attribute, path, one),
                };
            }
            Value::Null => return Ok(None),
            _ => return Err(InputError::value(format!("`{path}` must be an object"))),
        };
        let mut seen = Vec::with_capacity(body.len());
        let mut values = Map::new();
        for (key, value) in body {
            let Some(sub) = attribute.sub(&key) else {
                self.unknown(&key)?;
                continue;
            };
            once(&mut seen, &sub.name)?;
            if sub.mutability == Mutability::ReadOnly {
                continue;
            }
            let decoded = if sub.multi_valued {
                self.attribute(sub, &format!("{path}.{}", sub.name), value)?
            } else if needs_no_path(sub, &value, self.dialect) {
                self.single(sub, &sub.name, value)?
            } else {
                self.single(sub, &format!("{path}.{}", sub.name), value)?
            };
            if let Some(value) = decoded {
                values.insert(sub.name.clone(), value);
            }
        }
        if values.is_empty() {
            return Ok(None);
        }
        if let Some(sub) = attribute
            .sub_attributes
            .iter()
            .find(|sub| sub.required && !values.contains_key(&sub.name))
        {
            return Err(InputError::value(format!("`{path}.{}` is required", sub.name)));
        }
        Ok(Some(Value::Object(values)))
    }

    pub(crate) fn boolean(&mut self, path: &str, value: Value) -> Result<Value, InputError> {
        match value {
            Value::Bool(_) => Ok(value),
            Value::String(text) if self.dialect.boolean_strings && boolean_text(&text).is_some() => {
                self.notes.add(Note::BooleanText(path.to_owned()));
                Ok(boolean_text(&text).into())
            }
            _ => Err(InputError::value(format!("`{path}` must be true or false"))),
        }
    }

    fn text(&self, attribute: &Attribute, kind: AttributeType, path: &str, text: &str) -> Result<(), InputError> {
        let limit = match attribute.name.as_str() {
            "userName" => self.limits.user_name,
            "externalId" => self.limits.external_id,
            _ => self.limits.string,
        };
        if text.len() > limit {
            return Err(InputError::value(format!("`{path}` is longer than {limit} bytes")));
        }
        if text.bytes().any(|b| b == 0) {
            return Err(InputError::value(format!("`{path}` holds a NUL")));
        }
        match kind {
            AttributeType::DateTime if crate::datetime::parse(text).is_none() => Err(InputError::value(format!(
                "`{path}` must be an xsd:dateTime such as 2008-01-23T04:56:22Z"
            ))),
            AttributeType::Binary if !is_base64(text) => Err(InputError::value(format!("`{path}` must be base64"))),
            _ => Ok(()),
        }
    }
}

/// Plain text in its place has no error to name its path in, so the path need not be built.
fn needs_no_path(sub: &Attribute, value: &Value, dialect: &Dialect) -> bool {
    match (sub.kind, value) {
        (AttributeType::String | AttributeType::Reference, Value::String(text)) => {
            text.len() < 256 && !text.contains('\0')
        }
        (AttributeType::Boolean, Value::Bool(_)) => true,
        (AttributeType::Boolean, Value::String(_)) => !dialect.boolean_strings,
        _ => false,
    }
}

/// `"True"`, `"true"`, `"False"`, `"false"` as Entra ID and others send them (decision D11).
pub(crate) fn boolean_text(text: &str) -> Option<bool> {
    if text.eq_ignore_ascii_case("true") {
        Some(true)
    } else if text.eq_ignore_ascii_case("false") {
        Some(false)
    } else {
        None
    }
}

/// Base64 as RFC 4648 has it, in lines or not; padding may be left out, but where it is it must fit.
fn is_base64(text: &str) -> bool {
    let text = text.trim_end_matches(['\r', '\n']);
    let body = text.trim_end_matches('=');
    let padding = text.len().saturating_sub(body.len());
    let is_digit = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'-' | b'_');
    let digits = body.bytes().filter(|b| is_digit(*b)).count();
    let fits = match padding {
        0 => digits % 4 != 1, // Six bits are no byte.
        1 | 2 => (digits + padding).is_multiple_of(4),
        _ => false,
    };
    fits && body.bytes().all(|b| is_digit(b) || matches!(b, b'\r' | b'\n'))
}
