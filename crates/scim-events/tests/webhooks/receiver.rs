//! A receiver of webhooks over HTTP on this machine, which verifies signatures with another library than the sender's.

use std::{
    collections::{BTreeMap, HashMap},
    convert::Infallible,
    net::SocketAddr,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt as _, Empty, combinators::BoxBody};
use hyper::{
    body::{Body, Frame, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use standardwebhooks::Webhook;
use tokio::{
    net::TcpListener,
    sync::Notify,
    task::{JoinHandle, JoinSet},
};

/// What a receiver does with a message.
#[derive(Debug, Clone)]
pub(crate) enum Reply {
    /// Takes it, and answers with a status and headers; the body of a 200 never ends.
    Answer(u16, Vec<(&'static str, String)>),
    /// Takes it, and closes the connection without an answer.
    Drop,
    /// Takes it, and never answers.
    Hang,
    /// Answers with 500 and forgets it.
    Refuse,
}

/// A message that was taken.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Heard {
    pub(crate) id: String,
    pub(crate) host: String,
    pub(crate) sequence: u64,
    pub(crate) resource: String,
    pub(crate) body: Value,
}

type Decide = Box<dyn FnMut(&Heard) -> Reply + Send>;

struct Shared {
    secret: Mutex<String>,
    decide: Mutex<Decide>,
    heard: Mutex<Vec<Heard>>,
    requests: Mutex<usize>,
    invalid: Mutex<Vec<String>>,
    news: Notify,
}

/// A receiver; it ends when it is dropped, with all of its connections.
pub(crate) struct Receiver {
    shared: Arc<Shared>,
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl Receiver {
    /// A receiver on a port of its own that answers 204.
    pub(crate) async fn start() -> Self {
        let shared = Arc::new(Shared {
            secret: Mutex::default(),
            decide: Mutex::new(Box::new(|_| Reply::Answer(204, Vec::new()))),
            heard: Mutex::default(),
            requests: Mutex::default(),
            invalid: Mutex::default(),
            news: Notify::new(),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let task = tokio::spawn(serve(listener, Arc::clone(&shared)));
        Self { shared, address, task }
    }

    /// Ends and starts again on the same port, with what it heard.
    pub(crate) async fn restart(&mut self) {
        self.stop().await;
        let listener = TcpListener::bind(self.address).await.unwrap();
        self.task = tokio::spawn(serve(listener, Arc::clone(&self.shared)));
    }

    pub(crate) async fn stop(&mut self) {
        self.task.abort();
        while !self.task.is_finished() {
            tokio::task::yield_now().await;
        }
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// The secret by which messages are verified from now on.
    pub(crate) fn trust(&self, secret: &str) {
        *self.shared.secret.lock().unwrap() = secret.to_owned();
    }

    pub(crate) fn decide(&self, decide: impl FnMut(&Heard) -> Reply + Send + 'static) {
        *self.shared.decide.lock().unwrap() = Box::new(decide);
    }

    pub(crate) fn heard(&self) -> Vec<Heard> {
        self.shared.heard.lock().unwrap().clone()
    }

    pub(crate) fn requests(&self) -> usize {
        *self.shared.requests.lock().unwrap()
    }

    pub(crate) fn invalid(&self) -> Vec<String> {
        self.shared.invalid.lock().unwrap().clone()
    }

    /// Waits until something holds of what was heard.
    pub(crate) async fn wait(&self, mut is_enough: impl FnMut(&[Heard]) -> bool) {
        loop {
            let news = self.shared.news.notified();
            if is_enough(&self.heard()) {
                return;
            }
            news.await;
        }
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// What was heard, and what is wrong with it.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) events: usize,
    pub(crate) repeated: usize,
    /// One identifier for two different messages.
    pub(crate) ambiguous: usize,
    /// Messages that came for the first time behind a newer one of the same resource.
    pub(crate) disordered: usize,
}

/// Sums up what was heard; the events by their numbers.
pub(crate) fn tally(heard: &[Heard]) -> (Tally, BTreeMap<u64, Heard>) {
    let (mut tally, mut events) = (Tally::default(), BTreeMap::new());
    let (mut by_id, mut last) = (HashMap::new(), HashMap::new());
    for message in heard {
        let newest: &mut u64 = last.entry(message.resource.clone()).or_default();
        match by_id.insert(message.id.clone(), message.clone()) {
            None => {
                tally.events += 1;
                tally.disordered += usize::from(message.sequence < *newest);
            }
            Some(former) if former == *message => tally.repeated += 1,
            Some(_) => tally.ambiguous += 1,
        }
        *newest = message.sequence.max(*newest);
        if let Some(former) = events.insert(message.sequence, message.clone()) {
            tally.ambiguous += usize::from(former.id != message.id);
        }
    }
    (tally, events)
}

async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    // Aborted with the task.
    let mut connections = JoinSet::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            continue;
        };
        let shared = Arc::clone(&shared);
        connections.spawn(async move {
            let service = service_fn(move |request| take(Arc::clone(&shared), request));
            let _ = http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
        while connections.try_join_next().is_some() {}
    }
}

type Answer = Response<BoxBody<Bytes, Infallible>>;

async fn take(shared: Arc<Shared>, request: Request<Incoming>) -> Result<Answer, &'static str> {
    *shared.requests.lock().unwrap() += 1;
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(|_| "gone")?.to_bytes();
    let heard = match verify(&shared, &head.headers, &body) {
        Ok(heard) => heard,
        Err(error) => {
            shared.invalid.lock().unwrap().push(error);
            shared.news.notify_waiters();
            return Ok(answer(401, &[]));
        }
    };
    let reply = (shared.decide.lock().unwrap())(&heard);
    if !matches!(reply, Reply::Refuse) {
        shared.heard.lock().unwrap().push(heard);
        shared.news.notify_waiters();
    }
    match reply {
        Reply::Answer(status, headers) => Ok(answer(status, &headers)),
        Reply::Drop => Err("dropped"),
        Reply::Hang => std::future::pending().await,
        Reply::Refuse => Ok(answer(500, &[])),
    }
}

fn verify(shared: &Shared, headers: &HeaderMap, body: &[u8]) -> Result<Heard, String> {
    let secret = shared.secret.lock().unwrap().clone();
    let webhook = Webhook::new(&secret).map_err(|error| error.to_string())?;
    webhook.verify(body, headers).map_err(|error| error.to_string())?;
    let body: Value = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    Ok(Heard {
        id: headers["webhook-id"].to_str().unwrap().to_owned(),
        host: headers["host"].to_str().unwrap().to_owned(),
        sequence: body["data"]["sequence"].as_u64().unwrap(),
        resource: body["data"]["id"].as_str().unwrap().to_owned(),
        body,
    })
}

fn answer(status: u16, headers: &[(&str, String)]) -> Answer {
    let mut response = Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(*name, value);
    }
    let body = if status == 200 {
        Endless(Some(Bytes::from_static(b"x"))).boxed()
    } else {
        Empty::new().boxed()
    };
    response.body(body).unwrap()
}

/// A body that begins and never ends.
struct Endless(Option<Bytes>);

impl Body for Endless {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0
            .take()
            .map_or(Poll::Pending, |start| Poll::Ready(Some(Ok(Frame::data(start)))))
    }
}
