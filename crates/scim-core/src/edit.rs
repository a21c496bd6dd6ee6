//! A change of one resource, compiled, to be applied by a store inside its own transaction.

use std::sync::Arc;

use serde_json::Value;

use crate::{
    Dialect, InputError, Limits, Notes, Precondition, ResourceId,
    patch::{self, PatchMessage, Step},
    query::Relations,
    resource::{Decoded, Keys, MemberStep, Password, Resource, Stored, changed_paths},
    schema::{Attribute, Mutability, ResourceType},
};

/// A compiled PUT or PATCH.
///
/// It has two halves that do not touch: attributes, changed by [`Edit::apply`], and members, changed by
/// [`Edit::member_steps`]. A store that has only steps to apply reads neither attributes nor members.
#[derive(Debug, Clone)]
pub struct Edit {
    kind: Arc<ResourceType>,
    id: ResourceId,
    action: Action,
    steps: Vec<MemberStep>,
    password: Option<Password>,
    precondition: Precondition,
    dialect: Arc<Dialect>,
    notes: Notes,
    answer: Option<Relations>,
}

#[derive(Debug, Clone)]
enum Action {
    Patch(Vec<Step>),
    Replace { resource: Resource, cleared: Vec<String> },
}

/// What an edit makes of the attributes of a resource.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Applied {
    /// The attributes before.
    pub before: Resource,
    /// The attributes after.
    pub after: Resource,
    /// The bytes to keep; `None` where nothing changed, so that version and time stay still.
    pub stored: Option<Stored>,
    /// What must be unique afterwards, and what to look up by.
    pub keys: Keys,
    /// The paths of the attributes that changed.
    pub changed: Vec<String>,
}

impl Edit {
    /// A PATCH (RFC 7644 section 3.5.2).
    ///
    /// # Errors
    ///
    /// Whatever can be said of the operations without the resource: `invalidPath`, `invalidValue`, `invalidSyntax`,
    /// `mutability`, `noTarget`.
    pub fn patch(
        kind: Arc<ResourceType>,
        id: ResourceId,
        message: PatchMessage,
        dialect: Arc<Dialect>,
        limits: &Limits,
        base: &str,
    ) -> Result<Self, InputError> {
        let compiled = patch::compile(&kind, message, &dialect, limits, base)?;
        Ok(Self {
            kind,
            id,
            action: Action::Patch(compiled.steps),
            steps: compiled.members,
            password: compiled.password,
            precondition: Precondition::default(),
            dialect,
            notes: compiled.notes,
            answer: Some(Relations::ALL),
        })
    }

    /// A PUT (RFC 7644 section 3.5.1).
    pub fn replace(kind: Arc<ResourceType>, id: ResourceId, decoded: Decoded, dialect: Arc<Dialect>) -> Self {
        let steps = match kind.members() {
            Some(_) => vec![MemberStep::Set(decoded.members.unwrap_or_default())],
            None => Vec::new(),
        };
        Self {
            kind,
            id,
            action: Action::Replace {
                resource: decoded.resource,
                cleared: decoded.cleared,
            },
            steps,
            password: decoded.password,
            precondition: Precondition::default(),
            dialect,
            notes: decoded.notes,
            answer: Some(Relations::ALL),
        }
    }

    /// With a condition on the current version.
    #[must_use]
    pub fn with_precondition(mut self, precondition: Precondition) -> Self {
        self.precondition = precondition;
        self
    }

    /// With what the answer needs; `None` for an answer without a body.
    #[must_use]
    pub fn with_answer(mut self, answer: Option<Relations>) -> Self {
        self.answer = answer;
        self
    }

    /// Whether it replaces the resource as PUT does; a PATCH else.
    pub fn is_put(&self) -> bool {
        matches!(self.action, Action::Replace { .. })
    }

    /// Without the password that came with it, for a host that takes none.
    #[must_use]
    pub fn without_password(mut self) -> Self {
        self.password = None;
        self
    }

    /// The type of the resource.
    pub fn kind(&self) -> &Arc<ResourceType> {
        &self.kind
    }

    /// The resource.
    pub fn id(&self) -> &ResourceId {
        &self.id
    }

    /// The condition on the current version; to be checked first, under the lock.
    pub fn precondition(&self) -> &Precondition {
        &self.precondition
    }

    /// What the answer needs, or `None` where it needs nothing.
    pub fn answer(&self) -> Option<Relations> {
        self.answer
    }

    /// The dialect, for what becomes of members that do not exist.
    pub fn dialect(&self) -> &Arc<Dialect> {
        &self.dialect
    }

    /// The password that came with it, for a host that wants it.
    pub fn password(&self) -> Option<&Password> {
        self.password.as_ref()
    }

