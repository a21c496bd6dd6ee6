//! The hostile input, as far as a socket shows what comes of it.

use std::path::Path;

use scim_conformance::{
    Report, Verdict,
    badinput::{Corpus, Runner},
    block_on, bundled_badinput,
    socket::HostWorld,
};

use crate::PROGRAM;

/// Decision D26: what a line asks for is judged in the strict dialect.
#[test]
fn hostile_input_is_withstood_over_a_socket() {
    let corpus = Corpus::load_directory(&bundled_badinput()).unwrap();
    let world = HostWorld::new(Path::new(PROGRAM), &["--dialect", "rfc"]);
    let report = block_on(Runner::new(&world).run(&corpus));
    assert!(report.is_clean(), "{report}");
    assert_eq!(skipped(&report), Vec::<&str>::new());
}

fn skipped(report: &Report) -> Vec<&str> {
    let skipped = report
        .outcomes()
        .filter(|outcome| matches!(outcome.verdict, Verdict::Skipped(_)));
    skipped.map(|outcome| outcome.id.as_str()).collect()
}
