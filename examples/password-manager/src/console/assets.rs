//! The three files that pages refer to, compiled in.

use axum::{
    http::{HeaderName, header::CONTENT_TYPE},
    response::IntoResponse,
};

pub(super) const STYLE: &str = include_str!("../../assets/console.css");
pub(super) const SCRIPT: &str = include_str!("../../assets/console.js");
const ICON: &str = include_str!("../../assets/icon.svg");

pub(super) async fn style() -> impl IntoResponse {
    (kind("text/css; charset=utf-8"), STYLE)
}

pub(super) async fn script() -> impl IntoResponse {
    (kind("text/javascript; charset=utf-8"), SCRIPT)
}

pub(super) async fn icon() -> impl IntoResponse {
    (kind("image/svg+xml"), ICON)
}

fn kind(name: &'static str) -> [(HeaderName, &'static str); 1] {
    [(CONTENT_TYPE, name)]
}
