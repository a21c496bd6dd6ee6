//! What the record of changes tells of each change.

use std::sync::Arc;

use scim_core::{
    Edit, Limits, ResourceId, Version,
    resource::{Decoded, Found},
    schema::ResourceType,
};
use scim_store::{Change, ChangeFeed, ChangeKind, ChangeMethod, ScimStore, Updated, Write};
use serde_json::{Value, json};

use super::{
    client::{Check, Client, refs, text},
    outcome,
};
use crate::{FileReport, Report};

const PASSWORD: &str = "t0p-Secret-9-of-nobody";

/// Holds the record of changes of a store against the contract of [`Change`]: what happened and how, which attributes, and
/// the external identifier, as the events of RFC 9967 need them.
///
/// It works as [`check_store`](crate::check_store) does, and wants the same of the store.
///
/// ```
/// use scim_conformance::{block_on, check_changes};
/// use scim_store::MemoryStore;
///
/// let store = MemoryStore::new();
/// let report = block_on(check_changes(&store, &store));
/// assert!(report.is_clean(), "{report}");
/// ```
pub async fn check_changes(store: &dyn ScimStore, feed: &dyn ChangeFeed) -> Report {
    let mut outcomes = Vec::new();
    macro_rules! check {
        ($($name:ident),+ $(,)?) => {
            $(outcomes.push(outcome(stringify!($name), $name(&Recorded::new(store, feed)).await));)+
        };
    }
    check![
        a_creation_tells_what_was_given,
        a_group_tells_of_its_first_members,
        put_and_patch_are_told_apart,
        activation_tells_its_method,
        a_deletion_tells_the_external_id,
        the_external_id_is_that_after_the_change,
        a_long_external_id_is_told_whole,
        changes_of_members_are_patches,
        a_group_that_loses_a_deleted_member_is_not_deleted,
        the_host_is_told_from_clients,
        what_changes_nothing_is_not_told,
        a_batch_tells_each_write,
    ];
    let file = "changes".to_owned();
    Report {
        files: vec![FileReport { file, outcomes }],
    }
}

/// A client, and what was recorded of its tenant.
struct Recorded<'a> {
    client: Client<'a>,
    feed: &'a dyn ChangeFeed,
}

/// What is told of a change, but for time and version.
#[derive(Debug, PartialEq, Eq)]
struct Told {
    kind: ChangeKind,
    method: ChangeMethod,
    changed: Vec<String>,
    external_id: Option<String>,
}

impl<'a> Recorded<'a> {
    fn new(store: &'a dyn ScimStore, feed: &'a dyn ChangeFeed) -> Self {
        let client = Client::new(store);
        Self { client, feed }
    }

    /// The same tenant, changed by the host.
    fn by_host(&self) -> Self {
        let mut client = self.client.at(0);
        client.scope = client.scope.by_host();
        Self { client, ..*self }
    }

    async fn all(&self) -> Check<Vec<Change>> {
        let changes = self.feed.changes(self.client.scope.tenant(), 0, 100).await;
        changes.map_err(text)
    }

    /// The last change of a resource.
    async fn last(&self, id: &ResourceId) -> Check<Change> {
        let mut changes = self.all().await?.into_iter().rev();
        let last = changes.find(|change| change.id == *id);
        last.ok_or_else(|| "a change is not in the record".to_owned())
    }

    async fn expect(&self, id: &ResourceId, expected: Told) -> Check<Change> {
        let last = self.last(id).await?;
        let mut changed = last.changed.clone();
        changed.sort();
        let told = Told {
            kind: last.kind,
            method: last.method,
            changed,
            external_id: last.external_id.clone(),
        };
        ensure!(told == expected, "the record tells {told:?} of {expected:?}");
        Ok(last)
    }

    fn decoded(&self, kind: &Arc<ResourceType>, mut body: Value) -> Check<Decoded> {
        if let Some(body) = body.as_object_mut() {
            body.insert("schemas".to_owned(), json!([kind.schema().id]));
        }
        Decoded::decode(kind, body, &self.client.dialect, &Limits::default()).map_err(text)
    }

    async fn create(&self, kind: &Arc<ResourceType>, mut body: Value) -> Check<Found> {
        if let Some(body) = body.as_object_mut().filter(|body| !body.contains_key("schemas")) {
            body.insert("schemas".to_owned(), json!([kind.schema().id]));
        }
        self.client.create(self.client.draft(kind, body)).await?.map_err(text)
    }

    /// A user with an external identifier.
    async fn user(&self, name: &str) -> Check<ResourceId> {
        let body = json!({ "userName": name, "externalId": format!("ext-{name}") });
        Ok(self.create(&self.client.users, body).await?.head.id)
    }

