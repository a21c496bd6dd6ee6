//! What both sides are asked for.

use std::sync::Arc;

use bytes::Bytes;
use http::{Method, Request};
use serde_json::{Value, json};

use crate::{
    service::request,
    workload::{self, PATCH_OP},
};

/// One request: the service gets it as HTTP, the floor does what must be done to the rows.
#[derive(Debug, Clone)]
pub(crate) enum Ask {
    /// A user by identifier.
    Get(String),
    /// Users by name.
    UserName(String),
    /// Users by the address of one of their mails.
    Email(String),
    /// The groups that a user is in, without their members.
    GroupsOf(String),
    /// How many users there are.
    Total,
    /// 100 users from this number on, from 1.
    Index(usize),
    /// 100 users behind this place, by the cursor that leads there; with their groups or without.
    Page { cursor: String, after: i64, groups: bool },
    /// A user is active, or is no longer.
    Active(String, bool),
    /// A new user.
    Post(Arc<NewUser>),
    /// One more member.
    Add { group: String, member: String },
    /// One member less.
    Remove {
        group: String,
        member: String,
        listed: bool,
    },
    /// Another name for a group.
    Rename { group: String, name: String },
}

/// A user to be made: as a client sends it, and as its row is kept.
#[derive(Debug)]
pub(crate) struct NewUser {
    pub(crate) id: String,
    pub(crate) user_name: String,
    pub(crate) display_name: String,
    pub(crate) external_id: String,
    pub(crate) emails: [String; 2],
    pub(crate) body: String,
    pub(crate) public: String,
    pub(crate) search: String,
}

impl Ask {
    /// The request to the service.
    pub(crate) fn request(&self) -> Request<Bytes> {
        let get = |path: &str| request(Method::GET, &path.replace(' ', "%20").replace('"', "%22"), "");
        let patch = |id: &str, operation: Value| {
            let body = json!({ "schemas": [PATCH_OP], "Operations": [operation] });
            request(Method::PATCH, &format!("Groups/{id}"), body.to_string())
        };
        match self {
            Self::Get(id) => get(&format!("Users/{id}")),
            Self::UserName(name) => get(&format!("Users?filter=userName eq \"{name}\"")),
            Self::Email(email) => get(&format!("Users?filter=emails.value eq \"{email}\"")),
            Self::GroupsOf(id) => get(&format!(
                "Groups?filter=members.value eq \"{id}\"&excludedAttributes=members"
            )),
            Self::Total => get("Users?count=0"),
            Self::Index(start) => get(&format!("Users?startIndex={start}&count=100")),
            Self::Page {
                cursor, groups: true, ..
            } => get(&format!("Users?cursor={cursor}&count=100")),
            Self::Page { cursor, .. } => get(&format!("Users?cursor={cursor}&count=100&excludedAttributes=groups")),
            Self::Active(id, active) => {
                let body = workload::DEACTIVATE.replace("false", if *active { "true" } else { "false" });
                request(Method::PATCH, &format!("Users/{id}"), body)
            }
            Self::Post(user) => request(Method::POST, "Users", user.body.clone()),
            Self::Add { group, member } => {
                let value = json!([{ "value": member }]);
                patch(group, json!({ "op": "add", "path": "members", "value": value }))
            }
            Self::Remove {
                group,
                member,
                listed: true,
            } => {
                let value = json!([{ "value": member }]);
                patch(group, json!({ "op": "remove", "path": "members", "value": value }))
            }
            Self::Remove { group, member, .. } => {
                let path = format!("members[value eq \"{member}\"]");
                patch(group, json!({ "op": "remove", "path": path }))
            }
            Self::Rename { group, name } => {
                patch(group, json!({ "op": "replace", "path": "displayName", "value": name }))
            }
        }
    }
}
