//! The body of an answer.

use std::{
    error::Error,
    pin::Pin,
    task::{Context, Poll, ready},
};

use actix_web::body::{BodySize, MessageBody};
use bytes::Bytes;
use http::{header::CONTENT_LENGTH, response::Parts};
use http_body::Body as _;
use scim_http::{Body, Rest};
use tokio::time::Sleep;

use crate::incoming::Incoming;

/// What the service answers, as a [`MessageBody`]; it ends when what is left of the request's body was read.
///
/// actix-web closes a connection at the end of an answer whose request was not read to its end, and the answer could be lost with it.
pub(crate) struct Outgoing {
    body: Body,
    length: Option<u64>,
    rest: Option<Rest<Incoming, Sleep>>,
}

impl Outgoing {
    pub(crate) fn new(head: &Parts, body: Body, rest: Option<Rest<Incoming, Sleep>>) -> Self {
        // The answer to HEAD has a length and no body.
        let length = head.headers.get(CONTENT_LENGTH);
        let length = length.and_then(|length| length.to_str().ok()?.parse().ok());
        Self {
            length: length.or_else(|| body.size_hint().exact()),
            body,
            rest,
        }
    }
}

impl MessageBody for Outgoing {
    type Error = Box<dyn Error>;

    fn size(&self) -> BodySize {
        self.length.map_or(BodySize::Stream, BodySize::Sized)
    }

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        while let Some(frame) = ready!(Pin::new(&mut self.body).poll_frame(cx)) {
            if let Ok(data) = frame.map_err(|error| -> Box<dyn Error> { error })?.into_data() {
                return Poll::Ready(Some(Ok(data)));
            }
        }
        if let Some(rest) = &mut self.rest {
            ready!(Pin::new(rest).poll(cx));
            self.rest = None;
        }
        Poll::Ready(None)
    }
}

#[cfg(test)]
mod tests {
    use std::{future::poll_fn, pin::pin};

    use http::{HeaderValue, Response};
    use http_body::Frame;
    use scim_conformance::block_on;

    use super::*;

    /// So many pieces.
    struct Pieces(usize);

    impl http_body::Body for Pieces {
        type Data = Bytes;
        type Error = Box<dyn Error + Send + Sync>;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
            let left = self.0.checked_sub(1);
            self.0 = left.unwrap_or_default();
            Poll::Ready(left.map(|_| Ok(Frame::data(Bytes::from_static(b"piece")))))
        }
    }

    fn outgoing(body: Body, length: Option<&'static str>) -> Outgoing {
        let mut head = Response::new(()).into_parts().0;
        if let Some(length) = length {
            head.headers.insert(CONTENT_LENGTH, HeaderValue::from_static(length));
        }
        Outgoing::new(&head, body, None)
    }

    #[test]
    fn a_stream_is_sent_piece_by_piece() {
        let mut outgoing = pin!(outgoing(Body::stream(Pieces(2)), None));
        assert_eq!(outgoing.size(), BodySize::Stream);
        let mut next = || {
            block_on(poll_fn(|cx| outgoing.as_mut().poll_next(cx)))
                .transpose()
                .unwrap()
        };
        assert_eq!(next().unwrap(), "piece");
        assert_eq!(next().unwrap(), "piece");
        assert_eq!(next(), None);
    }

    #[test]
    fn a_length_is_told() {
        assert_eq!(outgoing(Body::from(b"abc".to_vec()), None).size(), BodySize::Sized(3));
        assert_eq!(outgoing(Body::empty(), None).size(), BodySize::Sized(0));
        assert_eq!(outgoing(Body::empty(), Some("7")).size(), BodySize::Sized(7), "of HEAD");
    }
}
