//! What pages list, and what becomes of forms.

use serde_json::json;
use ureq::http::{Method, Request};

use crate::{
    host::{Host, Store, agent, user},
    visitor::Visitor,
};

on_both!(
    groups_of_a_removed_member_have_changed,
    all_who_wait_for_a_licence_are_seen,
    lists_that_are_cut_say_so,
);

async fn groups_of_a_removed_member_have_changed(store: Store) {
    let host = Host::start_on(store, &[]);
    let visitor = Visitor::of(&host);
    let carl = [("name", "Carl"), ("email", "carl@acme.example"), ("role", "member")];
    assert_eq!(
        visitor.post("users", &carl),
        (303, "/console/users?note=invited".to_owned())
    );
    let (_, found) = host.scim(Method::GET, "/Users?filter=userName%20sw%20%22carl%22", json!(null));
    let id = found["Resources"][0]["id"].as_str().unwrap().to_owned();
    let team = |name: &str, members: &str| {
        let body = json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
            "displayName": name,
            "members": [{ "value": members }],
        });
        host.scim(Method::POST, "/Groups", body).1["id"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let (with, without) = (team("With Carl", &id), team("Without", "m1"));
    let tag = |team: &str| {
        let request = Request::get(format!("{}/Groups/{team}", host.tenant_url));
        let request = request.header("authorization", format!("Bearer {}", host.token));
        let answer = agent().run(request.body(()).unwrap()).unwrap();
        answer.headers()["etag"].to_str().unwrap().to_owned()
    };
    let (old, same) = (tag(&with), tag(&without));

    let removal = format!("users/{}/remove", &id[1..]);
    assert_eq!(
        visitor.post(&removal, &[]),
        (303, "/console/users?note=removed".to_owned())
    );
    let (_, group) = host.scim(Method::GET, &format!("/Groups/{with}"), json!(null));
    assert!(
        group.get("members").is_none_or(|members| members == &json!([])),
        "{group}"
    );
    assert_ne!(tag(&with), old, "what a client knows is out of date");
    assert_eq!(tag(&without), same);
    visitor.page("events");
    let told = host.command(&["events", "tail", "-n", "2"]);
    let told: Vec<&str> = told.lines().collect();
    assert!(
        told[0].contains("group.members.changed") && told[0].contains(&with),
        "{told:?}"
    );
    assert!(told[1].contains("user.deleted") && told[1].contains(&id), "{told:?}");
}

async fn all_who_wait_for_a_licence_are_seen(store: Store) {
    let host = Host::start_on(store, &[]);
    // More than a page of members by name, all of whom have a licence; somebody behind them waits.
    host.sql(
        "INSERT INTO members (org, user_name, user_key, status, role, origin, created_at, changed_at)
         WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 250)
         SELECT 'acme', 'a' || i, 'a' || i, 'active', 'member', 'scim', 0, 0 FROM n",
    )
    .await;
    let visitor = Visitor::of(&host);
    assert_eq!(visitor.post("licences", &[("bought", "1000")]).0, 303);
    let [given, taken] = match store {
        Store::Postgres => [
            "INSERT INTO scim.scim_seat (tenant, id) SELECT 'acme', 'm' || id FROM members WHERE user_key LIKE 'a%'",
            "DELETE FROM scim.scim_seat WHERE id <> 'm1'",
        ],
        Store::Sqlite => [
            "INSERT INTO scim_seat (tenant, id) SELECT 'acme', 'm' || id FROM members WHERE user_key LIKE 'a%'",
            "DELETE FROM scim_seat WHERE id <> 'm1'",
        ],
    };
    host.sql(given).await;
    let settings = [("provider", "other"), ("seats", "never")];
    assert_eq!(visitor.post("provisioning/settings", &settings).0, 303);
    assert_eq!(host.scim(Method::POST, "/Users", user("Zoe")).0, 201);
    let page = visitor.page("licences");
    assert!(
        page.contains("Zoe") && page.contains("<dt>Waiting</dt><dd>1</dd>"),
        "{page}"
    );

    host.sql(taken).await;
    let page = visitor.page("licences");
    assert!(page.contains("<dt>Waiting</dt><dd>100+</dd>"), "{page}");
    assert!(
        page.contains("More members wait. These are the 100 who came first."),
        "{page}"
    );
    assert_eq!(page.matches("Give a licence").count(), 100);
}

async fn lists_that_are_cut_say_so(store: Store) {
    let host = Host::start_on(store, &[]);
    let visitor = Visitor::of(&host);
    host.sql(
        "INSERT INTO teams (org, name, name_key, created_at, changed_at)
         WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200)
         SELECT 'acme', 'Team ' || i, 'team ' || i, 0, 0 FROM n",
    )
    .await;
    assert!(!visitor.page("groups").contains("The first 200"));
    host.sql("INSERT INTO teams (org, name, name_key, created_at, changed_at) VALUES ('acme', 'Z', 'z', 0, 0)")
        .await;
    assert!(visitor.page("groups").contains("The first 200 of 201 groups, by name."));
}

#[test]
fn each_live_credential_can_be_revoked() {
    let host = Host::start(&[]);
    let visitor = Visitor::of(&host);
    for _ in 0..24 {
        assert_eq!(
            visitor
                .post("provisioning/credentials", &[("name", ""), ("expires", "1y")])
                .0,
            303
        );
    }
    let page = visitor.page("provisioning");
    assert_eq!(page.matches("Revoke now").count(), 25, "with the first token");
}

#[test]
fn a_page_far_behind_the_last_is_an_empty_one() {
    let host = Host::start(&[]);
    let page = Visitor::of(&host).page("users?q=a%26b&page=9223372036854775807");
    assert!(page.contains("Nobody found"), "{page}");
}

#[test]
fn a_licence_for_nobody_is_a_page_that_is_missing() {
    let host = Host::start(&[]);
    let visitor = Visitor::of(&host);
    for what in ["give", "take-back"] {
        let (status, page) = visitor.post(&format!("licences/99/{what}"), &[]);
        assert_eq!(status, 404, "{page}");
        assert!(page.contains("Nothing here"), "{page}");
    }
}

/// Who was invited stays so where the licence behind it cannot be given, and the page claims nothing else.
#[tokio::test]
async fn a_failure_behind_an_invitation_does_not_say_that_nothing_has_changed() {
    let host = Host::start(&[]);
    let visitor = Visitor::of(&host);
    host.sql("CREATE TRIGGER broken BEFORE INSERT ON scim_seat BEGIN SELECT RAISE(ABORT, 'broken'); END")
        .await;
    let carl = [("name", "Carl"), ("email", "carl@acme.example"), ("role", "member")];
    let (status, page) = visitor.post("users", &carl);
    assert_eq!(status, 500, "{page}");
    assert!(page.contains("look before you repeat it"), "{page}");
    assert!(visitor.page("users").contains("carl@acme.example"));
}
