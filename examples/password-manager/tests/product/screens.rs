//! Every page, as a picture: on a desk and on a phone, by day and by night; what a window shows, and the whole page.

use std::{env, fs, path::PathBuf, sync::Mutex};

use serde_json::json;
use ureq::http::Method;

use crate::{
    accessibility,
    chromium::Browser,
    host::{Host, user},
    webhooks,
};

const PAGES: [&str; 6] = ["provisioning", "users", "groups", "licences", "events", "log"];

/// Name, width, height.
const DEVICES: [(&str, u32, u32); 2] = [("desktop", 1280, 860), ("phone", 375, 812)];

/// Takes the pictures.
struct Camera<'a> {
    browser: &'a Browser,
    host: &'a Host,
    kept: Option<PathBuf>,
    /// What is wrong, all at once.
    problems: Mutex<Vec<String>>,
}

/// The pictures are kept where `PM_SCREENS` says; what is checked is that no page is wider than its device, and that all of
/// them can be used by everybody.
#[tokio::test]
async fn every_page_fits_its_device() {
    let (url, _heard) = webhooks::receiver();
    let browser = Browser::open().await;
    let host = Host::start(&["--local-webhooks"]);
    let camera = Camera {
        browser: &browser,
        host: &host,
        kept: env::var_os("PM_SCREENS").map(PathBuf::from),
        problems: Mutex::default(),
    };
    camera.go("sign-in?link=x", "sign-in").await;
    browser.follow("main button").await;
    camera.shoot("sign-in-refused").await;
    browser.sign_in(&host.sign_in).await;
    for page in PAGES {
        camera.page(page, &format!("{page}-new")).await;
    }
    let demo = ["demo", "--tenant-url", &host.tenant_url, "--token", &host.token];
    host.command(&demo);
    provider(&camera).await;
    vaults(&camera).await;
    for page in PAGES {
        camera.page(page, page).await;
    }
    camera.page("log?only=changes", "log-changes").await;
    camera.page("log?only=problems", "log-problems").await;
    camera.page("users?q=nobody", "users-none").await;
    credentials(&camera).await;
    members(&camera).await;
    events(&camera, &url).await;
    camera.page("nothing", "missing").await;
    long_names(&camera).await;
    assert_eq!(camera.problems.into_inner().unwrap(), Vec::<String>::new());
    browser.close().await;
}

async fn provider(camera: &Camera<'_>) {
    camera.open("provisioning").await;
    camera.browser.choose("#provider", "entra").await;
    camera
        .press_for_notice("section[aria-labelledby=settings] button")
        .await;
}

async fn vaults(camera: &Camera<'_>) {
    for (team, vault) in [(1, 2), (1, 1), (2, 3)] {
        camera.open("groups").await;
        camera
            .browser
            .choose(&format!("#vault-{team}"), &vault.to_string())
            .await;
        camera
            .press_for_notice(&format!("tbody tr:nth-child({team}) form.inline button"))
            .await;
    }
}

/// Made, shown once, rotated, about to end, over; and provisioning that is paused.
async fn credentials(camera: &Camera<'_>) {
    let Camera { browser, host, .. } = camera;
    host.command(&["credentials", "create", "--name", "Staging", "--expires", "12d"]);
    host.command(&[
        "credentials",
        "create",
        "--name",
        "Auditor's script",
        "--expires",
        "never",
    ]);
    let table = "section[aria-labelledby=credentials] tbody";
    camera.open("provisioning").await;
    browser.press(&format!("{table} tr:nth-child(1) summary.danger")).await;
    camera.press_for_notice(&format!("{table} details[open] button")).await;
    browser.press("#credentials ~ details summary").await;
    camera.shoot("provisioning-create").await;
    browser.fill("#name", "Entra ID, production").await;
    browser.follow("#credentials ~ details button").await;
    browser.wait("#secret-token").await;
    camera.shoot("provisioning-reveal").await;
    camera.open("provisioning").await;
    browser.press("summary[aria-label^='Rotate Entra']").await;
    camera.shoot("provisioning-rotate").await;
    browser
        .choose(&format!("{table} details[open] [name=overlap]"), "8h")
        .await;
    browser.follow(&format!("{table} details[open] button")).await;
    browser.wait("#secret-token").await;
    camera.open("provisioning").await;
    browser.press("summary[aria-label^='Revoke Staging']").await;
    camera.shoot("provisioning-revoke").await;
    camera.open("provisioning").await;
    camera.press_for_notice(".head button").await;
    camera.shoot("provisioning-paused").await;
    camera.press_for_notice(".head button").await;
}

/// What is done by hand, and what is refused.
async fn members(camera: &Camera<'_>) {
    let Camera { browser, .. } = camera;
    camera.open("users").await;
    browser.press("section header details summary").await;
    camera.shoot("users-invite").await;
    browser.fill("#invite-name", "Vera Visitor").await;
    browser.fill("#invite-email", "vera@audit.example").await;
    camera.press_for_notice("section header details button").await;
    browser.press("summary[aria-label='Manage Vera Visitor']").await;
    camera.shoot("users-manage").await;
    camera.open("users").await;
    browser.press("summary[aria-label='Manage Ada Lindqvist']").await;
    browser.follow("button[aria-label='Remove Ada Lindqvist']").await;
    browser.wait("[role=alert]").await;
    camera.shoot("users-refused").await;
}

