//! [`Intake`]: what every adapter does between a framework's request and [`ScimService`].

use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::{Buf, Bytes};
use http::{
    HeaderValue, Method, Request, Response, Version,
    header::{CONNECTION, EXPECT},
    request::Parts,
};

use crate::{Body, ScimService, fault::Fault, operate, service::finish};

/// Answers requests whose bodies are still on their way: for adapters of frameworks, such as those of scim-axum and scim-actix.
///
/// Who sends a request is asked before its body is read. Then it is read to the [limit of its route](ScimService::body_limit) and no
/// further, no slower than a [`Pace`], and not at all where the method has none (RFC 9110 section 9.3). What is wrong with a body
/// is answered as all errors are: 400 where it broke off, 408 where it came too slowly, 413 where it is too long. Dropping the future of an answer ends the request: each of its
/// changes is one transaction of the store, which happened or did not.
///
/// The timer is the runtime's, such as `tokio::time::sleep`.
///
/// ```
/// use std::time::Duration;
/// use scim_http::{Body, Intake, ScimService};
///
/// async fn answer(service: ScimService, request: http::Request<Body>) -> http::Response<Body> {
/// #   mod tokio { pub mod time { pub use std::future::pending; } }
/// #   let _ = stringify! {
///     let intake = Intake::new(service, tokio::time::sleep);
/// #   };
/// #   fn sleep(_: Duration) -> std::future::Pending<()> { std::future::pending() }
/// #   let intake = Intake::new(service, sleep);
///     let (answer, rest) = intake.answer(request).await;
///     // Sent while `rest` runs beside it, where there is one.
///     drop(rest);
///     answer
/// }
/// ```
pub struct Intake<F> {
    service: ScimService,
    pace: Pace,
    sleep: fn(Duration) -> F,
}

/// How long is waited for the body of a request.
///
/// ```
/// use std::time::Duration;
/// use scim_http::Pace;
///
/// let pace = Pace::default().with(|pace| pace.patience = Duration::from_secs(3));
/// assert_eq!(pace.slowest, 64 << 10);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Pace {
    /// A body must have arrived within this time, and a second more for each [`slowest`](Self::slowest) bytes of it: 10 s.
    pub patience: Duration,
    /// Bytes a second below which a client is taken for one that only wants to hold a connection: 64 KiB; 0 counts as 1.
    pub slowest: usize,
    /// How much of a body that is too long is still read, in bytes, and dropped at once, so that its sender comes to see the
    /// answer: 32 MiB.
    pub dropped: usize,
}

/// What is left of a body that is too long, or that nobody asked for: a future that reads and drops it, within the [`Pace`].
///
/// Who sends a body often looks for the answer only afterwards, and a connection that is closed before takes the answer with
/// it. So the answer is sent at once, and this is run beside it.
pub struct Rest<B, F>(Reader<B, F>);

/// Why a body was not read to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unread {
    Broken,
    TooLong,
    TooSlow,
}

impl<F: Future<Output = ()>> Intake<F> {
    /// For a service, with the timer of a runtime.
    pub fn new(service: ScimService, sleep: fn(Duration) -> F) -> Self {
        Self {
            service,
            pace: Pace::default(),
            sleep,
        }
    }

    /// Sets how long is waited for bodies.
    #[must_use]
    pub fn with_pace(mut self, pace: Pace) -> Self {
        self.pace = pace;
        self
    }

    /// The answer, to be sent at once, and what is left of the body, which is to be run until it is done or the client is gone.
    ///
    /// The body of a sender who is not let in, or whose [size](http_body::Body::size_hint) is said to be beyond the limit, is not
    /// read at all, and nothing is left of it either where its sender waits for leave to send it (`Expect`, RFC 9110 section 10.1.1).
    pub async fn answer<B>(&self, request: Request<B>) -> (Response<Body>, Option<Rest<B, F>>)
    where
        B: http_body::Body + Unpin,
    {
        let (head, body) = request.into_parts();
        if !matches!(head.method, Method::PATCH | Method::POST | Method::PUT) || body.is_end_stream() {
            return (self.service.handle(Request::from_parts(head, Bytes::new())).await, None);
        }
        let admitted = match self.service.admit(&head).await {
            Ok(admitted) => admitted,
            Err(fault) => return self.refuse_unread(fault, &head, body),
        };
        let limit = self.service.body_limit(&head);
        if body.size_hint().lower() > u64::try_from(limit).unwrap_or(u64::MAX) {
            return self.refuse_unread(operate::too_long(limit), &head, body);
        }
        let mut reader = Reader::new(body, self.pace, self.sleep);
        match reader.read(limit).await {
            Ok(body) => (self.service.answer(admitted, &head, &body).await, None),
            Err(Unread::TooLong) => (refusal(operate::too_long(limit)), Some(self.rest(reader.body))),
            Err(Unread::TooSlow) => (last(refusal(Fault::new(408, "the body came too slowly")), &head), None),
            Err(Unread::Broken) => (last(refusal(Fault::new(400, "the body broke off")), &head), None),
        }
    }