    /// What was tolerated so far.
    pub fn notes(&self) -> &Notes {
        &self.notes
    }

    /// The steps that change members, in order; often the whole edit.
    pub fn member_steps(&self) -> &[MemberStep] {
        &self.steps
    }

    /// Whether a step reads the members that are there.
    pub fn reads_members(&self) -> bool {
        self.steps
            .iter()
            .any(|step| matches!(step, MemberStep::RemoveMatching(_)))
    }

    /// Whether attributes may change; if not, [`Edit::apply`] need not be called.
    pub fn touches_attributes(&self) -> bool {
        match &self.action {
            Action::Patch(steps) => !steps.is_empty(),
            Action::Replace { .. } => true,
        }
    }

    /// Applies the half that changes attributes: all of it or none.
    ///
    /// # Errors
    ///
    /// What depends on the resource: `mutability`, `noTarget`, `invalidValue`. The current resource is never changed.
    pub fn apply(&self, current: &Stored) -> Result<Applied, InputError> {
        let before = current.resource();
        let mut after = match &self.action {
            Action::Patch(steps) => {
                let mut after = before.clone();
                for step in steps {
                    patch::apply(step, &mut after, &self.kind)?;
                }
                after
            }
            Action::Replace { resource, cleared } => {
                let mut after = resource.clone();
                self.carry_over(&before, &mut after, cleared)?;
                after
            }
        };
        after.settle_schemas(&self.kind);
        after.attributes_mut().insert("id".to_owned(), self.id.as_str().into());
        if after == before {
            let keys = Keys::default();
            return Ok(Applied {
                before,
                after,
                stored: None,
                keys,
                changed: Vec::new(),
            });
        }
        after.check_required(&self.kind)?;
        let keys = Keys::of(&after, &self.kind, &self.dialect)?;
        let changed = changed_paths(&self.kind, &before, &after);
        let stored = Some(Stored::new(&self.kind, &self.id, &after));
        Ok(Applied {
            before,
            after,
            stored,
            keys,
            changed,
        })
    }

    /// What a PUT leaves alone: readOnly attributes, immutable ones that it does not name, and those that the dialect keeps
    /// (decision D29). An immutable attribute that it names otherwise than it is ends the PUT (N44).
    fn carry_over(&self, before: &Resource, after: &mut Resource, cleared: &[String]) -> Result<(), InputError> {
        for attribute in self.kind.attributes() {
            let name = &attribute.name;
            if name == "schemas" || self.kind.is_relation(attribute) {
                continue;
            }
            let kept = self
                .dialect
                .kept_by_put
                .iter()
                .any(|kept| kept.eq_ignore_ascii_case(name));
            let was_cleared = cleared.iter().any(|cleared| cleared == name);
            let (old, new) = (before.attributes(), after.attributes_mut());
            carry(attribute, old.get(name), new, kept && !was_cleared)?;
        }
        for extension in self.kind.extensions() {
            let urn = &extension.schema.id;
            let Some(Value::Object(old)) = before.attributes().get(urn) else {
                continue;
            };
            let mut values = match after.attributes_mut().remove(urn) {
                Some(Value::Object(values)) => values,
                _ => serde_json::Map::new(),
            };
            for attribute in &extension.schema.attributes {
                carry(attribute, old.get(&attribute.name), &mut values, false)?;
            }
            if !values.is_empty() {
                after.attributes_mut().insert(urn.clone(), Value::Object(values));
            }
        }
        Ok(())
    }
}

fn carry(
    attribute: &Attribute,
    old: Option<&Value>,
    after: &mut serde_json::Map<String, Value>,
    kept: bool,
) -> Result<(), InputError> {
    let Some(old) = old else { return Ok(()) };
    let name = &attribute.name;
    match (attribute.mutability, after.get_mut(name)) {
        (Mutability::ReadOnly, _) => {
            after.insert(name.clone(), old.clone());
        }
        (Mutability::Immutable, Some(new)) if new != old => {
            return Err(InputError::mutability(format!(
                "`{name}` is immutable and has another value"
            )));
        }
        (Mutability::Immutable, None) => {
            after.insert(name.clone(), old.clone());
        }
        (_, None) if kept => {
            after.insert(name.clone(), old.clone());
        }
        // Sub-attributes have a mutability of their own.
        (_, Some(Value::Object(new))) => {
            let Value::Object(old) = old else { return Ok(()) };
            for sub in &attribute.sub_attributes {
                if matches!(sub.mutability, Mutability::Immutable | Mutability::ReadOnly) {
                    carry(sub, old.get(&sub.name), new, false)?;
                }
            }
        }
        _ => {}
    }
    Ok(())
}
