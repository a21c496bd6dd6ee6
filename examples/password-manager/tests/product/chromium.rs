//! A browser, spoken to by WebDriver.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use base64::Engine as _;
use fantoccini::{
    Client, ClientBuilder, Locator,
    elements::Element,
    error::{CmdError, ErrorStatus},
    wd::WebDriverCompatibleCommand,
};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tokio::{
    sync::{Mutex, MutexGuard},
    time::sleep,
};

/// One browser at a time: the machines that run tests are small.
static TURN: Mutex<()> = Mutex::const_new(());

/// How long is waited for what a page is to show.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Time between two looks at a page.
const PAUSE: Duration = Duration::from_millis(50);

pub(crate) struct Browser {
    pub(crate) client: Client,
    driver: Child,
    _turn: MutexGuard<'static, ()>,
}

impl Browser {
    /// Opened first of all: who waits for the turn holds no hosts, and no links and times of theirs grow old meanwhile.
    pub(crate) async fn open() -> Self {
        let turn = TURN.lock().await;
        install();
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(driver.stdout.take().unwrap()).lines();
        let port = loop {
            let line = said.next().expect("the driver ended early").unwrap();
            if let Some((_, port)) = line.split_once("started successfully on port ") {
                break port.trim_end_matches('.').to_owned();
            }
        };
        std::thread::spawn(move || said.for_each(drop));
        let arguments = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-quic",
            "--disable-sync",
            "--no-first-run",
            "--hide-scrollbars",
            "--window-size=1280,900",
        ];
        let capabilities = json!({ "goog:chromeOptions": { "args": arguments } });
        let mut builder = ClientBuilder::new(HttpConnector::new());
        builder.capabilities(capabilities.as_object().unwrap().clone());
        // On a machine that is busy Chromium's own patience may end before it has started.
        let mut tries = 1;
        let client = loop {
            match builder.connect(&format!("http://127.0.0.1:{port}")).await {
                Ok(client) => break client,
                Err(error) => assert!(tries < 3, "{error}"),
            }
            tries += 1;
        };
        Self {
            client,
            driver,
            _turn: turn,
        }
    }

    pub(crate) async fn close(mut self) {
        // How a browser ends is nothing that is tested here.
        let _ = self.client.clone().close().await;
        self.driver.kill().unwrap();
        self.driver.wait().unwrap();
    }

    pub(crate) async fn go(&self, url: &str) {
        self.client.goto(url).await.unwrap();
    }

    /// Signs in by a one-time link.
    pub(crate) async fn sign_in(&self, link: &str) {
        self.go(link).await;
        self.follow("main button").await;
    }

    /// The first element of a selector, once it is there.
    pub(crate) async fn wait(&self, selector: &str) -> Element {
        self.act(selector, async |element| Ok(element)).await
    }

    /// Presses what stays on the page, such as what opens a panel.
    pub(crate) async fn press(&self, selector: &str) {
        self.act(selector, async |element| element.click().await).await;
    }

    /// Presses what leads to a page, and waits for it.
    pub(crate) async fn follow(&self, selector: &str) {
        self.turn(async || self.press(selector).await).await;
    }

    /// Does what leads to a page, and waits for it: nothing of the page before is taken for something of the new one.
    pub(crate) async fn turn(&self, act: impl AsyncFnOnce()) {
        self.ask("window.isBefore = true").await;
        act().await;
        self.until("return !window.isBefore && document.readyState === 'complete'")
            .await;
    }

    pub(crate) async fn fill(&self, selector: &str, text: &str) {
        self.act(selector, async |element| element.send_keys(text).await).await;
    }

    pub(crate) async fn choose(&self, selector: &str, value: &str) {
        self.act(selector, async |element| element.select_by_value(value).await)
            .await;
    }

    pub(crate) async fn text(&self, selector: &str) -> String {
        self.act(selector, async |element| element.text().await).await
    }

    /// Does something with the first element of a selector, once it is there and can be done.
    async fn act<T>(&self, selector: &str, act: impl AsyncFn(Element) -> Result<T, CmdError>) -> T {
        let since = Instant::now();
        loop {
            let done = match self.client.find(Locator::Css(selector)).await {
                Ok(element) => act(element).await,
                Err(error) => Err(error),
            };
            match done {
                Ok(done) => return done,
                Err(error) if is_passing(&error) && since.elapsed() < PATIENCE => sleep(PAUSE).await,
                Err(error) => panic!("{selector}: {error}"),
            }
        }
    }

    /// Asks a script until it answers with true.
    pub(crate) async fn until(&self, script: &str) {
        let since = Instant::now();
        loop {
            match self.client.execute(script, vec![]).await {
                Ok(Value::Bool(true)) => return,
                // A page that goes away takes the script with it.
                _ if since.elapsed() < PATIENCE => sleep(PAUSE).await,
                answer => panic!("{script}: {answer:?}"),
            }
        }
    }

    /// All that a reader sees.
    pub(crate) async fn page(&self) -> String {
        self.text("body").await
    }

    /// The answer of a script.
    pub(crate) async fn ask(&self, script: &str) -> Value {
        self.client.execute(script, vec![]).await.unwrap()
    }

    /// The size of the window, as of a device, and whether the device prefers dark pages. Nothing moves: what is looked at
    /// next has its last colours.
    pub(crate) async fn device(&self, width: u32, height: u32, is_dark: bool) {
        let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600 });
        self.cdp("Emulation.setDeviceMetricsOverride", metrics).await;
        let scheme = if is_dark { "dark" } else { "light" };
        let features = json!({ "features": [
            { "name": "prefers-color-scheme", "value": scheme },
            { "name": "prefers-reduced-motion", "value": "reduce" },
        ] });
        self.cdp("Emulation.setEmulatedMedia", features).await;
    }

    /// A picture of the window, or of the whole page.
    pub(crate) async fn picture(&self, is_whole: bool) -> Vec<u8> {
        let options = json!({ "format": "png", "captureBeyondViewport": is_whole });
        let answer = self.cdp("Page.captureScreenshot", options).await;
        let data = answer["data"].as_str().unwrap().to_owned();
        base64::engine::general_purpose::STANDARD.decode(data).unwrap()
    }

    async fn cdp(&self, name: &'static str, parameters: Value) -> Value {
        self.client.issue_cmd(Cdp { name, parameters }).await.unwrap()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

/// Whether nothing was done, since the element was not there yet, was on a page that went away, or was not to be reached.
fn is_passing(error: &CmdError) -> bool {
    use ErrorStatus::{
        ElementClickIntercepted, ElementNotInteractable, NoSuchElement, StaleElementReference, UnknownError,
    };

    let CmdError::Standard(error) = error else {
        return false;
    };
    match error.error {
        ElementClickIntercepted | ElementNotInteractable | NoSuchElement | StaleElementReference => true,
        // The driver has no better word for an element of the page before.
        UnknownError => error.message.contains("does not belong to the document"),
        _ => false,
    }
}

/// A command of Chromium's own protocol, sent through the driver.
#[derive(Debug)]
struct Cdp {
    name: &'static str,
    parameters: Value,
}

impl WebDriverCompatibleCommand for Cdp {
    fn endpoint(&self, base: &url::Url, session: Option<&str>) -> Result<url::Url, url::ParseError> {
        base.join(&format!("session/{}/goog/cdp/execute", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &url::Url) -> (http::Method, Option<String>) {
        let body = json!({ "cmd": self.name, "params": self.parameters });
        (http::Method::POST, Some(body.to_string()))
    }
}

/// Installs Chromium and its driver where they are missing.
fn install() {
    let is_there = |name: &str| Command::new(name).arg("--version").output().is_ok();
    if is_there("chromedriver") && is_there("chromium") {
        return;
    }
    // Another test may be installing something else meanwhile. Without any font Chromium does not even start.
    let packages = ["chromium", "chromium-driver", "fonts-dejavu-core"];
    let apt = |arguments: &[&str]| {
        let mut command = Command::new("apt-get");
        command.args(["-o", "DPkg::Lock::Timeout=300"]).args(arguments);
        let output = command.env("DEBIAN_FRONTEND", "noninteractive").output();
        output.is_ok_and(|output| output.status.success())
    };
    let install = || apt(&[&["install", "-y", "--no-install-recommends"], &packages[..]].concat());
    (0..3).any(|_| install() || apt(&["update"]) && install());
    assert!(
        is_there("chromedriver"),
        "Chromium and chromedriver are wanted: apt-get install chromium chromium-driver"
    );
}
