use serde_json::{Map, Value};

/// The state before every line.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Fixture {
    /// The base URL of the service, without a trailing slash.
    pub base_url: String,
    /// The tenants; unless a line says otherwise, requests come from the first.
    pub tenants: Vec<FixtureTenant>,
    /// Limits and features that the lines rely on, as JSON.
    pub settings: Value,
}

/// A tenant of the fixture.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct FixtureTenant {
    /// Its name.
    pub name: String,
    /// Names of its bearer tokens. The first is valid; a name that ends in `_revoked` or `_expired` is what it says.
    pub tokens: Vec<String>,
    /// Its users.
    pub users: Vec<FixtureUser>,
    /// Its groups.
    pub groups: Vec<FixtureGroup>,
}

/// A user of the fixture.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct FixtureUser {
    /// The name of the placeholder for its id.
    pub key: String,
    /// Its attributes, without `schemas`.
    pub attributes: Map<String, Value>,
    /// Created and then deleted.
    pub deleted: bool,
    /// An administrator of the host, whom SCIM must not remove or deactivate.
    pub host_administrator: bool,
}

/// A group of the fixture.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct FixtureGroup {
    /// The name of the placeholder for its id.
    pub key: String,
    /// Its displayName.
    pub display_name: String,
    /// The keys of its members, users of the same tenant.
    pub members: Vec<String>,
}

/// Where a resource of the fixture lives.
#[derive(Clone, Copy, Debug)]
pub(super) struct Owner<'a> {
    pub(super) tenant: &'a FixtureTenant,
    pub(super) key: &'a str,
    /// `Users` or `Groups`.
    pub(super) endpoint: &'static str,
}

impl Fixture {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let json: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let tenants = members(&json, "tenants").map(|(name, tenant)| FixtureTenant::parse(name, tenant));
        Ok(Self {
            base_url: text_of(&json, "baseUrl")?.trim_end_matches('/').to_owned(),
            tenants: tenants.collect::<Result<_, _>>()?,
            settings: json.get("settings").cloned().unwrap_or_default(),
        })
    }

    /// Finds a resource by its key, or else by its userName or displayName.
    pub(super) fn owner(&self, name: &str) -> Option<Owner<'_>> {
        let find = |by_key: bool| {
            self.tenants.iter().find_map(|tenant| {
                let user = tenant.users.iter().find(|user| match by_key {
                    true => user.key == name,
                    false => user.attributes.get("userName").is_some_and(|found| found == name),
                });
                let group = tenant.groups.iter().find(|group| match by_key {
                    true => group.key == name,
                    false => group.display_name == name,
                });
                user.map(|user| Owner {
                    tenant,
                    key: &user.key,
                    endpoint: "Users",
                })
                .or_else(|| {
                    group.map(|group| Owner {
                        tenant,
                        key: &group.key,
                        endpoint: "Groups",
                    })
                })
            })
        };
        find(true).or_else(|| find(false))
    }
}

impl FixtureTenant {
    /// The users that are there, the deleted ones left out.
    pub fn live_users(&self) -> impl Iterator<Item = &FixtureUser> {
        self.users.iter().filter(|user| !user.deleted)
    }

    fn parse(name: &str, json: &Value) -> Result<Self, String> {
        let tokens: Vec<String> = texts(json, "tokens").collect();
        if tokens.is_empty() {
            return Err(format!("tenant {name} has no token"));
        }
        let groups = members(json, "groups").map(|(key, group)| {
            Ok(FixtureGroup {
                key: key.clone(),
                display_name: text_of(group, "displayName")?,
                members: texts(group, "members").collect(),
            })
        });
        Ok(Self {
            name: name.to_owned(),
            tokens,
            users: members(json, "users")
                .map(|(key, user)| FixtureUser::parse(key, user))
                .collect(),
            groups: groups.collect::<Result<_, String>>()?,
        })
    }
}

impl FixtureUser {
    fn parse(key: &str, json: &Value) -> Self {
        let flag = |name: &str| json.get(name) == Some(&Value::Bool(true));
        let attributes = json
            .as_object()
            .into_iter()
            .flatten()
            .filter(|(name, _)| !name.starts_with('$'));
        Self {
            key: key.to_owned(),
            attributes: attributes.map(|(name, value)| (name.clone(), value.clone())).collect(),
            deleted: flag("$deleted"),
            host_administrator: flag("$hostAdministrator"),
        }
    }
}

fn members<'a>(json: &'a Value, key: &str) -> impl Iterator<Item = (&'a String, &'a Value)> {
    json.get(key).and_then(Value::as_object).into_iter().flatten()
}

fn texts(json: &Value, key: &str) -> impl Iterator<Item = String> {
    json.get(key)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .map(str::to_owned)
}

fn text_of(json: &Value, key: &str) -> Result<String, String> {
    json.get(key)
        .and_then(Value::as_str)
        .map(str::to_owned)
        .ok_or_else(|| format!("no text {key}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bundled_fixture_is_understood() {
        let text = std::fs::read_to_string(crate::bundled_badinput().join("fixture.json")).unwrap();
        let fixture = Fixture::parse(&text).unwrap();
        assert_eq!(fixture.base_url, "https://scim.example.test/scim/v2");
        let [a, b] = &fixture.tenants[..] else {
            panic!("two tenants")
        };
        assert_eq!((a.name.as_str(), b.name.as_str()), ("A", "B"));
        assert_eq!(a.tokens, ["tokA", "tokA_revoked", "tokA_expired"]);
        assert_eq!(a.live_users().count(), 5);
        assert!(
            a.users
                .iter()
                .any(|user| user.host_administrator && !user.attributes.contains_key("$hostAdministrator"))
        );
        assert_eq!(fixture.owner("guides").unwrap().endpoint, "Groups");
        assert_eq!(fixture.owner("root-admin").unwrap().key, "admin");
        assert_eq!(fixture.owner("b_bjensen").unwrap().tenant.name, "B");
    }
}