    /// The answer to a request whose body was not looked at.
    fn refuse_unread<B>(&self, fault: Fault, head: &Parts, body: B) -> (Response<Body>, Option<Rest<B, F>>)
    where
        B: http_body::Body + Unpin,
    {
        let answer = refusal(fault);
        if head.headers.contains_key(EXPECT) {
            return (last(answer, head), None);
        }
        (answer, Some(self.rest(body)))
    }

    /// What was read of the body so far does not count.
    fn rest<B>(&self, body: B) -> Rest<B, F>
    where
        B: http_body::Body + Unpin,
    {
        Rest(Reader::new(body, self.pace, self.sleep))
    }
}

impl<F> Clone for Intake<F> {
    fn clone(&self) -> Self {
        Self {
            service: self.service.clone(),
            pace: self.pace,
            sleep: self.sleep,
        }
    }
}

impl<F> fmt::Debug for Intake<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Intake")
            .field("service", &self.service)
            .field("pace", &self.pace)
            .finish_non_exhaustive()
    }
}

impl Pace {
    /// Changes some fields.
    #[must_use]
    pub fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            patience: Duration::from_secs(10),
            slowest: 64 << 10,
            dropped: 32 << 20,
        }
    }
}

impl<B, F> Future for Rest<B, F>
where
    B: http_body::Body + Unpin,
    F: Future<Output = ()>,
{
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let reader = &mut self.0;
        while let Ok(Some(_)) = ready!(reader.poll_next(cx)) {
            if reader.received > reader.pace.dropped {
                break;
            }
        }
        Poll::Ready(())
    }
}

impl<B, F> fmt::Debug for Rest<B, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Rest(..)")
    }
}

/// A body, and how long more of it is waited for.
struct Reader<B, F> {
    body: B,
    pace: Pace,
    sleep: fn(Duration) -> F,
    received: usize,
    /// Bytes that time was given for.
    paid: usize,
    /// From the first time on that there is something to wait for.
    timer: Option<Pin<Box<F>>>,
}

// The timer is behind a pointer and the body is only used where it is Unpin.
impl<B, F> Unpin for Reader<B, F> {}

impl<B, F> Reader<B, F>
where
    B: http_body::Body + Unpin,
    F: Future<Output = ()>,
{
    fn new(body: B, pace: Pace, sleep: fn(Duration) -> F) -> Self {
        Self {
            body,
            pace,
            sleep,
            received: 0,
            paid: 0,
            timer: None,
        }
    }

    /// The body, where it is no longer than the limit.
    async fn read(&mut self, limit: usize) -> Result<Bytes, Unread> {
        // Most bodies come in one piece, which is handed on as it is.
        let mut whole = Bytes::new();
        let mut pieces = Vec::new();
        while let Some(mut piece) = std::future::poll_fn(|cx| self.poll_next(cx)).await? {
            if self.received > limit {
                return Err(Unread::TooLong);
            }
            let piece = piece.copy_to_bytes(piece.remaining());
            if whole.is_empty() && pieces.is_empty() {
                whole = piece;
                continue;
            }
            if pieces.is_empty() {
                pieces.extend_from_slice(&std::mem::take(&mut whole));
            }
            pieces.extend_from_slice(&piece);
        }
        Ok(if pieces.is_empty() { whole } else { Bytes::from(pieces) })
    }

    /// The next piece, and `None` at the end.
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<B::Data>, Unread>> {
        while let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(cx) {
            let Some(frame) = frame else {
                return Poll::Ready(Ok(None));
            };
            // Trailers are none of SCIM's.
            if let Ok(data) = frame.map_err(|_| Unread::Broken)?.into_data() {
                self.received = self.received.saturating_add(data.remaining());
                return Poll::Ready(Ok(Some(data)));
            }
        }
        self.poll_time(cx).map(Err)
    }

    /// Ready when there is no more time.
    fn poll_time(&mut self, cx: &mut Context<'_>) -> Poll<Unread> {
        loop {
            let sleep = self.sleep;
            let patience = self.pace.patience;
            let timer = self.timer.get_or_insert_with(|| Box::pin(sleep(patience)));
            ready!(timer.as_mut().poll(cx));
            let slowest = self.pace.slowest.max(1);
            let seconds = self.received.saturating_sub(self.paid) / slowest;
            if seconds == 0 {
                return Poll::Ready(Unread::TooSlow);
            }
            self.paid = self.paid.saturating_add(seconds.saturating_mul(slowest));
            let earned = Duration::from_secs(u64::try_from(seconds).unwrap_or(u64::MAX));
            self.timer = Some(Box::pin(sleep(earned)));
        }
    }
}

fn refusal(fault: Fault) -> Response<Body> {
    finish(fault.into_response(), false)
}

/// The last answer of its connection, on which the rest of a body would be taken for another request.
fn last(mut answer: Response<Body>, head: &Parts) -> Response<Body> {
    // RFC 9113 section 8.2.2: later versions have no such header.
    if head.version <= Version::HTTP_11 {
        answer
            .headers_mut()
            .insert(CONNECTION, HeaderValue::from_static("close"));
    }
    answer
}
