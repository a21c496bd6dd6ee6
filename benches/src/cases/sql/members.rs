//! P3: one member of a group that has few or many, and another name for it, answered by 204.

use super::{
    ask::Ask,
    fill::user_id,
    lane::{Case, Lane, Who, group_id},
};
use crate::{Failure, report};

const SIZES: [usize; 4] = [10, 1_000, 10_000, 100_000];
/// Users who are in no group at first, for each side; the last ones.
const POOL: usize = 300;
const GOAL: f64 = 1.5;
const GROWTH: f64 = 1.5;
const TRIPS: f64 = 3.0;

type Change = fn(&Ask) -> Ask;

/// A label, the request, and what is done before and after it.
type Row<'a> = (
    &'static str,
    &'a dyn Fn(Who, usize) -> Ask,
    Option<Change>,
    Option<Change>,
);

/// How many members the groups have among so many users; those who come and go are users too.
pub(crate) fn sizes(users: usize) -> Vec<usize> {
    let most = users.saturating_sub(3 * POOL);
    let mut sizes = SIZES.map(|size| size.min(most)).to_vec();
    sizes.dedup();
    sizes
}

pub(crate) fn run(lane: &Lane) -> Result<(), Failure> {
    let mut figures: [Vec<f64>; 4] = Default::default();
    for size in sizes(lane.users) {
        let member = |who: Who, turn: usize| user_id(lane.users - 1 - who as usize * POOL - turn % POOL);
        let add = |who: Who, turn: usize| Ask::Add {
            group: group_id(size, who),
            member: member(who, turn),
        };
        let remove = |who: Who, turn: usize| Ask::Remove {
            group: group_id(size, who),
            member: member(who, turn),
            listed: false,
        };
        let remove_listed = |who: Who, turn: usize| Ask::Remove {
            group: group_id(size, who),
            member: member(who, turn),
            listed: true,
        };
        let rename = |who: Who, turn: usize| Ask::Rename {
            group: group_id(size, who),
            name: format!("Group {size} {} {turn}", who as usize),
        };
        let rows: [Row<'_>; 4] = [
            ("add a member", &add, None, Some(opposite)),
            ("remove by filter", &remove, Some(opposite), None),
            ("remove by value", &remove_listed, Some(opposite), None),
            ("rename", &rename, None, None),
        ];
        for ((label, ask, before, after), figures) in rows.into_iter().zip(&mut figures) {
            figures.push(lane.measure(&Case {
                id: "P3",
                label: format!("{label}, {size}"),
                goal: Some(GOAL),
                trips: Some(TRIPS),
                ask,
                before,
                after,
                is_quiet: true,
            })?);
        }
    }
    for (label, figures) in ["add a member", "remove by filter", "remove by value", "rename"]
        .iter()
        .zip(&figures)
    {
        if let [first, .., last] = figures.as_slice() {
            let label = format!("{}, {label}, few to many", lane.label);
            report::growth("P3", &label, *first, *last, Some(GROWTH));
        }
    }
    Ok(())
}

/// What takes back.
fn opposite(ask: &Ask) -> Ask {
    match ask {
        Ask::Add { group, member } => Ask::Remove {
            group: group.clone(),
            member: member.clone(),
            listed: true,
        },
        Ask::Remove { group, member, .. } => Ask::Add {
            group: group.clone(),
            member: member.clone(),
        },
        other => other.clone(),
    }
}
