//! Enpass: a tenant URL and a secret token, by a link that opens once; licences as far as they go; a label on whoever came by
//! SCIM; and administrators who stay.

use std::sync::Arc;

use chrono::TimeDelta;
use scim_conformance::stores::block_on;
use scim_core::{
    Dialect, Edit, Limits,
    patch::PatchMessage,
    schema::{Registry, ResourceType, Schema},
};
use scim_http::{CredentialError, Mint, Minted, TokenForms};
use scim_store::{
    ByHand, Expiry, Labels, Principal, ProtectedIds, Protection, Provenance, RandomIds, Replaces, Scope, SeatPolicy,
    TenantSettings,
};
use serde_json::json;

use crate::{
    product::{Organisation, PATCH, Plan, Product, user},
    support::{BULK, Reply},
};

/// Users with what the product says of them by itself.
fn types() -> Registry {
    let user = ResourceType::builder("User", "/Users", Schema::user())
        .memberships("groups")
        .extension(Schema::enterprise_user())
        .extension(Labels::schema());
    Registry::new([user.build().unwrap(), ResourceType::group()])
}

fn plan() -> Plan {
    Plan {
        name: "enpass",
        forms: TokenForms::bearer().with_bare(),
        types: types(),
        ..Plan::default()
    }
}

/// Licences are given while there are any, and users are labelled.
fn settings() -> TenantSettings {
    TenantSettings::default().with(|settings| {
        settings.seats = SeatPolicy::WhenAvailable;
        settings.managed_by = Some("SCIM".to_owned());
    })
}

fn organisation(product: &Product, licences: u32) -> Organisation<'_> {
    let harbor = product.organisation("harbor", settings());
    block_on(product.place.seats.set_bought(&harbor.tenant, licences)).unwrap();
    harbor
}

fn label<'a>(reply: &'a Reply, name: &str) -> &'a serde_json::Value {
    &reply.body[Labels::URN][name]
}

fn open(product: &Product, link: &str) -> Result<Minted, CredentialError> {
    block_on(product.credentials.open_link(link))
}

/// Asks for a token in place of all others, to be sent to the administrator.
fn mail_a_token(harbor: &Organisation<'_>) -> String {
    let overlap = TimeDelta::zero();
    let mint = Mint::new("Okta", Expiry::Never).replacing(Replaces::All { overlap });
    let sent = harbor
        .product
        .credentials
        .send_link(&harbor.tenant, mint, TimeDelta::hours(24), "admin@harbor.example");
    block_on(sent).unwrap();
    let mail = harbor.product.outbox.last();
    assert_eq!(mail.to, "admin@harbor.example");
    mail.link
}

#[test]
fn the_administrator_gets_a_url_and_a_token_and_connects_okta() {
    let product = Product::new(plan());
    let harbor = product.join("harbor", settings());
    let link = mail_a_token(&harbor);
    // What was mailed is no token, and opens once.
    assert_eq!(
        harbor
            .with_header("authorization", &format!("Bearer {link}"))
            .test_connection(),
        401
    );
    let token = open(&product, &link).unwrap().token;
    assert!(token.expose().starts_with("enpass_"));
    assert!(matches!(open(&product, &link), Err(CredentialError::Link)));
    // Okta's header authentication sends the token as it was typed.
    for typed in [token.expose().to_owned(), format!("Bearer {}", token.expose())] {
        let okta = harbor.with_header("authorization", &typed);
        let users = okta.get("/Users?startIndex=1&count=2");
        assert_eq!(users.ok(200).body["totalResults"], 0);
        okta.get("/Groups?startIndex=1&count=100").ok(200);
    }
    harbor.get("/Users").refused_plainly(401);
    harbor
        .with_header("authorization", "enpass_x")
        .get("/Users")
        .refused_plainly(401);
    // The token opens no other URL.
    harbor
        .with_token(&token)
        .at("/scim/quay/v2")
        .get("/Users")
        .refused_plainly(403);
}

#[test]
fn a_link_that_nobody_opens_ends() {
    let product = Product::new(plan());
    let harbor = product.join("harbor", settings());
    let link = mail_a_token(&harbor);
    product.wait(TimeDelta::hours(24));
    assert!(matches!(open(&product, &link), Err(CredentialError::Link)));
    assert!(block_on(product.credentials.list(&harbor.tenant)).unwrap().is_empty());
}

#[test]
fn new_credentials_end_the_old_ones() {
    let product = Product::new(plan());
    let harbor = product.join("harbor", settings());
    let old = harbor.with_token(&open(&product, &mail_a_token(&harbor)).unwrap().token);
    let lena = old.user("lena@harbor.example");
    let link = mail_a_token(&harbor);
    assert_eq!(old.test_connection(), 200, "the old one lives until there is a new one");
    let new = harbor.with_token(&open(&product, &link).unwrap().token);
    assert_eq!((old.test_connection(), new.test_connection()), (401, 200));
    old.push_user("omar@harbor.example").refused_plainly(401);
    new.get(&format!("/Users/{lena}")).ok(200);
    // And at once, without a link.
    let mint = Mint::new("Okta", Expiry::Never).replacing(Replaces::All {
        overlap: TimeDelta::zero(),
    });
    let newest = harbor.with_token(&harbor.mint(mint));
    assert_eq!((new.test_connection(), newest.test_connection()), (401, 200));
}

