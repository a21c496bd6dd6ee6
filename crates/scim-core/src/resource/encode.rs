//! From a stored resource to the bytes of an answer: kept bytes spliced with what depends on the request.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Map, Value};

use crate::{
    ResourceId, Version, datetime,
    resource::{
        Found, Head, Members, Projection, Resource,
        members::membership_element,
        write::{write_json, write_number, write_text},
    },
    schema::{Attribute, ResourceType},
    urn,
};

/// Writes resources below one base URL (decision D20: it comes from configuration, never from a request).
#[derive(Debug, Clone, Copy)]
pub struct Encoder<'a> {
    base: &'a str,
}

/// The numbers at the head of a `ListResponse` (RFC 7644 section 3.4.2, RFC 9865 section 2).
#[derive(Debug, Clone, Copy, Default)]
#[expect(clippy::exhaustive_structs, reason = "the RFCs' own fields")]
pub struct ListHead<'a> {
    /// How many resources match, on all pages.
    pub total: Option<usize>,
    /// The index of the first resource of the page, from 1; absent in pages by cursor.
    pub start_index: Option<usize>,
    /// The cursor of the next page.
    pub next_cursor: Option<&'a str>,
}

impl<'a> Encoder<'a> {
    /// An encoder for a base URL without a slash at its end.
    pub fn new(base: &'a str) -> Self {
        Self { base }
    }

    /// The URL of a resource.
    pub fn location(&self, kind: &ResourceType, id: &ResourceId) -> String {
        let mut out = Vec::with_capacity(self.base.len() + kind.endpoint().len() + 1 + id.as_str().len());
        self.write_location(kind, id, &mut out);
        String::from_utf8(out).unwrap_or_default()
    }

    /// Writes a resource.
    pub fn resource(&self, found: &Found, want: &Projection, out: &mut Vec<u8>) {
        if want.keeps_bytes(&found.kind) {
            self.plain(found, want, out);
        } else {
            self.projected(found, want, out);
        }
    }

    /// A resource as bytes.
    pub fn to_bytes(&self, found: &Found, want: &Projection) -> Bytes {
        let mut out = Vec::with_capacity(found.stored.public.len() + self.base.len() + 320);
        self.resource(found, want, &mut out);
        Bytes::from(out)
    }

