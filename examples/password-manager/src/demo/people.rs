//! Who works at the company of the demo.

use serde_json::{Value, json};

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/// An account of the identity provider.
#[derive(Debug, Clone, Copy)]
pub(super) struct Person {
    pub(super) given: &'static str,
    pub(super) family: &'static str,
    pub(super) title: &'static str,
    pub(super) department: &'static str,
}

/// One more than there are licences for.
pub(super) const PEOPLE: [Person; 12] = [
    person("Ada", "Lindqvist", "Staff engineer", "Engineering"),
    person("Bruno", "Mancini", "Engineer", "Engineering"),
    person("Chidi", "Okafor", "Site reliability engineer", "Engineering"),
    person("Dara", "Nguyen", "Security engineer", "Engineering"),
    person("Elena", "Petrova", "Engineering manager", "Engineering"),
    person("Farid", "Haddad", "Controller", "Finance"),
    person("Greta", "Sommer", "Accountant", "Finance"),
    person("Hana", "Suzuki", "Payroll specialist", "Finance"),
    person("Ivan", "Kowalski", "Brand designer", "Marketing"),
    person("Jade", "Moreau", "Content lead", "Marketing"),
    person("Kofi", "Mensah", "Campaign manager", "Marketing"),
    person("Lucía", "Ortega", "Analyst", "Marketing"),
];

const fn person(given: &'static str, family: &'static str, title: &'static str, department: &'static str) -> Person {
    Person {
        given,
        family,
        title,
        department,
    }
}

impl Person {
    pub(super) fn name(&self) -> String {
        format!("{} {}", self.given, self.family)
    }

    pub(super) fn user_name(&self) -> String {
        let given = self.given.to_lowercase().replace('í', "i");
        format!("{given}@acme.example")
    }

    /// The body of a creation, as Okta sends it.
    pub(super) fn body(&self) -> Value {
        json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", ENTERPRISE],
            "userName": self.user_name(),
            "externalId": format!("00u{}", self.given.to_lowercase()),
            "displayName": self.name(),
            "name": { "givenName": self.given, "familyName": self.family },
            "emails": [{ "value": self.user_name(), "type": "work", "primary": true }],
            "title": self.title,
            "active": true,
            ENTERPRISE: { "department": self.department },
        })
    }
}