#[test]
fn a_licence_is_assigned_where_one_is_free() {
    let product = Product::new(plan());
    let harbor = organisation(&product, 2);
    let licences = || {
        let seats = block_on(product.place.seats.seats(&harbor.tenant)).unwrap();
        (seats.used, seats.free())
    };
    let pushed = ["lena", "omar", "zoe"].map(|name| harbor.push_user(&format!("{name}@harbor.example")));
    let with_licence = pushed.each_ref().map(|reply| label(reply.ok(201), "seat") == true);
    assert_eq!(with_licence, [true, true, false]);
    assert_eq!(licences(), (2, 0));
    let [lena, omar, zoe] = pushed.map(|reply| reply.id());
    // Who leaves gives it back, and it goes to who has none.
    harbor.deactivate(&lena).ok(200);
    assert_eq!(licences(), (1, 1));
    let title = json!([{ "op": "add", "path": "title", "value": "Pilot" }]);
    assert_eq!(label(&harbor.patch(&format!("/Users/{zoe}"), title), "seat"), true);
    assert_eq!(licences(), (2, 0));
    // Nobody loses one for somebody who comes back.
    let back = harbor.put(
        &format!("/Users/{lena}"),
        &user("lena@harbor.example", "lena@harbor.example"),
    );
    assert_eq!(
        (&back.ok(200).body["active"], label(&back, "seat")),
        (&json!(true), &json!(false))
    );
    assert_eq!(licences(), (2, 0));
    harbor.delete(&format!("/Users/{omar}")).ok(204);
    assert_eq!(licences(), (1, 1));
}

#[test]
fn licences_are_not_assigned_once_that_is_switched_off() {
    let product = Product::new(plan());
    let harbor = organisation(&product, 5);
    let lena = harbor.user("lena@harbor.example");
    harbor.change(|settings| settings.seats = SeatPolicy::Never);
    let omar = harbor.user("omar@harbor.example");
    let has_licence = |id: &str| block_on(product.place.seats.has_seat(&harbor.tenant, &id.into())).unwrap();
    assert_eq!([has_licence(&lena), has_licence(&omar)], [true, false]);
    // On again, the next change of a user asks for one.
    harbor.change(|settings| settings.seats = SeatPolicy::WhenAvailable);
    let title = json!([{ "op": "add", "path": "title", "value": "Pilot" }]);
    harbor.patch(&format!("/Users/{omar}"), title).ok(200);
    assert!(has_licence(&omar));
    harbor.deactivate(&lena).ok(200);
    assert_eq!([has_licence(&lena), has_licence(&omar)], [false, true]);
}

#[test]
fn whoever_came_by_scim_is_labelled() {
    let product = Product::new(plan());
    let harbor = organisation(&product, 5);
    let lena = harbor.push_user("lena@harbor.example");
    assert_eq!(label(lena.ok(201), "managedBy"), "SCIM");
    let path = format!("/Users/{}", lena.id());
    assert_eq!(label(&harbor.get(&path), "managedBy"), "SCIM");
    // The label is the product's: a client that sends one changes nothing.
    let mut forged = user("lena@harbor.example", "lena@harbor.example");
    forged[Labels::URN] = json!({ "managedBy": "nobody", "seat": false });
    assert_eq!(label(harbor.put(&path, &forged).ok(200), "managedBy"), "SCIM");
    assert_eq!(label(&harbor.get(&path), "seat"), true);
    let filter = format!("{}:managedBy eq \"SCIM\"", Labels::URN);
    assert_eq!(harbor.find("/Users", &filter), ["lena@harbor.example"]);
}

