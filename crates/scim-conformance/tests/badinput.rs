//! Sends the hostile-input corpus: `cargo test -p scim-conformance --test badinput`.
//!
//! `SCIM_BADINPUT_DIR` names another directory with `fixture.json` and `.jsonl` files, and `SCIM_TEST_STORE` another store.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a surprise ends a test")]

mod scripted;

use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::time::Duration;
use std::{env, process, thread};

use scim_conformance::badinput::{Corpus, Line, Runner, World};
use scim_conformance::stores::{Rerun, StoreKind, block_on};
use scim_conformance::{Report, StoreWorld, Verdict, bundled_badinput};
use scim_http::core::Dialect;
use scripted::{Fault, Scripted};
use serde_json::{Value, json};

/// Lines of level should or policy that are answered in another way on purpose, and why.
const EXCEPTIONS: &[(&str, &str)] = &[];

/// Decision D26: what a line asks for is judged in the strict dialect.
#[test]
fn hostile_input_is_withstood() {
    judge(&world(Dialect::rfc()), |runner| runner);
}

/// Decision D26: the universal rules hold in every dialect.
#[test]
fn the_universal_rules_hold_in_every_dialect() {
    // Presets that differ in nothing but their name need one run between them.
    let mut seen = vec![Dialect::rfc()];
    for name in Dialect::NAMES {
        let dialect = Dialect::named(name).unwrap();
        let nameless = dialect.clone().with(|dialect| dialect.name = "rfc");
        if !seen.contains(&nameless) {
            eprintln!("dialect {name}");
            judge(&world(dialect), |runner| runner.universal_rules_only());
            seen.push(nameless);
        }
    }
}

fn world(dialect: Dialect) -> StoreWorld<StoreKind> {
    StoreWorld::on(StoreKind::from_env().unwrap(), dialect)
}

