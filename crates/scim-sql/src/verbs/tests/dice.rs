//! Random requests.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use scim_core::{
    Dialect, Draft, Edit, EntityTags, Limits, Precondition, ResourceId, Version,
    dialect::Unknown,
    patch::PatchMessage,
    query::Relations,
    resource::{Decoded, Found, MemberRef},
    schema::ResourceType,
};
use scim_store::{IdSource, Removal, Write};
use serde_json::{Value, json};

pub(super) const BASE: &str = "https://example.com/scim/v2";

const NAMES: [&str; 24] = [
    "ann", "Bob", "cy", "DAN", "bob", "Ann", "eve", "Fay", "gus", "Hal", "ida", "Jo", "kim", "Lou", "mia", "Ned",
    "oda", "Pia", "quin", "Ray", "sue", "Tim", "uma", "Vic",
];
const TEAMS: [&str; 9] = [
    "Crew", "crew", "Staff", "Cooks", "Deck", "Hands", "Night", "Oars", "Pumps",
];
/// Identifiers that are not in the order of creation.
#[derive(Debug, Default)]
pub(super) struct Scattered(AtomicU32);

impl Scattered {
    fn id(number: u32) -> ResourceId {
        ResourceId::new(format!("{:08x}", number.wrapping_mul(0x9e37_79b1)))
    }
}

impl IdSource for Scattered {
    fn next(&self) -> ResourceId {
        Self::id(self.0.fetch_add(1, Ordering::Relaxed))
    }
}

/// One random request after the other.
pub(super) struct Dice {
    pub(super) state: u64,
    pub(super) users: Arc<ResourceType>,
    pub(super) groups: Arc<ResourceType>,
    /// What was created, also if it is gone.
    pub(super) made: Vec<(ResourceId, bool)>,
}

