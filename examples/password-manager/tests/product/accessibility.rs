//! The console for people who hear it, do without a mouse, or see little.

use fantoccini::key::Key;

use crate::{chromium::Browser, host::Host};

const CHECK: &str = include_str!("accessibility.js");

/// What is wrong with the page that is shown, in the colours in which it is shown.
pub(crate) async fn problems(browser: &Browser) -> Vec<String> {
    serde_json::from_value(browser.ask(CHECK).await).unwrap()
}

#[tokio::test]
async fn what_is_wrong_with_a_page_is_found() {
    let browser = Browser::open().await;
    let host = Host::start(&[]);
    browser.sign_in(&host.sign_in).await;
    assert_eq!(problems(&browser).await, Vec::<String>::new());
    let breaks = [
        ("document.documentElement.lang = ''", "no language"),
        (
            "document.querySelector('h1').attributeStyleMap.set('width', '9px')",
            "without room",
        ),
        (
            "document.querySelector('dd span').textContent = 'x'.repeat(99)",
            "sticks out",
        ),
        ("document.querySelector('h1').remove()", "0 first headings"),
        ("document.querySelector('h2').outerHTML = '<h4>x</h4>'", "skips a level"),
        ("document.querySelector('.skip').remove()", "skips nothing"),
        ("document.querySelector('label[for=provider]').remove()", "no label"),
        (
            "document.querySelector('.who button').textContent = ' '",
            "nothing says",
        ),
        ("document.querySelector('img').removeAttribute('alt')", "no text"),
        ("document.querySelector('main').style.margin = 0", "inside of the page"),
        (
            "document.querySelector('h1').setAttribute('onclick', 'x')",
            "script inside",
        ),
        ("document.querySelector('h2').id = 'provider'", "two elements"),
        (
            "document.querySelector('h1 + p').className = 'badge warn'; document.querySelector('.badge.warn').attributeStyleMap.set('color', '#dda')",
            "a contrast of",
        ),
        (
            "document.querySelector('.who button').textContent = '·'; document.querySelector('.who button').className = 'skip'; document.querySelector('.who button').attributeStyleMap.set('height', '9px'); document.querySelector('.who button').attributeStyleMap.set('min-height', '9px')",
            "only",
        ),
    ];
    for (break_it, found) in breaks {
        browser.client.refresh().await.unwrap();
        browser.ask(break_it).await;
        let problems = problems(&browser).await;
        assert!(
            problems.iter().any(|problem| problem.contains(found)),
            "{break_it}: {problems:?}"
        );
    }
    browser.close().await;
}

#[tokio::test]
async fn the_console_is_used_without_a_mouse() {
    let browser = Browser::open().await;
    let host = Host::start(&[]);
    browser.sign_in(&host.sign_in).await;
    browser.go(&format!("{}/users", host.console)).await;
    let press = async |key: Key| {
        let focused = browser.client.active_element().await.unwrap();
        focused.send_keys(&char::from(key).to_string()).await.unwrap();
    };

    press(Key::Tab).await;
    assert_eq!(
        browser.ask("return document.activeElement.textContent").await,
        "Skip to the content"
    );
    assert_eq!(
        browser
            .ask("return document.activeElement.getBoundingClientRect().top >= 0")
            .await,
        true,
        "the link is seen while it is focused"
    );
    press(Key::Enter).await;
    browser.until("return document.activeElement.id === 'content'").await;

    // From the content on: search, its button, the invitation, opened and filled in.
    let mut visited = Vec::new();
    for _ in 0..3 {
        press(Key::Tab).await;
        let focused = browser.ask(FOCUSED).await;
        assert_eq!(focused["visible"], true, "{focused}");
        visited.push(focused["name"].as_str().unwrap().to_owned());
    }
    assert_eq!(visited, ["Search members", "Search", "Invite by hand"]);
    press(Key::Enter).await;
    for text in ["Vera Visitor", "vera@acme.example"] {
        press(Key::Tab).await;
        let focused = browser.client.active_element().await.unwrap();
        focused.send_keys(text).await.unwrap();
        assert_eq!(browser.ask(FOCUSED).await["visible"], true);
    }
    browser.turn(async || press(Key::Enter).await).await;
    browser.wait(".notice[role=status]").await;
    assert!(browser.text("tbody").await.contains("Vera Visitor"));

    // All that can be focused shows it.
    browser.go(&host.console).await;
    let mut seen = 0;
    loop {
        press(Key::Tab).await;
        let focused = browser.ask(FOCUSED).await;
        if focused["name"] == "" {
            break;
        }
        assert_eq!(focused["visible"], true, "{focused}");
        seen += 1;
        assert!(seen < 100, "the focus goes round in a circle");
    }
    assert!(seen > 20, "only {seen} elements can be focused");
    browser.close().await;
}

/// What has the focus, by name, and whether it shows that; no name at the end of the page.
const FOCUSED: &str = r#"
    const element = document.activeElement;
    if (element === document.body) return { name: "", visible: false };
    const name = element.labels?.[0]?.textContent ?? element.getAttribute("aria-label") ?? element.textContent;
    const { outlineStyle, outlineWidth } = getComputedStyle(element);
    return { name: name.trim(), visible: outlineStyle !== "none" && parseFloat(outlineWidth) >= 2 };
"#;
