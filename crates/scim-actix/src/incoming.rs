//! The body of a request.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use actix_web::{HttpRequest, dev::Payload, error::PayloadError, http::header::CONTENT_LENGTH, web};
use bytes::Bytes;
use futures_core::Stream;
use http_body::{Body, Frame, SizeHint};

/// What actix-web reads, as an [`http_body::Body`].
pub(crate) struct Incoming {
    payload: Payload,
    /// What the head says; 0 where it says nothing.
    length: u64,
}

impl Incoming {
    pub(crate) fn new(request: &HttpRequest, payload: web::Payload) -> Self {
        let length = request.headers().get(CONTENT_LENGTH);
        let length = length.and_then(|length| length.to_str().ok()?.parse().ok());
        Self {
            payload: payload.into_inner(),
            length: length.unwrap_or_default(),
        }
    }
}

impl Body for Incoming {
    type Data = Bytes;
    type Error = PayloadError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, PayloadError>>> {
        let next = Pin::new(&mut self.payload).poll_next(cx);
        next.map(|piece| piece.map(|piece| piece.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.payload, Payload::None)
    }

    fn size_hint(&self) -> SizeHint {
        let mut hint = SizeHint::new();
        hint.set_lower(self.length);
        hint
    }
}
