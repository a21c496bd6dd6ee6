//! Every fuzz target's body over every seed of the corpora, on the stable toolchain.

use scim_conformance::{bundled_badinput, bundled_exchanges, fuzz, seeds::seeds};

#[test]
fn no_seed_breaks_a_promise() {
    for (name, body) in fuzz::TARGETS {
        let seeds = seeds(name, &bundled_exchanges(), &bundled_badinput()).unwrap();
        assert!(seeds.len() > 50, "{name} has {} seeds", seeds.len());
        for seed in &seeds {
            body(seed);
            // Cut and doubled inputs reach states that whole ones do not.
            body(seed.split_at(seed.len() / 2).0);
            body(&[seed.as_slice(), seed.as_slice()].concat());
        }
    }
}
