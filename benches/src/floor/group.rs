//! A group as a set of identifiers: reads a PATCH into a struct that knows members only, then touches the one that it names.

use std::collections::HashSet;

use serde::Deserialize;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Message<'a> {
    #[serde(borrow)]
    operations: Vec<Operation<'a>>,
}

#[derive(Debug, Deserialize)]
struct Operation<'a> {
    op: &'a str,
    #[serde(borrow)]
    path: std::borrow::Cow<'a, str>,
    #[serde(default)]
    value: Option<Vec<Member<'a>>>,
}

#[derive(Debug, Deserialize)]
struct Member<'a> {
    value: &'a str,
}

/// The members of one group.
#[derive(Debug)]
pub(crate) struct Group {
    members: HashSet<Box<str>>,
}

impl Group {
    pub(crate) fn new(members: impl Iterator<Item = String>) -> Self {
        Self {
            members: members.map(Into::into).collect(),
        }
    }

    /// Applies a PATCH of members; whether it was one.
    pub(crate) fn patch(&mut self, body: &[u8]) -> bool {
        self.try_patch(body).is_some()
    }

    fn try_patch(&mut self, body: &[u8]) -> Option<()> {
        let message: Message<'_> = serde_json::from_slice(body).ok()?;
        for operation in &message.operations {
            match (operation.op, operation.path.as_ref(), &operation.value) {
                ("add", "members", Some(list)) => {
                    self.members.extend(list.iter().map(|member| member.value.into()));
                }
                ("remove", "members", Some(list)) => list.iter().for_each(|member| {
                    self.members.remove(member.value);
                }),
                ("remove", path, None) => {
                    let id = path.strip_prefix("members[value eq \"")?.strip_suffix("\"]")?;
                    self.members.remove(id);
                }
                _ => return None,
            }
        }
        Some(())
    }
}