/// Every way of Okta and of Entra to lose somebody.
fn attacks(harbor: &Organisation<'_>, id: &str) -> Vec<Reply> {
    let path = format!("/Users/{id}");
    let mut inactive = user("omar@harbor.example", "omar@harbor.example");
    inactive["active"] = json!(false);
    let by_path = |value: serde_json::Value| json!([{ "op": "Replace", "path": "active", "value": value }]);
    let bulk = json!({ "schemas": [BULK], "Operations": [{ "method": "DELETE", "path": path }] });
    let mut bulk = harbor.send("POST", "/Bulk", &bulk);
    bulk.status = bulk.ok(200).body["Operations"][0]["status"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    bulk.body = bulk.body["Operations"][0]["response"].clone();
    vec![
        harbor.delete(&path),
        harbor.deactivate(id),
        harbor.patch(&path, by_path(json!(false))),
        harbor.patch(&path, by_path(json!("False"))),
        harbor.put(&path, &inactive),
        harbor.put(&path, &user("somebody@harbor.example", "omar@harbor.example")),
        bulk,
    ]
}

#[test]
fn administrators_are_not_deprovisioned() {
    let administrators = Arc::new(ProtectedIds::new());
    let product = Product::new(Plan {
        guard: Arc::new(Protection::new(Arc::clone(&administrators))),
        ..plan()
    });
    let harbor = organisation(&product, 5);
    let (lena, omar) = (harbor.user("lena@harbor.example"), harbor.user("omar@harbor.example"));
    // In the console of the product.
    administrators.protect("harbor", omar.as_str());
    let before = harbor.get(&format!("/Users/{omar}"));
    for refused in attacks(&harbor, &omar) {
        assert_eq!(
            (refused.status, &refused.body["status"]),
            (403, &json!("403")),
            "{}",
            refused.text
        );
        assert!(refused.body["detail"].as_str().unwrap().contains("administrator"));
    }
    assert_eq!(harbor.get(&format!("/Users/{omar}")).text, before.text);
    assert_eq!(block_on(product.place.seats.seats(&harbor.tenant)).unwrap().used, 2);
    // What loses nobody goes on, for them and for everybody else.
    let title = json!([{ "op": "add", "path": "title", "value": "Captain" }]);
    harbor.patch(&format!("/Users/{omar}"), title).ok(200);
    harbor.deactivate(&lena).ok(200);
    // The role goes first, then the account.
    administrators.release("harbor", &omar.as_str().into());
    harbor.deactivate(&omar).ok(200);
    harbor.delete(&format!("/Users/{omar}")).ok(204);
}

#[test]
fn the_group_of_administrators_keeps_one() {
    let administrators = Arc::new(ProtectedIds::new());
    let product = Product::new(Plan {
        guard: Arc::new(Protection::new(Arc::clone(&administrators))),
        ..plan()
    });
    let harbor = organisation(&product, 5);
    let (lena, omar) = (harbor.user("lena@harbor.example"), harbor.user("omar@harbor.example"));
    let group = harbor.push_group("Administrators", &[&lena, &omar]).ok(201).id();
    administrators.add_group("harbor", group.as_str());
    let path = format!("/Groups/{group}");
    harbor.delete(&path).refused_plainly(403);
    let nobody = json!([{ "op": "replace", "path": "members", "value": [] }]);
    harbor.patch(&path, nobody).refused_plainly(403);
    let without_lena = json!([{ "op": "remove", "path": format!("members[value eq \"{lena}\"]") }]);
    assert!([200, 204].contains(&harbor.patch(&path, without_lena).status));
    // The last one stays by all ways.
    harbor.deactivate(&omar).refused_plainly(403);
    harbor.delete(&format!("/Users/{omar}")).refused_plainly(403);
    assert_eq!(harbor.members(&group), [omar]);
}

#[test]
fn provisioned_users_are_not_removed_by_hand() {
    let product = Product::new(plan());
    let harbor = organisation(&product, 5);
    let lena = harbor.user("lena@harbor.example");
    let path = format!("/Users/{lena}");
    // What the console of the product asks before it does something by hand.
    let settings = block_on(product.place.tenants().settings(&harbor.tenant))
        .unwrap()
        .unwrap();
    let provenance = Provenance::of(&settings);
    assert_eq!(provenance.label(), "SCIM");
    for action in [
        ByHand::Remove,
        ByHand::Deactivate,
        ByHand::Edit("userName"),
        ByHand::Edit("emails"),
    ] {
        assert!(provenance.check(action).unwrap_err().text().contains("managed by SCIM"));
    }
    // Roles are the product's own, and a change of them is one that the provider sees.
    provenance.check(ByHand::Edit("roles")).unwrap();
    let types = Arc::new(types());
    let operations = json!([{ "op": "replace", "path": "roles", "value": [{ "value": "auditor" }] }]);
    let (dialect, limits) = (Arc::new(Dialect::default()), Limits::default());
    let message = json!({ "schemas": [PATCH], "Operations": operations });
    let message = PatchMessage::parse(message, &dialect, &limits).unwrap();
    let kind = Arc::clone(types.by_name("User").unwrap());
    let edit = Edit::patch(kind, lena.as_str().into(), message, dialect, &limits, "").unwrap();
    let administrator = Principal::new(harbor.tenant.clone(), "administrator 7");
    let scope = Scope::new(administrator, product.now(), Arc::new(RandomIds), types);
    let scope = scope.with_settings(settings).by_host();
    let before = harbor.get(&path);
    block_on(product.place.store.update(&scope, &edit)).unwrap();
    let after = harbor.get(&path);
    assert_eq!(after.body["roles"][0]["value"], "auditor");
    assert_eq!(label(&after, "managedBy"), "SCIM");
    assert_ne!(before.header("etag"), after.header("etag"));
    let changes = block_on(product.place.feed.changes(&harbor.tenant, 0, 10)).unwrap();
    assert_eq!(changes.last().unwrap().actor, "administrator 7");
}
