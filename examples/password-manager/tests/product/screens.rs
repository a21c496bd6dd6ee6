//! Every page, as a picture: on a desk and on a phone, by day and by night; what a window shows, and the whole page.

use std::{env, fs, path::PathBuf, process::Command};

use crate::{chromium::Browser, host::Host};

const PAGES: [&str; 6] = ["provisioning", "users", "groups", "licences", "events", "log"];

/// Name, width, height.
const DEVICES: [(&str, u32, u32); 2] = [("desktop", 1280, 860), ("phone", 390, 844)];

/// The pictures are kept where `PM_SCREENS` says; what is checked is that no page is wider than its device.
#[tokio::test]
async fn every_page_fits_its_device() {
    let kept = env::var_os("PM_SCREENS").map(PathBuf::from);
    let host = Host::start(&[]);
    let browser = Browser::open().await;
    photograph(
        &browser,
        &format!("{}/sign-in?link=x", host.origin()),
        "sign-in",
        kept.as_ref(),
    )
    .await;
    browser.sign_in(&host.sign_in).await;
    for page in ["groups", "events", "log"] {
        photograph(
            &browser,
            &format!("{}/{page}", host.console),
            &format!("{page}-empty"),
            kept.as_ref(),
        )
        .await;
    }
    let played = Command::new(env!("CARGO_BIN_EXE_password-manager"))
        .args([
            "demo",
            "--log",
            "error",
            "--tenant-url",
            &host.tenant_url,
            "--token",
            &host.token,
        ])
        .output()
        .unwrap();
    assert!(played.status.success());
    browser.go(&host.console).await;
    browser.choose("#provider", "entra").await;
    browser.press("section[aria-labelledby=settings] button").await;
    browser.wait(".notice").await;
    for (team, vault) in [(1, 2), (1, 1), (2, 3)] {
        browser.go(&format!("{}/groups", host.console)).await;
        browser.choose(&format!("#vault-{team}"), &vault.to_string()).await;
        browser
            .press(&format!("tbody tr:nth-child({team}) form.inline button"))
            .await;
        browser.wait(".notice").await;
    }
    for page in PAGES {
        let only = if page == "log" { "?only=changes" } else { "" };
        photograph(&browser, &format!("{}/{page}{only}", host.console), page, kept.as_ref()).await;
    }
    browser.close().await;
}

async fn photograph(browser: &Browser, url: &str, name: &str, kept: Option<&PathBuf>) {
    for (device, width, height) in DEVICES {
        for (light, is_dark) in [("light", false), ("dark", true)] {
            browser.device(width, height, is_dark).await;
            browser.go(url).await;
            browser.wait("h1").await;
            let overflow = browser
                .ask("return document.documentElement.scrollWidth - innerWidth")
                .await;
            assert!(
                overflow.as_i64().unwrap() <= 0,
                "{name} is {overflow} pixels too wide on a {device}"
            );
            if let Some(directory) = kept {
                fs::create_dir_all(directory.join("whole")).unwrap();
                let file = format!("{name}-{device}-{light}.png");
                fs::write(directory.join(&file), browser.picture(false).await).unwrap();
                fs::write(directory.join("whole").join(&file), browser.picture(true).await).unwrap();
            }
        }
    }
    browser.device(1280, 860, false).await;
}
