//! Medians of interleaved samples: whatever disturbs the machine disturbs both sides.

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

/// How long one sample should take: short, so that many of them fall between disturbances.
const SAMPLE: Duration = Duration::from_millis(1);
/// Samples of each side, if they are quick.
const SAMPLES: usize = 101;
/// Samples of each side, however slow they are.
const FEWEST_SAMPLES: usize = 5;
/// How long a comparison may take once it has the fewest samples.
const BUDGET: Duration = Duration::from_millis(1500);

/// The medians of two sides, in nanoseconds per run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Times {
    pub(crate) ours: f64,
    pub(crate) floor: f64,
}

/// Something that can be run so many times in a row, and tells how long that took.
pub(crate) type Side<'a> = &'a mut dyn FnMut(usize) -> Duration;

/// Measures two sides in turns.
pub(crate) fn side_by_side(ours: Side<'_>, floor: Side<'_>) -> Times {
    let medians = in_turns([ours, floor]);
    let [ours, floor] = medians;
    Times { ours, floor }
}

/// The medians of several sides that are measured in turns, in nanoseconds per run.
pub(crate) fn in_turns<const N: usize>(mut sides: [Side<'_>; N]) -> [f64; N] {
    let runs = sides.each_mut().map(|side| runs(side));
    let mut samples = [const { Vec::new() }; N];
    let start = Instant::now();
    for taken in 0..SAMPLES {
        if taken >= FEWEST_SAMPLES && start.elapsed() > BUDGET {
            break;
        }
        for ((side, runs), samples) in sides.iter_mut().zip(runs).zip(&mut samples) {
            samples.push(per_run(side, runs));
        }
    }
    samples.map(median)
}

/// A side that does the same again and again.
pub(crate) fn repeat<O>(mut run: impl FnMut() -> O) -> impl FnMut(usize) -> Duration {
    move |times| {
        let start = Instant::now();
        for _ in 0..times {
            black_box(run());
        }
        start.elapsed()
    }
}

/// A side that uses up an input in each run; making the inputs is not timed.
pub(crate) fn consume<I, O>(make: impl FnMut() -> I, run: impl FnMut(I) -> O) -> impl FnMut(usize) -> Duration {
    between(|_| {}, make, run, |_| {})
}

/// The same, with something done before and after each sample that is not timed either; both are told how many runs.
pub(crate) fn between<I, O>(
    mut before: impl FnMut(usize),
    mut make: impl FnMut() -> I,
    mut run: impl FnMut(I) -> O,
    mut after: impl FnMut(usize),
) -> impl FnMut(usize) -> Duration {
    move |times| {
        before(times);
        let inputs: Vec<I> = (0..times).map(|_| make()).collect();
        let start = Instant::now();
        for input in inputs {
            black_box(run(input));
        }
        let taken = start.elapsed();
        after(times);
        taken
    }
}

/// How many runs fill a sample; also warms up.
fn runs(side: Side<'_>) -> usize {
    let mut runs = 1;
    loop {
        let taken = side(runs);
        if taken * 4 >= SAMPLE || runs >= 1 << 20 {
            let per_run = taken.as_nanos().max(1) / runs as u128;
            return usize::try_from(SAMPLE.as_nanos() / per_run.max(1)).unwrap_or(1).max(1);
        }
        runs *= 2;
    }
}

fn per_run(side: Side<'_>, runs: usize) -> f64 {
    side(runs).as_nanos() as f64 / runs as f64
}

fn median(mut samples: Vec<f64>) -> f64 {
    samples.sort_by(f64::total_cmp);
    samples.get(samples.len() / 2).copied().unwrap_or(f64::NAN)
}
