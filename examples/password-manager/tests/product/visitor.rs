//! Somebody in the console without a browser.

use ureq::http::{Request, Response};
use url::form_urlencoded::Serializer;

use crate::host::{Host, agent};

/// An owner who is signed in.
pub(crate) struct Visitor<'a> {
    host: &'a Host,
    /// What the browser was told to keep, attributes included.
    pub(crate) cookie: String,
    csrf: String,
}

impl<'a> Visitor<'a> {
    /// Signs in by the link of a host.
    pub(crate) fn of(host: &'a Host) -> Self {
        let (_, link) = host.sign_in.split_once("?link=").unwrap();
        let request = Request::post(format!("{}/sign-in", host.origin()))
            .header("content-type", "application/x-www-form-urlencoded");
        let answer = agent().run(request.body(format!("link={link}")).unwrap()).unwrap();
        assert_eq!(answer.status(), 303);
        let cookie = answer.headers()["set-cookie"].to_str().unwrap().to_owned();
        let mut visitor = Self {
            host,
            cookie,
            csrf: String::new(),
        };
        let page = visitor.page("provisioning");
        let (_, csrf) = page.split_once("name=\"csrf\" value=\"").unwrap();
        visitor.csrf = csrf.split_once('"').unwrap().0.to_owned();
        visitor
    }

    /// A page of the console.
    pub(crate) fn page(&self, page: &str) -> String {
        let request = Request::get(self.url(page)).header("cookie", self.session());
        let (status, text) = read(agent().run(request.body(()).unwrap()).unwrap());
        assert_eq!(status, 200, "{text}");
        text
    }

    /// Sends a form: the status, and the page that is answered or where it leads.
    pub(crate) fn post(&self, page: &str, fields: &[(&str, &str)]) -> (u16, String) {
        let mut form = Serializer::new(String::new());
        let form = form.append_pair("csrf", &self.csrf).extend_pairs(fields).finish();
        let request = Request::post(self.url(page))
            .header("cookie", self.session())
            .header("content-type", "application/x-www-form-urlencoded");
        read(agent().run(request.body(form).unwrap()).unwrap())
    }

    fn url(&self, page: &str) -> String {
        format!("{}/console/{page}", self.host.origin())
    }

    fn session(&self) -> &str {
        self.cookie.split_once(';').unwrap().0
    }
}

fn read(mut answer: Response<ureq::Body>) -> (u16, String) {
    let text = match answer.headers().get("location") {
        Some(location) => location.to_str().unwrap().to_owned(),
        None => answer.body_mut().read_to_string().unwrap(),
    };
    (answer.status().as_u16(), text)
}
