//! P9: how many crates a host takes in, counted on normal edges by `cargo tree`. Build time and size are for
//! `benches/weight.sh`.

use std::{collections::BTreeSet, env, process::Command};

use crate::{Failure, report};

pub(crate) fn run() -> Result<(), Failure> {
    report::count("P9", "crates with scim-core", crates("scim-core")?, 30);
    report::count("P9", "crates with scim-http and the store", crates("scim-http")?, 45);
    Ok(())
}

fn crates(package: &str) -> Result<usize, Failure> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let tree = [
        "tree",
        "--locked",
        "--edges",
        "normal",
        "--prefix",
        "none",
        "--no-dedupe",
        "--package",
        package,
    ];
    let output = Command::new(cargo)
        .args(tree)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()?;
    let text = String::from_utf8(output.stdout)?;
    let crates: BTreeSet<Vec<&str>> = text
        .lines()
        .map(|line| line.split(' ').take(2).collect())
        .filter(|name: &Vec<&str>| name.len() == 2)
        .collect();
    if crates.is_empty() {
        return Err(format!("cargo tree: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    Ok(crates.len())
}