    async fn group(&self, name: &str, members: &[&ResourceId]) -> Check<ResourceId> {
        let body = json!({ "displayName": name, "externalId": format!("ext-{name}"), "members": refs(members) });
        Ok(self.create(&self.client.groups, body).await?.head.id)
    }

    async fn put(&self, kind: &Arc<ResourceType>, id: &ResourceId, body: Value) -> Check<Updated> {
        let edit = self.replacement(kind, id, body)?;
        self.client.store.update(&self.client.scope, &edit).await.map_err(text)
    }

    fn replacement(&self, kind: &Arc<ResourceType>, id: &ResourceId, body: Value) -> Check<Edit> {
        let decoded = self.decoded(kind, body)?;
        let dialect = Arc::clone(&self.client.dialect);
        Ok(Edit::replace(Arc::clone(kind), id.clone(), decoded, dialect))
    }
}

fn told(kind: ChangeKind, method: ChangeMethod, changed: &[&str], external_id: Option<&str>) -> Told {
    Told {
        kind,
        method,
        changed: changed.iter().map(|path| (*path).to_owned()).collect(),
        external_id: external_id.map(str::to_owned),
    }
}

async fn a_creation_tells_what_was_given(recorded: &Recorded<'_>) -> Check {
    let client = &recorded.client;
    let enterprise = client.users.extensions().first().ok_or("users without an extension")?;
    let urn = enterprise.schema.id.clone();
    let mut body = json!({
        "schemas": [client.users.schema().id, urn],
        "userName": "ann",
        "externalId": "ext-ann",
        "name": { "givenName": "Ann" },
        "emails": [{ "value": "ann@example.com" }],
        "password": PASSWORD,
    });
    if let Some(body) = body.as_object_mut() {
        body.insert(urn.clone(), json!({ "department": "d" }));
    }
    let created = recorded.create(&client.users, body).await?;
    let department = format!("{urn}:department");
    let mut changed = vec!["emails", "externalId", "name", "userName", &department];
    changed.sort_unstable();
    let expected = told(ChangeKind::Created, ChangeMethod::Create, &changed, Some("ext-ann"));
    let change = recorded.expect(&created.head.id, expected).await?;
    ensure!(
        change.version == created.head.version,
        "the version is {:?}",
        change.version
    );
    ensure!(change.at == client.scope.now, "the time is {}", change.at);
    ensure!(
        (&*change.actor, &*change.transaction) == ("conformance", "conformance"),
        "it was done by {} in {}",
        change.actor,
        change.transaction
    );
    ensure!(
        !format!("{change:?}").contains(PASSWORD),
        "the record tells the password"
    );
    let bare = recorded.create(&client.users, json!({ "userName": "bare" })).await?;
    let expected = told(ChangeKind::Created, ChangeMethod::Create, &["userName"], None);
    recorded.expect(&bare.head.id, expected).await.map(drop)
}

async fn a_group_tells_of_its_first_members(recorded: &Recorded<'_>) -> Check {
    let ann = recorded.user("ann").await?;
    let (kind, method) = (ChangeKind::Created, ChangeMethod::Create);
    let team = recorded.group("team", &[&ann]).await?;
    let expected = told(
        kind,
        method,
        &["displayName", "externalId", "members"],
        Some("ext-team"),
    );
    recorded.expect(&team, expected).await?;
    let nobody = ResourceId::new("no-such-id");
    let empty = recorded.group("empty", &[&nobody]).await?;
    let expected = told(kind, method, &["displayName", "externalId"], Some("ext-empty"));
    recorded.expect(&empty, expected).await.map(drop)
}

async fn put_and_patch_are_told_apart(recorded: &Recorded<'_>) -> Check {
    let client = &recorded.client;
    let (ann, bob) = (recorded.user("ann").await?, recorded.user("bob").await?);
    let body = json!({ "userName": "ann", "externalId": "ext-ann", "title": "Dr" });
    let put = recorded.put(&client.users, &ann, body).await?;
    let patched = client.change(&client.users, &bob, "add", "title", json!("Dr")).await?;
    let updated = ChangeKind::Updated;
    let expected = told(updated, ChangeMethod::Put, &["title"], Some("ext-ann"));
    let change = recorded.expect(&ann, expected).await?;
    ensure!(change.version == put.version, "the version is {:?}", change.version);
    let expected = told(updated, ChangeMethod::Patch, &["title"], Some("ext-bob"));
    let change = recorded.expect(&bob, expected).await?;
    ensure!(change.version == patched.version, "the version is {:?}", change.version);
    // Of groups too, by members alone.
    let (one, two) = (recorded.group("one", &[]).await?, recorded.group("two", &[]).await?);
    let body = json!({ "displayName": "one", "externalId": "ext-one", "members": refs(&[&ann]) });
    recorded.put(&client.groups, &one, body).await?;
    let members = refs(&[&ann]);
    client.change(&client.groups, &two, "add", "members", members).await?;
    let expected = told(updated, ChangeMethod::Put, &["members"], Some("ext-one"));
    recorded.expect(&one, expected).await?;
    let expected = told(updated, ChangeMethod::Patch, &["members"], Some("ext-two"));
    recorded.expect(&two, expected).await.map(drop)
}

