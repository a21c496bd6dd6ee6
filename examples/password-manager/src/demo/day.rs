//! The day: what an identity provider sends from morning to evening.

use serde_json::{Value, json};
use ureq::http::Method;

use super::{
    client::{Answer, Client},
    people::{PEOPLE, Person},
    screen::Screen,
};
use crate::scim::MEMBER;

const PATCH: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

/// The day of one organisation.
pub(super) struct Day<'a> {
    client: &'a Client,
    screen: Screen,
}

type Done<T = ()> = Result<T, ureq::Error>;

impl<'a> Day<'a> {
    pub(super) fn new(client: &'a Client, screen: Screen) -> Self {
        Self { client, screen }
    }

    /// Plays the day. It may be played again against the same server: what is there already is found.
    pub(super) fn play(mut self) -> Done<Screen> {
        self.morning()?;
        self.teams()?;
        self.changes()?;
        self.evening()?;
        Ok(self.screen)
    }

    fn morning(&mut self) -> Done {
        self.screen.hour("08:30", "The administrator tests the connection");
        self.step(
            "looks for somebody who does not exist",
            Method::GET,
            "/Users?filter=userName%20eq%20%22nobody%22",
            &Value::Null,
        )?;
        self.step(
            "reads what the server can do",
            Method::GET,
            "/ServiceProviderConfig",
            &Value::Null,
        )?;

        self.screen.hour("09:00", "Twelve people are assigned to the app");
        for person in &PEOPLE {
            self.assign(person)?;
        }
        self.tell()
    }

    fn teams(&mut self) -> Done {
        self.screen.hour("10:00", "Groups are pushed");
        for name in ["Engineering", "Finance", "Marketing"] {
            let people = PEOPLE.iter().filter(|person| person.department == name);
            let mut members = Vec::new();
            for person in people {
                if let Some(id) = self.id(person)? {
                    members.push(json!({ "value": id }));
                }
            }
            let body = json!({
                "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
                "displayName": name,
                "members": members,
            });
            match self.client.find("Groups", &format!("displayName eq \"{name}\""))? {
                Some(id) => self.step(
                    &format!("replaces the group {name}"),
                    Method::PUT,
                    &format!("/Groups/{id}"),
                    &body,
                )?,
                None => self.step(&format!("pushes the group {name}"), Method::POST, "/Groups", &body)?,
            };
        }
        self.tell()
    }

    fn changes(&mut self) -> Done {
        let [ada, bruno, chidi, .., jade, kofi, _] = PEOPLE;
        self.screen.hour("11:30", "Profiles change");
        let operations = json!([
            { "op": "Replace", "path": "title", "value": "Principal engineer" },
            { "op": "Add", "path": "phoneNumbers[type eq \"work\"].value", "value": "+46 8 123 45 67" },
        ]);
        self.patch("promotes Ada, in the way of Entra ID", &ada, &operations)?;
        let operations = json!([
            { "op": "replace", "value": { "displayName": "Jade Moreau-Blanc", "name.familyName": "Moreau-Blanc", "shoeSize": 38 } },
        ]);
        self.patch("renames Jade, with an attribute that nobody knows", &jade, &operations)?;

        self.screen.hour("13:00", "Somebody changes teams");
        self.member("takes Chidi out of Engineering", "Engineering", &chidi, false)?;
        self.member("puts Chidi into Finance", "Finance", &chidi, true)?;

        self.screen.hour("14:00", "Somebody leaves");
        let operations = json!([{ "op": "Replace", "path": "active", "value": "False" }]);
        self.patch("suspends Bruno, with text for a Boolean", &bruno, &operations)?;
        self.patch(
            "suspends Kofi",
            &kofi,
            &json!([{ "op": "replace", "value": { "active": false } }]),
        )?;
        self.tell()
    }

    fn evening(&mut self) -> Done {
        let [ada, bruno, .., kofi, _] = PEOPLE;
        self.screen.hour("15:30", "What must not happen does not");
        self.step("creates Ada a second time", Method::POST, "/Users", &ada.body())?;
        if let Some(owner) = self.client.find("Users", &format!("{MEMBER}:role eq \"owner\""))? {
            self.step(
                "deletes the owner of the organisation",
                Method::DELETE,
                &format!("/Users/{owner}"),
                &Value::Null,
            )?;
        }
        self.step("sends what is no JSON object", Method::POST, "/Users", &json!(["?"]))?;

        self.screen.hour("17:00", "The day ends");
        self.patch(
            "lets Kofi back in",
            &kofi,
            &json!([{ "op": "replace", "path": "active", "value": true }]),
        )?;
        if let Some(id) = self.id(&bruno)? {
            self.step("deletes Bruno", Method::DELETE, &format!("/Users/{id}"), &Value::Null)?;
        }
        self.step(
            "reads everybody once more",
            Method::GET,
            "/Users?count=100&sortBy=userName",
            &Value::Null,
        )?;
        self.tell()
    }

    fn assign(&mut self, person: &Person) -> Done {
        match self.id(person)? {
            Some(id) => self.step(
                &format!("finds {} and replaces the profile", person.name()),
                Method::PUT,
                &format!("/Users/{id}"),
                &person.body(),
            )?,
            None => self.step(
                &format!("creates {}", person.name()),
                Method::POST,
                "/Users",
                &person.body(),
            )?,
        };
        Ok(())
    }

    fn patch(&mut self, what: &str, person: &Person, operations: &Value) -> Done {
        if let Some(id) = self.id(person)? {
            let body = json!({ "schemas": [PATCH], "Operations": operations });
            self.step(what, Method::PATCH, &format!("/Users/{id}"), &body)?;
        }
        Ok(())
    }

    fn member(&mut self, what: &str, team: &str, person: &Person, is_in: bool) -> Done {
        let team = self.client.find("Groups", &format!("displayName eq \"{team}\""))?;
        let (Some(team), Some(id)) = (team, self.id(person)?) else {
            return Ok(());
        };
        let operation = match is_in {
            true => json!({ "op": "add", "path": "members", "value": [{ "value": id }] }),
            false => json!({ "op": "remove", "path": format!("members[value eq \"{id}\"]") }),
        };
        let body = json!({ "schemas": [PATCH], "Operations": [operation] });
        self.step(what, Method::PATCH, &format!("/Groups/{team}"), &body)?;
        Ok(())
    }

    fn id(&self, person: &Person) -> Done<Option<String>> {
        self.client
            .find("Users", &format!("userName eq \"{}\"", person.user_name()))
    }

    fn step(&mut self, what: &str, method: Method, path: &str, body: &Value) -> Done<Answer> {
        let answer = self.client.send(method.clone(), path, body)?;
        self.screen.step(what, &method, &answer);
        Ok(answer)
    }

    /// What there is now.
    fn tell(&mut self) -> Done {
        let (members, active) = (
            self.client.count("Users", "")?,
            self.client.count("Users", "active eq true")?,
        );
        let groups = self.client.count("Groups", "")?;
        self.screen
            .now(&format!("{members} members, {active} of them active; {groups} groups"));
        Ok(())
    }
}