fn judge(world: &dyn World, configure: impl FnOnce(Runner<'_>) -> Runner<'_>) {
    let corpus = Corpus::load_directory(&directory()).unwrap();
    // A line that ends the process is the last one named with `--nocapture`; one that hangs is named by the watchdog.
    let watchdog = Watchdog::start();
    let observer = |line: &Line| {
        eprintln!("{}", line.id);
        watchdog.feed(&line.id);
    };
    let runner = configure(Runner::new(world)).on_line(&observer);
    let runner = EXCEPTIONS
        .iter()
        .fold(runner, |runner, (id, reason)| runner.exception(id, reason));
    let report = block_on(runner.run(&corpus));
    print!("{report}");
    assert!(report.is_clean(), "{report}");
}

/// Ends the process when a line takes longer than any budget, twenty times over, allows.
struct Watchdog(Mutex<Sender<String>>);

impl Watchdog {
    fn start() -> Self {
        let (sender, receiver) = mpsc::channel();
        thread::spawn(move || {
            let mut line = String::new();
            loop {
                match receiver.recv_timeout(Duration::from_secs(300)) {
                    Ok(next) => line = next,
                    Err(RecvTimeoutError::Disconnected) => return,
                    Err(RecvTimeoutError::Timeout) => {
                        eprintln!("line {line} hangs");
                        process::abort();
                    }
                }
            }
        });
        Self(Mutex::new(sender))
    }

    fn feed(&self, line: &str) {
        self.0.lock().unwrap().send(line.to_owned()).unwrap();
    }
}

fn directory() -> PathBuf {
    env::var_os("SCIM_BADINPUT_DIR").map_or_else(bundled_badinput, PathBuf::from)
}

fn line(level: &str, input: Value, expect: Value, more: Value) -> Value {
    let mut line = json!({"id": "x1", "class": "c", "why": "w", "level": level, "input": input, "expect": expect});
    line.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    line
}

fn filter(level: &str, input: Value, expect: Value) -> Value {
    line(level, input, expect, json!({}))
}

fn patch(title: &str, expect: Value) -> Value {
    line(
        "must",
        json!({"title": title}),
        expect,
        json!({"target": "/Users/{{bjensen}}"}),
    )
}

fn run_with(line: &Value, faults: &[Fault], configure: impl FnOnce(Runner<'_>) -> Runner<'_>) -> Report {
    let fixture = std::fs::read_to_string(bundled_badinput().join("fixture.json")).unwrap();
    let corpus = Corpus::parse(&fixture, &[("test.jsonl", &line.to_string())]).unwrap();
    let world = Scripted::new(faults);
    block_on(configure(Runner::new(&world)).run(&corpus))
}

fn run(line: &Value, faults: &[Fault]) -> Report {
    run_with(line, faults, |runner| runner)
}

/// Asserts that the scripted service passes the line, and that with `fault` the report has `problem`.
#[track_caller]
fn detects(line: &Value, fault: Fault, problem: &str) {
    let healthy = run(line, &[]);
    assert!(healthy.is_clean(), "{healthy}");
    let report = run(line, &[fault]);
    let outcome = report.outcomes().next().unwrap();
    assert_eq!(outcome.verdict, Verdict::Failed, "{fault:?}: {report}");
    assert!(
        outcome.problems.iter().any(|found| found.contains(problem)),
        "{fault:?}: {report}"
    );
}

fn refused() -> Value {
    filter(
        "must",
        json!("bad"),
        json!({"status": 400, "scimType": "invalidFilter"}),
    )
}

fn accepted() -> Value {
    filter(
        "control",
        json!("all"),
        json!({"status": 200, "match": ["bjensen", "jsmith"]}),
    )
}

#[test]
fn broken_answers_are_reported() {
    detects(&refused(), Fault::Accept, "status 200, expected 400");
    detects(&accepted(), Fault::Refuse, "status 400, expected 200");
    detects(&accepted(), Fault::LoseUser, "userNames");
    detects(
        &refused(),
        Fault::WrongScimType,
        "scimType invalidPath, expected invalidFilter",
    );
    detects(&refused(), Fault::NoScimType, "scimType missing");
    detects(&accepted(), Fault::SearchDiffers, "answered differently");
    let echo = json!({"status": 400, "scimType": "invalidFilter", "echo": false});
    detects(
        &filter("must", json!("bad <script>alert(1)</script>"), echo),
        Fault::Echo,
        "response echoes",
    );
}

#[test]
fn broken_universal_rules_are_reported() {
    detects(&refused(), Fault::Panic, "U1: panicked: scripted");
    detects(
        &refused(),
        Fault::DieAfterwards,
        "U1: the next request is answered with 503",
    );
    detects(&refused(), Fault::ServerError, "U2: status 500");
    detects(&refused(), Fault::PlainError, "U4: content type");
    detects(&refused(), Fault::ChangeState, "U5: state changed");
    detects(
        &refused(),
        Fault::LeakToken,
        "U6: a token or password occurs in the response",
    );
    detects(
        &refused(),
        Fault::StoreToken,
        "U6: a token or password occurs in the store",
    );
    detects(
        &refused(),
        Fault::LogToken,
        "U6: a token or password occurs in what the system wrote",
    );
    detects(&refused(), Fault::LeakTenant, "U7: \"b-only-user\" of another tenant");
    detects(&refused(), Fault::Fickle, "U8: two fresh systems answer differently");
}

#[test]
fn a_time_budget_is_a_watchdog() {
    let report = run_with(&refused(), &[], |runner| runner.budget_factor(0));
    assert!(
        report.outcomes().next().unwrap().problems[0].starts_with("U3: took"),
        "{report}"
    );
}

#[test]
fn the_state_afterwards_is_judged() {
    let kept = patch(
        "",
        json!({"status": 400, "after": [{"resource": "bjensen", "attr": "title", "is": "Tour Guide"}]}),
    );
    assert!(run(&kept, &[]).is_clean());
    detects(&kept, Fault::ChangeState, "afterwards title of bjensen is");
    let set = patch(
        "Lead",
        json!({"status": 200, "after": [{"resource": "bjensen", "attr": "title", "is": "Lead"}]}),
    );
    detects(
        &set,
        Fault::ForgetUpdate,
        "afterwards title of bjensen is \"Tour Guide\"",
    );
    let set = patch(
        "Lead",
        json!({"status": [200, 400], "after_if2xx": [{"resource": "bjensen", "attr": "title", "is": "Lead"}]}),
    );
    detects(
        &set,
        Fault::ForgetUpdate,
        "afterwards title of bjensen is \"Tour Guide\"",
    );
    let counted = patch(
        "Lead",
        json!({"status": 200, "after": [{"count": "users", "is": "unchanged"}]}),
    );
    detects(&counted, Fault::LoseUser, "2 Users became 1");
}

#[test]
fn forbidden_text_is_looked_for_in_later_reads_and_in_the_store() {
    let clean = patch("Lead", json!({"status": 200, "absent_if2xx": ["isAdmin", "Tour"]}));
    detects(&clean, Fault::StoreExtra, "\"isAdmin\" occurs in a later read");
    detects(&clean, Fault::StoreExtra, "\"isAdmin\" occurs in the store");
    let stored = patch("Lead", json!({"status": 200, "absent_in_store": ["isAdmin"]}));
    detects(&stored, Fault::StoreExtra, "\"isAdmin\" occurs in the store");
}

#[test]
fn a_foreign_id_is_answered_like_an_unknown_one() {
    let input = json!({"method": "GET", "target": "/scim/v2/Users/{{b_bjensen}}", "body": null,
        "headers": [["Authorization", "Bearer {{tokA}}"]]});
    let line = filter("policy", input, json!({"status": 404, "same_as_unknown": true}));
    detects(&line, Fault::HintTenant, "an unknown id is answered differently");
}

#[test]
fn placeholders_take_current_values() {
    let conditional = |etag: &str, status: u16| {
        let input = json!({"method": "PATCH", "target": "/scim/v2/Users/{{bjensen}}", "body": {"title": "Lead"},
            "headers": [["Authorization", "bearer {{tokA}}"], ["If-Match", etag]]});
        run(&filter("must", input, json!({"status": status})), &[])
    };
    for (etag, status) in [
        ("{{bjensen|etag}}", 200),
        ("{{bjensen|old_etag}}", 412),
        ("{{bjensen|etag|flip}}", 412),
    ] {
        let report = conditional(etag, status);
        assert!(report.is_clean(), "{etag}: {report}");
    }
    let report = run(&filter("must", json!("{{nobody}}"), json!({"status": 400})), &[]);
    assert!(report.to_string().contains("{{nobody}} has no value"), "{report}");
}

#[test]
fn a_filter_too_long_for_a_uri_is_only_searched_for() {
    let long = filter(
        "must",
        json!({"$gen": [["bad", 1], ["(", 3000]]}),
        json!({"status": 400}),
    );
    let report = run(&long, &[]);
    assert!(report.is_clean(), "{report}");
    let got = &report.outcomes().next().unwrap().got;
    assert!(
        got.starts_with("POST /scim/v2/Users/.search") && got.lines().count() == 1,
        "{got}"
    );
    assert_eq!(run(&refused(), &[]).outcomes().next().unwrap().got.lines().count(), 2);
}

#[test]
fn levels_and_exceptions_gate() {
    let wrong_list = |level: &str| filter(level, json!("all"), json!({"status": 200, "total": 7}));
    let verdict = |line: &Value, faults: &[Fault]| {
        let report = run_with(line, faults, |runner| runner.exception("x1", "on purpose"));
        let outcome = report.outcomes().next().unwrap();
        (outcome.verdict.clone(), outcome.notes.len())
    };
    assert_eq!(verdict(&wrong_list("must"), &[]), (Verdict::Failed, 0));
    assert_eq!(verdict(&wrong_list("control"), &[]), (Verdict::Failed, 0));
    assert_eq!(
        verdict(&wrong_list("should"), &[]),
        (Verdict::Excepted("on purpose".to_owned()), 0)
    );
    assert_eq!(
        verdict(&wrong_list("policy"), &[]),
        (Verdict::Excepted("on purpose".to_owned()), 0)
    );
    assert_eq!(
        verdict(&wrong_list("policy"), &[Fault::LeakToken]),
        (Verdict::Failed, 0),
        "no exception from U6"
    );
    assert_eq!(
        verdict(&accepted(), &[]),
        (Verdict::Passed, 1),
        "an exception that is not needed"
    );
    assert_eq!(verdict(&wrong_list("either"), &[]).0, Verdict::Passed);
    assert_eq!(verdict(&wrong_list("either"), &[Fault::Refuse]).0, Verdict::Failed);
}

#[test]
fn what_cannot_be_run_is_listed() {
    let needs = filter("should", json!("all"), json!({"status": 200, "needs": "cursor"}));
    assert!(run(&needs, &[]).to_string().contains("SKIP x1: needs cursor"));
    let input = json!({"method": "GET", "target": "/a b", "headers": [], "body": null});
    let report = run(&filter("must", input, json!({"status": 400})), &[]);
    assert!(
        report
            .to_string()
            .starts_with("test.jsonl: 0 passed, 0 failed, 1 skipped\nSKIP x1: target"),
        "{report}"
    );
}

/// The scripted service gets most of it wrong, but every line is sent, and every placeholder has a value.
#[test]
fn every_bundled_line_can_be_run() {
    let corpus = Corpus::load_directory(&bundled_badinput()).unwrap();
    let report = block_on(Runner::new(&Scripted::new(&[])).run(&corpus));
    let mut skipped = Vec::new();
    for outcome in report.outcomes() {
        match &outcome.verdict {
            Verdict::Skipped(reason) => skipped.push((outcome.id.as_str(), reason.as_str())),
            _ => assert!(!outcome.got.is_empty(), "{outcome}"),
        }
    }
    assert_eq!(
        skipped,
        [
            ("hd063", "needs cursor"),
            ("hd064", "needs cursor"),
            ("hd065", "needs cursor")
        ]
    );
}

#[test]
fn a_failed_bulk_operation_leaves_no_trace() {
    let operations = json!([
        {"method": "POST", "path": "/Users", "bulkId": "a", "data": {"userName": "n1"}},
        {"method": "PATCH", "path": "/Users/{{bjensen}}", "data": {"title": "X"}},
    ]);
    let more = json!({"req": "POST /Bulk"});
    let bulk = line(
        "must",
        json!({"Operations": operations}),
        json!({"status": 200, "op_status": ["201", "404"]}),
        more,
    );
    detects(&bulk, Fault::BulkLeaves, "changed though no operation on it succeeded");
    detects(
        &bulk,
        Fault::BulkAdds,
        "U5: Users number Some(4) after the bulk request, expected 3",
    );
}

#[test]
fn same_on_sqlite() {
    Rerun::on(StoreKind::Sqlite).run().unwrap();
}

#[test]
fn same_on_postgres() {
    Rerun::on(StoreKind::Postgres).run().unwrap();
}