async fn activation_tells_its_method(recorded: &Recorded<'_>) -> Check {
    let client = &recorded.client;
    let ann = recorded.user("ann").await?;
    let body = |active: bool| json!({ "userName": "ann", "externalId": "ext-ann", "active": active });
    recorded.put(&client.users, &ann, body(true)).await?;
    let ext = Some("ext-ann");
    for (kind, active) in [(ChangeKind::Deactivated, false), (ChangeKind::Activated, true)] {
        recorded.put(&client.users, &ann, body(active)).await?;
        let expected = told(kind, ChangeMethod::Put, &["active"], ext);
        recorded.expect(&ann, expected).await?;
    }
    for (kind, active) in [(ChangeKind::Deactivated, false), (ChangeKind::Activated, true)] {
        client
            .change(&client.users, &ann, "replace", "active", json!(active))
            .await?;
        let expected = told(kind, ChangeMethod::Patch, &["active"], ext);
        recorded.expect(&ann, expected).await?;
    }
    Ok(())
}

async fn a_deletion_tells_the_external_id(recorded: &Recorded<'_>) -> Check {
    let client = &recorded.client;
    let (ann, team) = (recorded.user("ann").await?, recorded.group("team", &[]).await?);
    let bare = client.user("bare").await?;
    for (kind, id, external_id) in [
        (&client.users, &ann, Some("ext-ann")),
        (&client.groups, &team, Some("ext-team")),
        (&client.users, &bare, None),
    ] {
        let last: Version = client.get(kind, id).await.map_err(text)?.head.version;
        client.delete(kind, id).await.map_err(text)?;
        let expected = told(ChangeKind::Deleted, ChangeMethod::Delete, &[], external_id);
        let change = recorded.expect(id, expected).await?;
        ensure!(change.version == last, "the last version is {:?}", change.version);
    }
    Ok(())
}

async fn the_external_id_is_that_after_the_change(recorded: &Recorded<'_>) -> Check {
    let client = &recorded.client;
    let ann = recorded.user("ann").await?;
    let (updated, patch) = (ChangeKind::Updated, ChangeMethod::Patch);
    client
        .change(&client.users, &ann, "replace", "externalId", json!("other"))
        .await?;
    let expected = told(updated, patch, &["externalId"], Some("other"));
    recorded.expect(&ann, expected).await?;
    client
        .change(&client.users, &ann, "remove", "externalId", Value::Null)
        .await?;
    recorded
        .expect(&ann, told(updated, patch, &["externalId"], None))
        .await
        .map(drop)
}

/// Stores may keep what is long otherwise than what is short.
async fn a_long_external_id_is_told_whole(recorded: &Recorded<'_>) -> Check {
    let client = &recorded.client;
    let long = "x".repeat(Limits::default().external_id);
    let (ann, bob) = (recorded.user("ann").await?, recorded.user("bob").await?);
    let body = json!({ "displayName": "team", "externalId": long, "members": refs(&[&ann]) });
    let team = recorded.create(&client.groups, body).await?.head.id;
    let members = refs(&[&bob]);
    client.change(&client.groups, &team, "add", "members", members).await?;
    let (updated, patch) = (ChangeKind::Updated, ChangeMethod::Patch);
    let expected = || told(updated, patch, &["members"], Some(&long));
    recorded.expect(&team, expected()).await?;
    client.delete(&client.users, &ann).await.map_err(text)?;
    recorded.expect(&team, expected()).await?;
    client.delete(&client.groups, &team).await.map_err(text)?;
    let expected = told(ChangeKind::Deleted, ChangeMethod::Delete, &[], Some(&long));
    recorded.expect(&team, expected).await.map(drop)
}

async fn changes_of_members_are_patches(recorded: &Recorded<'_>) -> Check {
    let client = &recorded.client;
    let (ann, bob) = (recorded.user("ann").await?, recorded.user("bob").await?);
    let team = recorded.group("team", &[]).await?;
    let bare = client.group("bare", &[]).await?;
    for (id, external_id) in [(&team, Some("ext-team")), (&bare, None)] {
        for (op, path, value) in [
            ("add", "members".to_owned(), refs(&[&ann, &bob])),
            ("remove", format!("members[value eq \"{ann}\"]"), Value::Null),
            ("replace", "members".to_owned(), refs(&[&ann])),
        ] {
            let updated = client.change(&client.groups, id, op, &path, value).await?;
            let expected = told(ChangeKind::Updated, ChangeMethod::Patch, &["members"], external_id);
            let change = recorded.expect(id, expected).await?;
            ensure!(change.version == updated.version, "the version is {:?}", change.version);
        }
    }
    Ok(())
}