    /// Writes a whole list.
    pub fn list<'f>(
        &self,
        head: ListHead<'_>,
        page: impl ExactSizeIterator<Item = &'f Found>,
        want: &Projection,
        out: &mut Vec<u8>,
    ) {
        out.extend_from_slice(b"{\"schemas\":[\"");
        out.extend_from_slice(urn::LIST_RESPONSE.as_bytes());
        out.extend_from_slice(b"\"]");
        if let Some(total) = head.total {
            out.extend_from_slice(b",\"totalResults\":");
            write_number(total as u64, out);
        }
        if let Some(start_index) = head.start_index {
            out.extend_from_slice(b",\"startIndex\":");
            write_number(start_index as u64, out);
        }
        out.extend_from_slice(b",\"itemsPerPage\":");
        write_number(page.len() as u64, out);
        if let Some(cursor) = head.next_cursor {
            out.extend_from_slice(b",\"nextCursor\":");
            write_text(cursor, out);
        }
        out.extend_from_slice(b",\"Resources\":[");
        for (index, found) in page.enumerate() {
            if index > 0 {
                out.push(b',');
            }
            self.resource(found, want, out);
        }
        out.extend_from_slice(b"]}");
    }

    /// The kept bytes, with the relations that are wanted and `meta` behind them.
    fn plain(&self, found: &Found, want: &Projection, out: &mut Vec<u8>) {
        let shows = |attribute: &Arc<Attribute>| *want == Projection::Default || want.wants(&found.kind, attribute);
        let Some((_, attributes)) = found.stored.public.split_last() else {
            return;
        };
        out.extend_from_slice(attributes);
        if let (Some(attribute), Members::All(members)) = (found.kind.members(), &found.members)
            && !members.is_empty()
            && shows(attribute)
        {
            self.open_list(&attribute.name, out);
            let named = attribute.sub("display").is_some();
            for (index, member) in members.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                self.element(
                    &member.value,
                    &member.kind,
                    member.kind.name(),
                    member.display.as_deref().filter(|_| named),
                    out,
                );
            }
            out.push(b']');
        }
        if let Some(attribute) = found.kind.memberships()
            && !found.memberships.is_empty()
            && shows(attribute)
        {
            self.open_list(&attribute.name, out);
            let named = attribute.sub("display").is_some();
            for (index, group) in found.memberships.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                self.element(
                    &group.value,
                    &group.kind,
                    "direct",
                    group.display.as_deref().filter(|_| named),
                    out,
                );
            }
            out.push(b']');
        }
        out.extend_from_slice(if attributes.len() > 1 {
            b",\"meta\":{\"resourceType\":\""
        } else {
            b"\"meta\":{\"resourceType\":\""
        });
        out.extend_from_slice(found.kind.name().as_bytes());
        out.extend_from_slice(b"\",\"created\":\"");
        let created = out.len();
        datetime::write(&found.head.created, out);
        let created = created..out.len();
        out.extend_from_slice(b"\",\"lastModified\":\"");
        if found.head.modified == found.head.created {
            out.extend_from_within(created);
        } else {
            datetime::write(&found.head.modified, out);
        }
        out.extend_from_slice(b"\",\"location\":\"");
        self.write_location(&found.kind, &found.head.id, out);
        out.extend_from_slice(b"\",\"version\":\"W/\\\"");
        write_number(found.head.version.get(), out);
        out.extend_from_slice(b"\\\"\"}}");
    }

    fn projected(&self, found: &Found, want: &Projection, out: &mut Vec<u8>) {
        let kind = &found.kind;
        let mut attributes = found.stored.resource().into_attributes();
        if let (Some(attribute), Members::All(members)) = (kind.members(), &found.members)
            && !members.is_empty()
        {
            let list = members
                .iter()
                .map(|m| self.with_reference(m.element(), &m.kind, &m.value))
                .collect();
            attributes.insert(attribute.name.clone(), Value::Array(list));
        }
        if let Some(attribute) = kind.memberships()
            && !found.memberships.is_empty()
        {
            let groups = found.memberships.iter();
            let list = groups
                .map(|g| self.with_reference(membership_element(g), &g.kind, &g.value))
                .collect();
            attributes.insert(attribute.name.clone(), Value::Array(list));
        }
        let mut meta = meta_of(kind, &found.head);
        meta.insert("location".to_owned(), self.location(kind, &found.head.id).into());
        attributes.insert("meta".to_owned(), Value::Object(meta));
        let mut kept = want.apply(kind, attributes);
        // `schemas` lists what the answer holds, so that it is well-formed on its own.
        if let Some(Value::Array(schemas)) = kept.remove("schemas") {
            let stays = |urn: &Value| {
                urn.as_str()
                    .is_some_and(|urn| kind.extension(urn).is_none() || kept.contains_key(urn))
            };
            let schemas = schemas.into_iter().filter(stays).collect();
            kept.insert("schemas".to_owned(), Value::Array(schemas));
        }
        let names = kind.attributes().iter().map(|attribute| attribute.name.as_str());
        let urns = kind.extensions().iter().map(|extension| extension.schema.id.as_str());
        let mut first = true;
        out.push(b'{');
        for name in names.chain(urns) {
            if let Some(value) = kept.get(name) {
                out.extend_from_slice(if first { b"" } else { b"," });
                first = false;
                write_text(name, out);
                out.push(b':');
                write_json(value, out);
            }
        }
        out.push(b'}');
    }

    fn with_reference(&self, mut element: Value, kind: &ResourceType, id: &ResourceId) -> Value {
        if let Some(element) = element.as_object_mut() {
            element.insert("$ref".to_owned(), self.location(kind, id).into());
        }
        element
    }

    fn open_list(&self, name: &str, out: &mut Vec<u8>) {
        out.extend_from_slice(b",");
        write_text(name, out);
        out.extend_from_slice(b":[");
    }

    fn element(&self, id: &ResourceId, kind: &ResourceType, label: &str, display: Option<&str>, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"value\":");
        write_text(id.as_str(), out);
        out.extend_from_slice(b",\"$ref\":\"");
        self.write_location(kind, id, out);
        out.extend_from_slice(b"\",\"type\":");
        write_text(label, out);
        if let Some(display) = display {
            out.extend_from_slice(b",\"display\":");
            write_text(display, out);
        }
        out.push(b'}');
    }

    fn write_location(&self, kind: &ResourceType, id: &ResourceId, out: &mut Vec<u8>) {
        out.extend_from_slice(self.base.as_bytes());
        out.extend_from_slice(kind.endpoint().as_bytes());
        out.push(b'/');
        write_segment(id.as_str(), out);
    }
}

/// Writes a text as one segment of a URL's path.
pub(crate) fn write_segment(text: &str, out: &mut Vec<u8>) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let digit = |nibble: u8| HEX.get(usize::from(nibble)).copied().unwrap_or(b'0');
    let is_unreserved = |byte: u8| byte.is_ascii_alphanumeric() | matches!(byte, b'-' | b'.' | b'_' | b'~');
    // Without a way out of the loop, many bytes are looked at together.
    if text.bytes().fold(true, |all, byte| all & is_unreserved(byte)) {
        out.extend_from_slice(text.as_bytes());
        return;
    }
    for byte in text.bytes() {
        if is_unreserved(byte) {
            out.push(byte);
        } else {
            out.extend_from_slice(&[b'%', digit(byte >> 4), digit(byte & 15)]);
        }
    }
}

/// `meta` without its location.
fn meta_of(kind: &ResourceType, head: &Head) -> Map<String, Value> {
    let mut meta = Map::new();
    meta.insert("resourceType".to_owned(), kind.name().into());
    meta.insert("created".to_owned(), datetime::format(&head.created).into());
    meta.insert("lastModified".to_owned(), datetime::format(&head.modified).into());
    meta.insert("version".to_owned(), Version::etag(head.version).into());
    meta
}

impl Resource {
    /// Puts `meta` in for a filter or a sort to look at; its location is left to the encoder.
    #[must_use]
    pub fn with_meta(mut self, kind: &ResourceType, head: &Head) -> Self {
        self.attributes_mut()
            .insert("meta".to_owned(), Value::Object(meta_of(kind, head)));
        self
    }
}
