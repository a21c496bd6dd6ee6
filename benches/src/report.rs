//! One line for each figure.

use crate::measure::Times;

/// Ours against a floor.
pub(crate) fn times(id: &str, label: &str, times: Times, goal: Option<f64>) {
    let figures = format!("ours {:>9}  floor {:>9}", duration(times.ours), duration(times.floor));
    line(id, label, &figures, times.ours / times.floor, goal);
}

/// A store against its floor, with what the floor is without a thread between.
pub(crate) fn store(id: &str, label: &str, ours: f64, floor: f64, inline: Option<f64>, goal: Option<f64>) {
    let inline = inline.map_or_else(String::new, |inline| format!("  inline {:>9}", duration(inline)));
    let figures = format!("ours {:>9}  floor {:>9}{inline}", duration(ours), duration(floor));
    line(id, label, &figures, ours / floor, goal);
}

/// How many of something one request takes.
pub(crate) fn each(id: &str, label: &str, what: &str, count: f64, goal: Option<f64>) {
    let end = match goal {
        Some(goal) => format!("goal {goal:<5} {}", verdict(count <= goal)),
        None => String::new(),
    };
    println!("{id:<4} {label:<36} {count:>9.2} {what:<32} {end}");
}

/// How time grows with size.
pub(crate) fn growth(id: &str, label: &str, small: f64, large: f64, goal: Option<f64>) {
    let figures = format!("from {:>9}  to    {:>9}", duration(small), duration(large));
    line(id, label, &figures, large / small, goal);
}

/// How much ours grows with size beyond what the floor does.
pub(crate) fn growths(id: &str, label: &str, small: Times, large: Times, goal: Option<f64>) {
    let (ours, floor) = (large.ours / small.ours, large.floor / small.floor);
    line(
        id,
        label,
        &format!("ours {ours:>8.2}x  floor {floor:>8.2}x"),
        ours / floor,
        goal,
    );
}

/// Two amounts of the same unit.
pub(crate) fn amounts(id: &str, label: &str, unit: &str, ours: f64, floor: f64, goal: Option<f64>) {
    line(
        id,
        label,
        &format!("ours {ours:>7.0} {unit} floor {floor:>7.0} {unit}"),
        ours / floor,
        goal,
    );
}

/// A number that has a greatest value.
pub(crate) fn count(id: &str, label: &str, count: usize, goal: usize) {
    println!(
        "{id:<4} {label:<36} {count:>9}{:>33} goal {goal:<5} {}",
        "",
        verdict(count <= goal)
    );
}

fn line(id: &str, label: &str, figures: &str, ratio: f64, goal: Option<f64>) {
    let end = match goal {
        Some(goal) => format!("goal {goal:<5} {}", verdict(ratio <= goal)),
        None => String::new(),
    };
    println!("{id:<4} {label:<36} {figures}  ratio {ratio:>6.2}  {end}");
}

fn verdict(met: bool) -> &'static str {
    if met { "ok" } else { "MISS" }
}

fn duration(ns: f64) -> String {
    match ns {
        ns if ns < 1e3 => format!("{ns:.0} ns"),
        ns if ns < 1e6 => format!("{:.2} us", ns / 1e3),
        ns if ns < 1e9 => format!("{:.2} ms", ns / 1e6),
        ns => format!("{:.2} s", ns / 1e9),
    }
}
