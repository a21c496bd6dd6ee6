//! Operations on members to steps on rows: no step but one reads the members that are there.

use std::sync::Arc;

use serde_json::Value;

use super::PatchOp;
use crate::{
    Dialect, InputError, Limits, ResourceId,
    filter::{CompareOp, Filter, Literal, Predicate},
    resource::{MemberRef, MemberStep, member_refs},
    schema::Attribute,
};

pub(super) struct MemberCompiler<'a> {
    pub(super) attribute: &'a Arc<Attribute>,
    pub(super) dialect: &'a Dialect,
    pub(super) limits: &'a Limits,
}

impl MemberCompiler<'_> {
    /// An operation on the whole list.
    pub(super) fn whole(&self, op: PatchOp, has_sub: bool, value: Value) -> Result<MemberStep, InputError> {
        if has_sub {
            return Err(self.immutable());
        }
        match op {
            PatchOp::Add => Ok(MemberStep::Add(self.refs(value)?)),
            PatchOp::Replace => Ok(MemberStep::Set(self.refs(value)?)),
            PatchOp::Remove if value.is_null() => Ok(MemberStep::Set(Vec::new())),
            PatchOp::Remove if self.dialect.remove_by_value => {
                let listed = self.refs(self.unwrap(value))?;
                Ok(MemberStep::Remove(
                    listed.into_iter().map(|member| member.value).collect(),
                ))
            }
            PatchOp::Remove => Err(InputError::value(
                "remove takes no `value`: name the member by a filter in its `path`",
            )),
        }
    }

    /// An operation on the members that a value filter selects.
    pub(super) fn selected(
        &self,
        op: PatchOp,
        has_sub: bool,
        filter: &Filter,
        predicate: Predicate,
    ) -> Result<MemberStep, InputError> {
        if op != PatchOp::Remove || has_sub {
            return Err(self.immutable());
        }
        Ok(match identifiers(filter) {
            Some(ids) => MemberStep::Remove(ids),
            None => MemberStep::RemoveMatching(predicate),
        })
    }

    fn refs(&self, value: Value) -> Result<Vec<MemberRef>, InputError> {
        member_refs(self.attribute, value, self.dialect, self.limits)
    }

    /// Salesforce wraps the list once more: `{"members": [..]}`.
    fn unwrap(&self, value: Value) -> Value {
        match value {
            Value::Object(mut values) => {
                match values
                    .keys()
                    .find(|key| key.eq_ignore_ascii_case(&self.attribute.name))
                    .cloned()
                {
                    Some(key) => values.remove(&key).unwrap_or(Value::Null),
                    None => Value::Object(values),
                }
            }
            // Read as a member where the dialect takes bare text, refused where it does not.
            other => other,
        }
    }

    /// RFC 7643 section 4.2: a member is added and removed, never changed (N72).
    fn immutable(&self) -> InputError {
        InputError::mutability(format!(
            "sub-attributes of `{}` are immutable: remove and add",
            self.attribute.name
        ))
    }
}

/// The identifiers of `value eq "x"`, or of several such terms joined by `or`.
fn identifiers(filter: &Filter) -> Option<Vec<ResourceId>> {
    match filter {
        Filter::Compare(comparison)
            if comparison.op == CompareOp::Equal && comparison.path.name().eq_ignore_ascii_case("value") =>
        {
            match &comparison.value {
                Literal::String(id) => Some(vec![ResourceId::new(id.as_ref())]),
                _ => None,
            }
        }
        Filter::Or(terms) => {
            let lists: Option<Vec<_>> = terms.iter().map(identifiers).collect();
            Some(lists?.into_iter().flatten().collect())
        }
        _ => None,
    }
}
