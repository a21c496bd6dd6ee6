//! Eptura: tokens that live for years, names that are taken once, deactivation, and groups of whoever is there.

use chrono::TimeDelta;
use scim_http::{CredentialError, Credentials, Mint};
use scim_store::{Expiry, TenantSettings};
use serde_json::{Value, json};

use crate::{
    product::{Organisation, Plan, Product, user},
    support::block_on,
};

fn product() -> Product {
    Product::new(Plan {
        name: "eptura",
        ..Plan::default()
    })
}

fn organisation(product: &Product) -> Organisation<'_> {
    product.organisation("harbor", TenantSettings::default())
}

#[test]
fn a_token_lives_for_as_long_as_ten_years() {
    let product = product();
    let harbor = product.join("harbor", TenantSettings::default());
    let (ten_years, day) = (TimeDelta::days(3652), TimeDelta::days(1));
    let end = Expiry::At(product.now() + ten_years);
    let harbor = harbor.with_token(&harbor.mint(Mint::new("until 2036", end)));
    assert_eq!(harbor.test_connection(), 200);
    product.wait(ten_years - day);
    let lena = harbor.user("lena@harbor.example");
    // Its successor is made before it ends, and both are good for a week.
    let credentials: &Credentials = &product.credentials;
    let kept = block_on(credentials.list(&harbor.tenant)).unwrap();
    let next = Expiry::At(product.now() + ten_years);
    let next = block_on(credentials.rotate(&harbor.tenant, &kept[0].id, next, TimeDelta::days(7)));
    let next = harbor.with_token(&next.unwrap().token);
    assert_eq!((harbor.test_connection(), next.test_connection()), (200, 200));
    product.wait(day);
    harbor.get(&format!("/Users/{lena}")).refused_plainly(401);
    next.get(&format!("/Users/{lena}")).ok(200);
    product.wait(ten_years);
    assert_eq!(next.test_connection(), 401);
    let over = Mint::new("over", Expiry::At(product.now()));
    let over = block_on(credentials.mint(&harbor.tenant, over));
    assert!(matches!(over, Err(CredentialError::Expired)));
}

#[test]
fn a_name_is_taken_once() {
    let product = product();
    let harbor = organisation(&product);
    let lena = harbor.user("lena@harbor.example");
    let before = harbor.get(&format!("/Users/{lena}"));
    for name in ["lena@harbor.example", "LENA@HARBOR.example"] {
        let twice = harbor.send("POST", "/Users", &user(name, "other@harbor.example"));
        twice.refused(409, "uniqueness");
        assert!(!twice.text.contains(&lena), "the answer tells who has it");
    }
    let omar = harbor.user("omar@harbor.example");
    let rename = json!([{ "op": "replace", "path": "userName", "value": "lena@harbor.example" }]);
    harbor
        .patch(&format!("/Users/{omar}"), rename)
        .refused(409, "uniqueness");
    assert_eq!(harbor.get(&format!("/Users/{lena}")).text, before.text);
    assert_eq!(harbor.get("/Users").body["totalResults"], 2);
}

#[test]
fn who_leaves_is_deactivated_and_may_come_back() {
    let product = product();
    let harbor = organisation(&product);
    let lena = harbor.user("lena@harbor.example");
    let path = format!("/Users/{lena}");
    assert_eq!(harbor.deactivate(&lena).ok(200).body["active"], false);
    assert_eq!(
        harbor.find("/Users", "userName eq \"lena@harbor.example\""),
        ["lena@harbor.example"]
    );
    assert_eq!(harbor.find("/Users", "active eq false"), ["lena@harbor.example"]);
    let version = harbor.get(&path).header("etag").unwrap().to_owned();
    assert_eq!(harbor.deactivate(&lena).header("etag"), Some(version.as_str()));
    assert_eq!(
        harbor
            .put(&path, &user("lena@harbor.example", "lena@harbor.example"))
            .ok(200)
            .body["active"],
        true
    );
}

#[test]
fn a_group_has_those_members_that_exist() {
    let product = product();
    let harbor = organisation(&product);
    let (lena, omar) = (harbor.user("lena@harbor.example"), harbor.user("omar@harbor.example"));
    let stranger = product
        .organisation("quay", TenantSettings::default())
        .user("eve@quay.example");
    let gone = harbor.user("gone@harbor.example");
    harbor.delete(&format!("/Users/{gone}")).ok(204);
    let crew = harbor
        .push_group("Crew", &[&lena, "nobody", &stranger, &gone])
        .ok(201)
        .id();
    assert_eq!(harbor.members(&crew), [lena.as_str()]);
    let path = format!("/Groups/{crew}");
    let add = |ids: &[&str]| {
        let members: Vec<Value> = ids.iter().map(|id| json!({ "value": id })).collect();
        harbor.patch(&path, json!([{ "op": "add", "path": "members", "value": members }]))
    };
    let version = harbor.get(&path).header("etag").unwrap().to_owned();
    assert!([200, 204].contains(&add(&["nobody", &stranger]).status));
    assert_eq!(
        harbor.get(&path).header("etag"),
        Some(version.as_str()),
        "nobody joined"
    );
    assert!([200, 204].contains(&add(&["nobody", &omar]).status));
    let mut both = [lena.clone(), omar];
    both.sort();
    assert_eq!(harbor.members(&crew), both);
    // Who is created later joins with the next push.
    let zoe = harbor.user("zoe@harbor.example");
    let replace = json!([{ "op": "replace", "path": "members", "value": [{ "value": zoe }, { "value": "nobody" }] }]);
    assert!([200, 204].contains(&harbor.patch(&path, replace).status));
    assert_eq!(harbor.members(&crew), [zoe]);
}