impl Dice {
    pub(super) fn roll(&mut self, sides: u32) -> u32 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        u32::try_from(self.state % u64::from(sides)).unwrap()
    }

    fn pick<'t>(&mut self, list: &[&'t str]) -> &'t str {
        list[self.roll(u32::try_from(list.len()).unwrap()) as usize]
    }

    fn id(&mut self) -> ResourceId {
        match self.roll(12) {
            0 => ResourceId::new("nobody"),
            1 => ResourceId::new("nul\0"),
            _ => self.known(None).unwrap_or_else(|| ResourceId::new("none")),
        }
    }

    /// One of those that were created, a group or a user.
    pub(super) fn known(&mut self, is_group: Option<bool>) -> Option<ResourceId> {
        let made = self
            .made
            .iter()
            .filter(|(_, kind)| is_group.is_none_or(|is_group| is_group == *kind));
        let made: Vec<ResourceId> = made.map(|(id, _)| id.clone()).collect();
        let count = u32::try_from(made.len()).unwrap();
        (count > 0).then(|| made[self.roll(count) as usize].clone())
    }

    pub(super) fn id_of(&mut self, kind: &ResourceType) -> ResourceId {
        match self.roll(12) {
            0 => self.id(),
            _ => self
                .known(Some(kind.members().is_some()))
                .unwrap_or_else(|| ResourceId::new("none")),
        }
    }

    pub(super) fn note(&mut self, found: &Found) {
        self.made.push((found.head.id.clone(), found.kind.members().is_some()));
    }

    fn dialect(&mut self) -> Arc<Dialect> {
        let choice = self.roll(8);
        Arc::new(Dialect::default().with(|dialect| match choice {
            0 => dialect.unknown_members = Unknown::Reject,
            1 => dialect.unique = vec!["emails.value".to_owned()],
            2 => dialect.unique_group_names = false,
            _ => {}
        }))
    }

    pub(super) fn relations(&mut self) -> Relations {
        match self.roll(4) {
            0 => Relations::NONE,
            1 => Relations::new(Some(self.roll(4) as usize), true),
            _ => Relations::ALL,
        }
    }

    fn user(&mut self) -> Value {
        let mut body = json!({ "schemas": [self.users.schema().id], "userName": self.pick(&NAMES) });
        if self.roll(2) == 0 {
            body["emails"] = json!([{ "value": format!("{}@x.org", self.pick(&NAMES)), "type": "work" }]);
        }
        if self.roll(3) == 0 {
            body["displayName"] = json!(self.pick(&TEAMS));
        }
        if self.roll(4) == 0 {
            body["active"] = json!(self.roll(2) == 0);
        }
        body
    }

    fn refs(&mut self) -> Value {
        let count = self.roll(5);
        let refs = (0..count).map(|_| {
            // No client can send a NUL in one.
            let id = self.id().as_str().replace('\0', "");
            match self.roll(6) {
                0 => json!({ "value": id, "type": self.pick(&["User", "Group"]) }),
                _ => json!({ "value": id }),
            }
        });
        refs.collect()
    }

    fn group(&mut self) -> Value {
        let mut body = json!({
            "schemas": [self.groups.schema().id],
            "displayName": self.pick(&TEAMS),
            "members": self.refs(),
        });
        if self.roll(2) == 0 {
            body["externalId"] = json!(self.pick(&["1", "2", "3"]));
        }
        body
    }

    pub(super) fn draft(&mut self) -> Draft {
        let (kind, body) = match self.roll(3) {
            0 => (Arc::clone(&self.groups), self.group()),
            _ => (Arc::clone(&self.users), self.user()),
        };
        let dialect = self.dialect();
        let decoded = Decoded::decode(&kind, body, &dialect, &Limits::default()).unwrap();
        let mut draft = Draft::new(kind, decoded, dialect).unwrap();
        draft.relations = self.relations();
        draft
    }

    fn operation(&mut self, is_group: bool) -> Value {
        if !is_group {
            return match self.roll(6) {
                0 => json!({ "op": "replace", "path": "userName", "value": self.pick(&NAMES) }),
                1 => json!({ "op": "replace", "path": "active", "value": self.roll(2) == 0 }),
                2 => json!({ "op": "add", "path": "displayName", "value": self.pick(&TEAMS) }),
                3 => json!({ "op": "add", "path": "title", "value": self.pick(&["a", "b", "c"]) }),
                4 => json!({ "op": "remove", "path": "emails" }),
                _ => {
                    json!({ "op": "add", "path": "emails", "value": [{ "value": format!("{}@x.org", self.pick(&NAMES)) }] })
                }
            };
        }
        let id = self.id();
        match self.roll(10) {
            0 => json!({ "op": "replace", "path": "displayName", "value": self.pick(&TEAMS) }),
            1 => json!({ "op": "replace", "path": "externalId", "value": self.pick(&["1", "2", "3"]) }),
            2 => json!({ "op": "remove", "path": format!("members[value eq {}]", json!(id.as_str())) }),
            3 => json!({ "op": "remove", "path": format!("members[value gt {}]", json!(id.as_str())) }),
            4 => json!({ "op": "remove", "path": "members[type eq \"Group\"]" }),
            5 => json!({ "op": "replace", "path": "members", "value": self.refs() }),
            6 => json!({ "op": "remove", "path": "members" }),
            _ => json!({ "op": "add", "path": "members", "value": self.refs() }),
        }
    }

    pub(super) fn edit(&mut self) -> Option<Edit> {
        let is_group = self.roll(2) == 0;
        let kind = Arc::clone(if is_group { &self.groups } else { &self.users });
        let (dialect, limits, id) = (self.dialect(), Limits::default(), self.id_of(&kind));
        let edit = if self.roll(5) == 0 {
            let body = if is_group { self.group() } else { self.user() };
            let decoded = Decoded::decode(&kind, body, &dialect, &limits).unwrap();
            Edit::replace(kind, id, decoded, dialect)
        } else {
            let count = 1 + self.roll(3);
            let operations: Value = (0..count).map(|_| self.operation(is_group)).collect();
            let body =
                json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations });
            let message = PatchMessage::parse(body, &dialect, &limits).unwrap();
            Edit::patch(kind, id, message, dialect, &limits, BASE).ok()?
        };
        let relations = self.relations();
        let answer = (self.roll(3) > 0).then_some(relations);
        Some(edit.with_precondition(self.precondition()).with_answer(answer))
    }

    fn precondition(&mut self) -> Precondition {
        let version = Version::new(u64::from(self.roll(4)));
        let tags = (self.roll(5) == 0).then(|| EntityTags::List(vec![version]));
        Precondition::new(tags, None)
    }

    pub(super) fn kind(&mut self) -> Arc<ResourceType> {
        Arc::clone(if self.roll(2) == 0 { &self.groups } else { &self.users })
    }

    pub(super) fn removal(&mut self) -> Removal {
        let kind = self.kind();
        let id = self.id_of(&kind);
        Removal::new(kind, id).with_precondition(self.precondition())
    }

    /// Writes of which some create what others name.
    pub(super) fn batch(&mut self, number: u32) -> Vec<Write> {
        let own: Vec<String> = (0..2).map(|place| format!("own-{number}-{place}")).collect();
        let mut writes = Vec::new();
        for id in &own {
            let mut draft = self.draft();
            draft.id = Some(ResourceId::new(id.as_str()));
            if self.roll(2) == 0 && draft.kind.members().is_some() {
                draft.members = own.iter().map(|id| MemberRef::new(id.as_str())).collect();
            }
            writes.push(Write::Create(draft));
        }
        if self.roll(2) == 0 {
            writes.push(Write::Delete(self.removal()));
        }
        if let Some(edit) = self.edit()
            && edit.kind().members().is_none()
        {
            writes.push(Write::Update(edit));
        }
        let turn = self.roll(4) as usize % writes.len();
        writes.rotate_left(turn);
        writes
    }
}
