//! The body of an answer.

use std::{
    error::Error as StdError,
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Frame, SizeHint};

type BoxError = Box<dyn StdError + Send + Sync>;
type BoxBody = Pin<Box<dyn http_body::Body<Data = Bytes, Error = BoxError> + Send>>;

/// The body of an answer: at hand as a whole, as the service makes all of its own today, or streamed.
///
/// It is an [`http_body::Body`], so frameworks on `http` 1 send it as it is.
pub struct Body(Inner);

enum Inner {
    Empty,
    Stream(BoxBody),
    Whole(Bytes),
}

impl Body {
    /// No body.
    pub fn empty() -> Self {
        Self(Inner::Empty)
    }

    /// A body that is made while it is sent.
    pub fn stream(body: impl http_body::Body<Data = Bytes, Error = BoxError> + Send + 'static) -> Self {
        Self(Inner::Stream(Box::pin(body)))
    }

    /// The bytes, unless they are streamed.
    pub fn as_bytes(&self) -> Option<&[u8]> {
        match &self.0 {
            Inner::Empty => Some(&[]),
            Inner::Stream(_) => None,
            Inner::Whole(bytes) => Some(bytes),
        }
    }

    /// The bytes, read to the end if they are streamed.
    ///
    /// # Errors
    ///
    /// Whatever ends the stream early.
    pub async fn into_bytes(self) -> Result<Bytes, BoxError> {
        let mut stream = match self.0 {
            Inner::Empty => return Ok(Bytes::new()),
            Inner::Whole(bytes) => return Ok(bytes),
            Inner::Stream(stream) => stream,
        };
        let mut all = Vec::new();
        while let Some(frame) = std::future::poll_fn(|cx| stream.as_mut().poll_frame(cx)).await {
            if let Ok(data) = frame?.into_data() {
                all.extend_from_slice(&data);
            }
        }
        Ok(Bytes::from(all))
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        Self(Inner::Whole(bytes))
    }
}

impl From<Vec<u8>> for Body {
    fn from(bytes: Vec<u8>) -> Self {
        Self(Inner::Whole(Bytes::from(bytes)))
    }
}

impl Default for Body {
    fn default() -> Self {
        Self::empty()
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Inner::Empty => f.write_str("Body(empty)"),
            Inner::Stream(_) => f.write_str("Body(stream)"),
            Inner::Whole(bytes) => write!(f, "Body({} bytes)", bytes.len()),
        }
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match &mut self.0 {
            Inner::Empty => Poll::Ready(None),
            Inner::Stream(stream) => stream.as_mut().poll_frame(cx),
            Inner::Whole(bytes) => {
                let bytes = std::mem::take(bytes);
                self.0 = Inner::Empty;
                Poll::Ready((!bytes.is_empty()).then(|| Ok(Frame::data(bytes))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Inner::Empty => true,
            Inner::Stream(stream) => stream.is_end_stream(),
            Inner::Whole(bytes) => bytes.is_empty(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Inner::Empty => SizeHint::with_exact(0),
            Inner::Stream(stream) => stream.size_hint(),
            Inner::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
        }
    }
}