async fn a_group_that_loses_a_deleted_member_is_not_deleted(recorded: &Recorded<'_>) -> Check {
    let client = &recorded.client;
    let ann = recorded.user("ann").await?;
    let team = recorded.group("team", &[&ann]).await?;
    let bare = client.group("bare", &[&ann]).await?;
    client.delete(&client.users, &ann).await.map_err(text)?;
    let expected = told(ChangeKind::Deleted, ChangeMethod::Delete, &[], Some("ext-ann"));
    recorded.expect(&ann, expected).await?;
    for (group, external_id) in [(&team, Some("ext-team")), (&bare, None)] {
        let expected = told(ChangeKind::Updated, ChangeMethod::Patch, &["members"], external_id);
        recorded.expect(group, expected).await?;
    }
    Ok(())
}

async fn the_host_is_told_from_clients(recorded: &Recorded<'_>) -> Check {
    let host = recorded.by_host();
    let client = &host.client;
    let ann = host.user("ann").await?;
    let (method, ext) = (ChangeMethod::Host, Some("ext-ann"));
    let given = ["externalId", "userName"];
    host.expect(&ann, told(ChangeKind::Created, method, &given, ext))
        .await?;
    client.change(&client.users, &ann, "add", "title", json!("Dr")).await?;
    host.expect(&ann, told(ChangeKind::Updated, method, &["title"], ext))
        .await?;
    let body = json!({ "userName": "ann", "externalId": "ext-ann", "title": "Prof" });
    host.put(&client.users, &ann, body).await?;
    host.expect(&ann, told(ChangeKind::Updated, method, &["title"], ext))
        .await?;
    let team = recorded.group("team", &[]).await?;
    let members = refs(&[&ann]);
    client.change(&client.groups, &team, "add", "members", members).await?;
    let expected = || told(ChangeKind::Updated, method, &["members"], Some("ext-team"));
    host.expect(&team, expected()).await?;
    client.delete(&client.users, &ann).await.map_err(text)?;
    host.expect(&ann, told(ChangeKind::Deleted, method, &[], ext)).await?;
    host.expect(&team, expected()).await.map(drop)
}

async fn what_changes_nothing_is_not_told(recorded: &Recorded<'_>) -> Check {
    let client = &recorded.client;
    let (ann, bob) = (recorded.user("ann").await?, recorded.user("bob").await?);
    let before = recorded.all().await?;
    let body = json!({ "userName": "ann", "externalId": "ext-ann" });
    recorded.put(&client.users, &ann, body).await?;
    client
        .change(&client.users, &ann, "replace", "userName", json!("ann"))
        .await?;
    let taken = json!([{ "op": "replace", "path": "userName", "value": "ann" }]);
    let refused = client.edit(&client.users, &bob, taken).await?;
    ensure!(refused.is_err(), "a name is taken twice");
    ensure!(
        recorded.all().await? == before,
        "the record tells of a change that was none"
    );
    Ok(())
}

async fn a_batch_tells_each_write(recorded: &Recorded<'_>) -> Check {
    let client = &recorded.client;
    if !client.store.capabilities().batch {
        return Ok(());
    }
    let (ann, bob, eve) = (
        recorded.user("ann").await?,
        recorded.user("bob").await?,
        recorded.user("eve").await?,
    );
    let body = json!({ "userName": "ann", "externalId": "ext-ann", "title": "Dr" });
    let title = json!([{ "op": "add", "path": "title", "value": "Dr" }]);
    let mut draft = client.user_draft("new")?;
    let new = client.scope.ids.next();
    draft.id = Some(new.clone());
    let writes = [
        Write::Create(draft),
        Write::Update(recorded.replacement(&client.users, &ann, body)?),
        Write::Update(client.patch(&client.users, &bob, title)?),
        Write::Delete(client.removal(&client.users, &eve)),
    ];
    client.store.batch(&client.scope, &writes).await.map_err(text)?;
    let (created, updated) = (ChangeKind::Created, ChangeKind::Updated);
    for (id, expected) in [
        (&new, told(created, ChangeMethod::Create, &["userName"], None)),
        (&ann, told(updated, ChangeMethod::Put, &["title"], Some("ext-ann"))),
        (&bob, told(updated, ChangeMethod::Patch, &["title"], Some("ext-bob"))),
        (
            &eve,
            told(ChangeKind::Deleted, ChangeMethod::Delete, &[], Some("ext-eve")),
        ),
    ] {
        recorded.expect(id, expected).await?;
    }
    Ok(())
}
