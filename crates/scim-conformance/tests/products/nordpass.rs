//! NordPass: a custom app of Okta with an HTTP header, the e-mail address as the identifier, and groups that come later.

use http::HeaderName;
use scim_http::{Mint, TokenForms};
use scim_store::{Expiry, TenantSettings};
use serde_json::json;

use crate::product::{Organisation, Plan, Product, user};

fn product() -> Product {
    Product::new(Plan {
        name: "nordpass",
        forms: TokenForms::bearer()
            .with_bare()
            .with_header(HeaderName::from_static("x-scim-token")),
        ..Plan::default()
    })
}

/// The e-mail address identifies, and groups are off until somebody asks for them.
fn organisation(product: &Product) -> Organisation<'_> {
    let settings = TenantSettings::default().with(|settings| {
        settings.dialect.unique.push("emails.value".to_owned());
        settings.groups = false;
    });
    product.organisation("harbor", settings)
}

#[test]
fn a_custom_app_connects_by_an_http_header() {
    let product = product();
    let harbor = product.join("harbor", TenantSettings::default());
    let token = harbor.mint(Mint::new("Okta", Expiry::Never));
    let token = token.expose();
    for (name, value) in [
        ("authorization", format!("Bearer {token}")),
        // Okta sends what the administrator typed.
        ("authorization", token.to_owned()),
        ("x-scim-token", token.to_owned()),
    ] {
        assert_eq!(harbor.with_header(name, &value).test_connection(), 200, "{name}");
    }
    for (name, value) in [
        ("authorization", "Bearer x"),
        ("authorization", "x"),
        ("x-scim-token", "x"),
        ("x-other", token),
    ] {
        let refused = harbor.with_header(name, value).get("/Users?startIndex=1&count=2");
        refused.refused_plainly(401);
        assert!(refused.headers.contains_key("www-authenticate"), "{name}");
    }
}

#[test]
fn an_address_belongs_to_one_user() {
    let product = product();
    let harbor = organisation(&product);
    let lena = harbor.user("lena@harbor.example");
    let omar = harbor.user("omar@harbor.example");
    let again = |name: &str, mail: &str| harbor.send("POST", "/Users", &user(name, mail));
    again("other@harbor.example", "lena@harbor.example").refused(409, "uniqueness");
    again("other@harbor.example", "LENA@Harbor.example").refused(409, "uniqueness");
    again("lena@harbor.example", "other@harbor.example").refused(409, "uniqueness");
    let path = format!("/Users/{omar}");
    let taken = json!([{ "op": "replace", "path": "emails[type eq \"work\"].value", "value": "lena@harbor.example" }]);
    harbor.patch(&path, taken).refused(409, "uniqueness");
    harbor
        .put(&path, &user("omar@harbor.example", "lena@harbor.example"))
        .refused(409, "uniqueness");
    assert_eq!(harbor.get(&path).body["emails"][0]["value"], "omar@harbor.example");
    assert_eq!(
        harbor.find("/Users", "emails.value eq \"LENA@harbor.example\""),
        ["lena@harbor.example"]
    );
    // A user may keep the address, and leaves it behind.
    harbor
        .put(
            &format!("/Users/{lena}"),
            &user("lena@harbor.example", "lena@harbor.example"),
        )
        .ok(200);
    harbor.delete(&format!("/Users/{lena}")).ok(204);
    again("lena.brandt@harbor.example", "lena@harbor.example").ok(201);
}

/// The same address is no secret between organisations.
#[test]
fn organisations_do_not_share_addresses() {
    let product = product();
    organisation(&product).user("lena@harbor.example");
    let settings = TenantSettings::default().with(|settings| settings.dialect.unique.push("emails.value".to_owned()));
    product.organisation("quay", settings).user("lena@harbor.example");
}

#[test]
fn groups_are_provisioned_once_they_are_switched_on() {
    let product = product();
    let harbor = organisation(&product);
    let lena = harbor.user("lena@harbor.example");
    let endpoints = || {
        let types = harbor.get("/ResourceTypes").ok(200).body["Resources"].clone();
        let types = types.as_array().unwrap().iter();
        types
            .map(|kind| kind["endpoint"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(endpoints(), ["/Users"]);
    harbor.get("/Groups?startIndex=1&count=100").refused(404, "");
    harbor.push_group("Crew", &[&lena]).refused(404, "");
    assert!(!harbor.get("/Schemas").text.contains(crate::support::GROUP));

    harbor.change(|settings| settings.groups = true);
    assert_eq!(endpoints(), ["/Users", "/Groups"]);
    assert_eq!(
        harbor.get("/Groups?startIndex=1&count=100").ok(200).body["totalResults"],
        0
    );
    let crew = harbor.push_group("Crew", &[&lena]).ok(201).id();
    assert_eq!(harbor.get(&format!("/Users/{lena}")).values("groups"), [crew.as_str()]);

    // Off again, what is there stays and is out of sight.
    harbor.change(|settings| settings.groups = false);
    harbor.get(&format!("/Groups/{crew}")).refused(404, "");
    assert_eq!(harbor.get(&format!("/Users/{lena}")).ok(200).body.get("groups"), None);
    harbor.change(|settings| settings.groups = true);
    assert_eq!(harbor.members(&crew), [lena]);
}
