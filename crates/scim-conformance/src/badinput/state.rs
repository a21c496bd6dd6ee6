use serde_json::Value;

use super::reply::Reply;
use super::scene::Scene;

/// A statement about the state after a line.
#[derive(Clone, Debug)]
pub(super) enum Fact {
    /// An attribute of a resource of the fixture.
    Attribute {
        resource: String,
        attribute: String,
        test: Test,
    },
    /// How the number of `users` or `groups` of the first tenant changed.
    Count { endpoint: &'static str, change: i64 },
}

/// What must hold for an attribute.
#[derive(Clone, Debug)]
pub(super) enum Test {
    Is(Value),
    /// One of the values, or of the `value`s of its elements.
    Has(Value),
    Max(f64),
}

impl Fact {
    pub(super) fn parse(json: &Value) -> Option<Self> {
        let text = |key: &str| json.get(key).and_then(Value::as_str);
        if let Some(counted) = text("count") {
            let endpoint = match counted {
                "users" => "Users",
                "groups" => "Groups",
                _ => return None,
            };
            let change = match text("is")? {
                "unchanged" => 0,
                change => change.parse().ok()?,
            };
            return Some(Self::Count { endpoint, change });
        }
        let test = match (json.get("is"), json.get("has"), json.get("max")) {
            (Some(want), None, None) => Test::Is(want.clone()),
            (None, Some(want), None) => Test::Has(want.clone()),
            (None, None, Some(want)) => Test::Max(want.as_f64()?),
            _ => return None,
        };
        Some(Self::Attribute {
            resource: text("resource")?.to_owned(),
            attribute: text("attr")?.to_owned(),
            test,
        })
    }

    /// The number that a later [`Fact::check`] compares with, if this fact is about one.
    pub(super) async fn measure(&self, scene: &Scene<'_>) -> Result<u64, String> {
        match self {
            Self::Attribute { .. } => Ok(0),
            Self::Count { endpoint, .. } => count(scene, endpoint).await,
        }
    }

    /// Reads the state through the service; `before` is what [`Fact::measure`] gave.
    pub(super) async fn check(&self, before: u64, scene: &Scene<'_>) -> Result<(), String> {
        match self {
            Self::Count { endpoint, change } => {
                let after = count(scene, endpoint).await?;
                if before.checked_add_signed(*change) == Some(after) {
                    return Ok(());
                }
                Err(format!(
                    "{before} {endpoint} became {after}, expected a change of {change}"
                ))
            }
            Self::Attribute {
                resource,
                attribute,
                test,
            } => {
                let owner = scene
                    .fixture
                    .owner(resource)
                    .ok_or_else(|| format!("the fixture has no {resource}"))?;
                let id = scene
                    .lookup(owner.key)?
                    .ok_or_else(|| format!("{resource} has no id"))?;
                let reply = scene.get(owner.tenant, &format!("/{}/{id}", owner.endpoint)).await?;
                let got = match &reply {
                    Reply {
                        status: 200,
                        json: Some(json),
                        ..
                    } => value_at(json, attribute),
                    Reply { status, .. } => return Err(format!("cannot read {resource}: status {status}")),
                };
                let test = match test {
                    Test::Is(want) => Test::Is(crate::placeholder::fill_json(want, &|name| scene.lookup(name))?),
                    Test::Has(want) => Test::Has(crate::placeholder::fill_json(want, &|name| scene.lookup(name))?),
                    Test::Max(max) => Test::Max(*max),
                };
                if test.holds(&got) {
                    return Ok(());
                }
                Err(format!(
                    "afterwards {attribute} of {resource} is {got}, expected {test:?}"
                ))
            }
        }
    }
}

impl Test {
    fn holds(&self, got: &Value) -> bool {
        match self {
            Self::Is(want) => got == want,
            Self::Has(want) => match got {
                Value::Array(items) => items.iter().any(|item| item == want || item.get("value") == Some(want)),
                single => single == want,
            },
            Self::Max(max) => got.as_f64().is_some_and(|got| got <= *max),
        }
    }
}

async fn count(scene: &Scene<'_>, endpoint: &str) -> Result<u64, String> {
    let tenant = scene.fixture.tenants.first().ok_or("the fixture has no tenant")?;
    let reply = scene.get(tenant, &format!("/{endpoint}?count=0")).await?;
    reply
        .total()
        .filter(|_| reply.status == 200)
        .ok_or_else(|| format!("cannot count {endpoint}: status {}", reply.status))
}

/// The value of a dotted name; null if it is not there. A last name `count` counts the elements, those that are true
/// where they are Booleans.
fn value_at(resource: &Value, attribute: &str) -> Value {
    let Some(counted) = attribute.strip_suffix(".count") else {
        return find(resource, attribute).into_iter().next().unwrap_or_default();
    };
    let values = find(resource, counted);
    let flat = values.into_iter().flat_map(|value| match value {
        Value::Array(items) => items,
        single => vec![single],
    });
    Value::from(
        flat.filter(|value| !matches!(value, Value::Bool(false) | Value::Null))
            .count(),
    )
}

/// The values of a dotted name, looked up in every element of an array on the way.
fn find(resource: &Value, attribute: &str) -> Vec<Value> {
    attribute.split('.').fold(vec![resource.clone()], |values, name| {
        let elements = values.into_iter().flat_map(|value| match value {
            Value::Array(items) => items,
            single => vec![single],
        });
        elements.filter_map(|element| element.get(name).cloned()).collect()
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_found_and_counted() {
        let user = json!({
            "title": "T",
            "name": {"givenName": "B"},
            "emails": [{"value": "a", "primary": true}, {"value": "b", "primary": false}, {"value": "c"}],
            "members": [{"value": "1"}, {"value": "2"}],
        });
        assert_eq!(value_at(&user, "title"), "T");
        assert_eq!(value_at(&user, "name.givenName"), "B");
        assert_eq!(value_at(&user, "missing"), Value::Null);
        assert_eq!(value_at(&user, "members.count"), 2);
        assert_eq!(value_at(&user, "emails.primary.count"), 1);
        assert_eq!(value_at(&user, "missing.count"), 0);
        assert!(Test::Has(json!("2")).holds(&value_at(&user, "members")));
        assert!(!Test::Has(json!("3")).holds(&value_at(&user, "members")));
        assert!(Test::Max(1.0).holds(&json!(1)) && !Test::Max(1.0).holds(&json!(2)));
    }

    #[test]
    fn facts_are_parsed_or_refused() {
        assert!(matches!(
            Fact::parse(&json!({"count": "users", "is": "+1"})),
            Some(Fact::Count { change: 1, .. })
        ));
        assert!(matches!(
            Fact::parse(&json!({"count": "users", "is": "unchanged"})),
            Some(Fact::Count { change: 0, .. })
        ));
        assert!(Fact::parse(&json!({"resource": "a", "attr": "b", "is": null})).is_some());
        for wrong in [
            json!({"count": "all", "is": "+1"}),
            json!({"resource": "a", "attr": "b"}),
            json!({"attr": "b", "is": 1}),
        ] {
            assert!(Fact::parse(&wrong).is_none(), "{wrong}");
        }
    }
}
