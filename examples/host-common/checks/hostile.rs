//! The hostile input, as far as a socket shows what comes of it.

use std::path::Path;

use bytes::Bytes;
use http::Request;
use scim_conformance::{
    Report, Verdict,
    badinput::{Corpus, Runner, World},
    block_on, bundled_badinput,
    socket::HostWorld,
};

use crate::PROGRAM;

#[test]
fn hostile_bodies_are_withstood() {
    withstand("bodies.jsonl");
}

#[test]
fn hostile_filters_are_withstood() {
    withstand("filters.jsonl");
}

#[test]
fn hostile_requests_are_withstood() {
    withstand("http.jsonl");
}

#[test]
fn hostile_patches_are_withstood() {
    withstand("patch.jsonl");
}

#[test]
fn a_host_that_takes_too_much_is_caught() {
    let report = run("bodies.jsonl", "entra", |id| id == "bd017");
    assert!(report.to_string().contains("status 201, expected 400"), "{report}");
}

#[test]
fn what_a_line_changes_is_seen() {
    let corpus = Corpus::load_directory(&bundled_badinput()).unwrap();
    let host = block_on(world("rfc").fresh(&corpus.fixture)).unwrap();
    let before = block_on(host.dump());
    assert!(before.contains("bjensen") && before.contains("b-only-user"), "{before}");
    let delete = Request::delete(format!("/scim/v2/Users/{}", host.variables()["kevin"]))
        .header("host", "localhost")
        .header("authorization", format!("Bearer {}", host.variables()["tokA"]));
    let delete = delete.body(Bytes::new()).unwrap();
    assert_eq!(block_on(host.target().send(delete)).status(), 204);
    assert_ne!(block_on(host.dump()), before);
}

/// Decision D26: what a line asks for is judged in the strict dialect.
fn withstand(file: &str) {
    let report = run(file, "rfc", |_| true);
    assert!(report.is_clean(), "{report}");
    let is_skipped = |verdict: &Verdict| matches!(verdict, Verdict::Skipped(_));
    let skipped = report.outcomes().filter(|outcome| is_skipped(&outcome.verdict));
    assert_eq!(
        skipped.map(|outcome| &*outcome.id).collect::<Vec<_>>(),
        Vec::<&str>::new()
    );
    assert!(report.outcomes().count() > 50, "{file} has lines");
}

fn run(file: &str, dialect: &str, wanted: impl Fn(&str) -> bool) -> Report {
    let mut corpus = Corpus::load_directory(&bundled_badinput()).unwrap();
    corpus.files.retain(|found| found.name == file);
    for file in &mut corpus.files {
        file.lines.retain(|line| wanted(&line.id));
    }
    block_on(Runner::new(&world(dialect)).run(&corpus))
}

fn world(dialect: &str) -> HostWorld {
    HostWorld::new(Path::new(PROGRAM), &["--dialect", dialect])
}