/// An endpoint that takes everything, and one that was away.
async fn events(camera: &Camera<'_>, url: &str) {
    let Camera { browser, host, .. } = camera;
    for (name, url) in [
        ("first", format!("{url}/a/long/path/of/somebody-elses-service")),
        ("second", url.to_owned()),
    ] {
        camera.open("events").await;
        browser.press("#webhooks ~ details summary").await;
        camera.shoot(&format!("events-add-{name}")).await;
        browser.fill("#url", &url).await;
        browser.follow("#webhooks ~ details button").await;
        browser.wait("#signing-secret").await;
    }
    camera.shoot("events-secret").await;
    camera.open("events").await;
    camera.press_for_notice("form[action$='/off'] button").await;
    assert_eq!(host.scim(Method::POST, "/Users", user("Mara")).0, 201);
    webhooks::until(browser, &format!("{}/events", host.console), "Delivered, 204").await;
    camera.page("events", "events-deliveries").await;
    browser.press("#webhooks ~ details summary").await;
    browser
        .ask("document.querySelector('#webhooks ~ details form').noValidate = true")
        .await;
    browser.fill("#url", "ftp://example.com").await;
    browser.follow("#webhooks ~ details button").await;
    browser.wait("[role=alert]").await;
    camera.shoot("events-refused").await;
}

/// Names as long as they come.
async fn long_names(camera: &Camera<'_>) {
    let Camera { browser, host, .. } = camera;
    let name = "Wolfeschlegelsteinhausenbergerdorffvoralternwarengewissenhaft Schaferswessenschafe";
    let mut body = user("Wolfe");
    body["userName"] = json!(format!(
        "{}@a-subsidiary-with-a-long-name.example",
        "wolfeschlegelstein".repeat(3)
    ));
    body["displayName"] = json!(name);
    body["title"] = json!("Senior vice president of everything that has no other vice president");
    let (status, made) = host.scim(Method::POST, "/Users", body);
    assert_eq!(status, 201, "{made}");
    let group = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
        "displayName": "GRP_Applications_PasswordManager_Production_Administrators_EMEA_And_Others",
        "members": [{ "value": made["id"] }],
    });
    assert_eq!(host.scim(Method::POST, "/Groups", group).0, 201);
    host.command(&["credentials", "create", "--name", &"production-".repeat(5)]);
    camera.open("licences").await;
    for page in PAGES {
        camera.page(page, &format!("{page}-long")).await;
    }
    // Those who may sign in have names too.
    host.sql("UPDATE members SET display_name = 'Wolfeschlegelsteinhausenbergerdorffvoralternwarengewissenhaft' WHERE role = 'owner'").await;
    host.sql("UPDATE organisations SET name = 'The Worshipful Company of Security Professionals and Others'")
        .await;
    camera.page("users?q=wolfe", "users-long-owner").await;
    browser.device(1280, 860, false).await;
}

impl Camera<'_> {
    /// A page of the console, and a picture of it.
    async fn page(&self, page: &str, name: &str) {
        self.go(&format!("console/{page}"), name).await;
    }

    async fn go(&self, path: &str, name: &str) {
        let url = format!("{}/{path}", self.host.origin());
        self.look(name, Some(&url)).await;
    }

    /// A page of the console, without a picture.
    async fn open(&self, page: &str) {
        self.browser.go(&format!("{}/{page}", self.host.console)).await;
    }

    async fn press_for_notice(&self, selector: &str) {
        self.browser.follow(selector).await;
        self.browser.wait(".notice[role]").await;
    }

    /// What is shown now, on all devices.
    async fn shoot(&self, name: &str) {
        self.look(name, None).await;
    }

    async fn look(&self, name: &str, url: Option<&str>) {
        let browser = self.browser;
        for (device, width, height) in DEVICES {
            for (light, is_dark) in [("light", false), ("dark", true)] {
                browser.device(width, height, is_dark).await;
                if let Some(url) = url {
                    browser.go(url).await;
                }
                browser.wait("h1").await;
                let overflow = browser
                    .ask("return document.documentElement.scrollWidth - innerWidth")
                    .await;
                if overflow.as_i64().unwrap() > 0 {
                    self.problem(format!("{name} is {overflow} pixels too wide on a {device}"));
                }
                for problem in accessibility::problems(browser).await {
                    self.problem(format!("{name}, {device}, {light}: {problem}"));
                }
                if let Some(directory) = &self.kept {
                    fs::create_dir_all(directory.join("whole")).unwrap();
                    let file = format!("{name}-{device}-{light}.png");
                    fs::write(directory.join(&file), browser.picture(false).await).unwrap();
                    fs::write(directory.join("whole").join(&file), browser.picture(true).await).unwrap();
                }
            }
        }
        browser.device(1280, 860, false).await;
    }

    fn problem(&self, problem: String) {
        self.problems.lock().unwrap().push(problem);
    }
}
