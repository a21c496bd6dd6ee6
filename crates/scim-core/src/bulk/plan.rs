//! The order of a bulk request's operations.

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, HashMap},
};

use super::{
    BulkMessage, BulkMethod,
    components::components,
    reference::{each_reference, path_references},
};

/// In which order to run operations, so that what they refer to is there before them.
///
/// An operation that refers to a later one waits for it; all others keep the order of the request. Numbers are those of
/// [`BulkMessage::operations`], and each is in exactly one step, faulty operations included.
///
/// ```
/// use scim_core::{Dialect, Limits, bulk::{BulkMessage, Plan, Step}};
///
/// let body = serde_json::json!({
///     "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
///     "Operations": [
///         { "method": "POST", "path": "/Groups", "bulkId": "g",
///           "data": { "displayName": "Tour Guides", "members": [{ "value": "bulkId:u" }] } },
///         { "method": "POST", "path": "/Users", "bulkId": "u", "data": { "userName": "alice" } },
///     ]
/// });
/// let message = BulkMessage::parse(body, &Dialect::rfc(), &Limits::default())?;
/// assert_eq!(Plan::new(&message).steps(), [Step::Operation(1), Step::Operation(0)]);
/// # Ok::<(), scim_core::bulk::BulkError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    steps: Vec<Step>,
    /// For each operation those that it refers to.
    needs: Vec<Vec<usize>>,
    /// For each operation whether it refers to what nothing creates.
    unresolvable: Vec<bool>,
}

/// What to run next.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "operations either refer to each other in a circle or not"
)]
pub enum Step {
    /// One operation; what it refers to was in steps before it.
    Operation(usize),
    /// POST operations that refer to each other in a circle, or one that refers to itself: their identifiers must be known
    /// before any of them is run (RFC 7644 section 3.7.1). In the order of the request.
    Cycle(Vec<usize>),
}

impl Plan {
    /// Orders the operations of a request, in time that is linear in operations and references but for a heap's logarithm.
    pub fn new(message: &BulkMessage) -> Self {
        let (needs, unresolvable) = references(message);
        let steps = order(&needs);
        Self {
            steps,
            needs,
            unresolvable,
        }
    }

    /// The steps.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The operations that one refers to: it fails with 409 if any of them does.
    pub fn needs(&self, operation: usize) -> &[usize] {
        self.needs.get(operation).map_or(&[], Vec::as_slice)
    }

    /// Whether an operation refers to what no operation creates: it fails with 409 (see [`Unresolved`]).
    ///
    /// [`Unresolved`]: super::Unresolved
    pub fn is_unresolvable(&self, operation: usize) -> bool {
        self.unresolvable.get(operation).copied().unwrap_or_default()
    }
}

impl Step {
    /// The operations of the step.
    pub fn operations(&self) -> &[usize] {
        match self {
            Self::Operation(operation) => std::slice::from_ref(operation),
            Self::Cycle(operations) => operations,
        }
    }
}

/// For each operation those that it refers to, ascending and once each, and whether it refers to what is not there.
///
/// Only POST makes what can be referred to (RFC 7644 section 3.7: "a newly created resource"), so circles are of POSTs.
fn references(message: &BulkMessage) -> (Vec<Vec<usize>>, Vec<bool>) {
    let mut creators: HashMap<&str, usize> = HashMap::new();
    for (index, operation) in message.operations.iter().enumerate() {
        if let Ok(operation) = operation
            && operation.method == BulkMethod::Post
            && let Some(name) = &operation.bulk_id
        {
            creators.entry(name).or_insert(index);
        }
    }
    let mut needs = Vec::with_capacity(message.operations.len());
    let mut unresolvable = Vec::with_capacity(message.operations.len());
    for operation in &message.operations {
        let mut found = Vec::new();
        let mut is_missing = false;
        if let Ok(operation) = operation {
            let mut each = |name: &str| match creators.get(name) {
                Some(index) => found.push(*index),
                None => is_missing = true,
            };
            path_references(&operation.path).for_each(&mut each);
            if let Some(data) = &operation.data {
                each_reference(data, each);
            }
        }
        found.sort_unstable();
        found.dedup();
        needs.push(found);
        unresolvable.push(is_missing);
    }
    (needs, unresolvable)
}

/// Always runs the earliest operation that waits for nothing; a circle counts as its earliest operation.
fn order(needs: &[Vec<usize>]) -> Vec<Step> {
    let groups = components(needs);
    let mut group_of = vec![0; needs.len()];
    for (group, members) in groups.iter().enumerate() {
        for member in members {
            if let Some(slot) = group_of.get_mut(*member) {
                *slot = group;
            }
        }
    }
    // For each group how many references it waits for, and who waits for it.
    let mut waits = vec![0_usize; groups.len()];
    let mut waiting: Vec<Vec<usize>> = vec![Vec::new(); groups.len()];
    for (group, targets) in group_of.iter().zip(needs) {
        for target in targets.iter().filter_map(|target| group_of.get(*target)) {
            if target != group
                && let (Some(count), Some(list)) = (waits.get_mut(*group), waiting.get_mut(*target))
            {
                *count += 1;
                list.push(*group);
            }
        }
    }
    let key = |group: usize| Some(Reverse((*groups.get(group)?.first()?, group)));
    let mut ready: BinaryHeap<_> = (0..groups.len())
        .filter(|group| waits.get(*group) == Some(&0))
        .filter_map(key)
        .collect();
    let mut steps = Vec::with_capacity(groups.len());
    while let Some(Reverse((first, group))) = ready.pop() {
        for next in waiting.get(group).into_iter().flatten() {
            if let Some(count) = waits.get_mut(*next) {
                *count -= 1;
                if *count == 0 {
                    ready.extend(key(*next));
                }
            }
        }
        let refers_to_itself = needs.get(first).is_some_and(|targets| targets.contains(&first));
        steps.push(match groups.get(group) {
            Some(members) if members.len() > 1 || refers_to_itself => Step::Cycle(members.clone()),
            _ => Step::Operation(first),
        });
    }
    steps
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::{Dialect, Limits, bulk::BulkOperation, urn};

    fn message(operations: &Value) -> BulkMessage {
        let body = json!({ "schemas": [urn::BULK_REQUEST], "Operations": operations });
        let limits = Limits::default().with(|limits| limits.bulk_operations = 100_000);
        BulkMessage::parse(body, &Dialect::rfc(), &limits).unwrap()
    }

    fn group(name: &str, members: &[&str]) -> Value {
        let members: Vec<Value> = members
            .iter()
            .map(|m| json!({ "value": format!("bulkId:{m}") }))
            .collect();
        json!({ "method": "POST", "path": "/Groups", "bulkId": name, "data": { "displayName": name, "members": members } })
    }

    fn delete(path: &str) -> Value {
        json!({ "method": "DELETE", "path": path })
    }

    fn steps(operations: &Value) -> Vec<Vec<usize>> {
        let plan = Plan::new(&message(operations));
        plan.steps().iter().map(|step| step.operations().to_vec()).collect()
    }

    #[test]
    fn without_forward_references_the_order_stays() {
        let operations = json!([
            delete("/Users/1"),
            group("a", &[]),
            group("b", &["a"]),
            delete("/Users/2")
        ]);
        assert_eq!(steps(&operations), [[0], [1], [2], [3]]);
    }

    #[test]
    fn a_forward_reference_waits_and_nothing_else_moves() {
        let operations = json!([
            group("a", &["b"]),
            delete("/Users/1"),
            group("b", &[]),
            delete("/Users/2")
        ]);
        assert_eq!(steps(&operations), [[1], [2], [0], [3]]);
    }

    #[test]
    fn paths_refer_as_well() {
        let operations = json!([delete("/Groups/bulkId:a"), group("a", &[])]);
        assert_eq!(steps(&operations), [[1], [0]]);
        assert_eq!(Plan::new(&message(&operations)).needs(0), [1]);
    }

    #[test]
    fn the_circle_of_the_rfc_is_one_step() {
        let plan = Plan::new(&message(&json!([
            group("qwerty", &["ytrewq"]),
            group("ytrewq", &["qwerty"])
        ])));
        assert_eq!(plan.steps(), [Step::Cycle(vec![0, 1])]);
    }

    #[test]
    fn what_refers_to_itself_is_a_circle() {
        let plan = Plan::new(&message(&json!([group("a", &["a"])])));
        assert_eq!(plan.steps(), [Step::Cycle(vec![0])]);
    }

    #[test]
    fn what_needs_a_circle_comes_after_it() {
        let operations = json!([
            group("c", &["a"]),
            group("a", &["b"]),
            group("b", &["a", "d"]),
            group("d", &[])
        ]);
        let plan = Plan::new(&message(&operations));
        let expected = [Step::Operation(3), Step::Cycle(vec![1, 2]), Step::Operation(0)];
        assert_eq!(plan.steps(), expected);
    }

    #[test]
    fn a_name_that_nothing_creates_is_unresolvable() {
        let put = json!({ "method": "PUT", "path": "/Users/1", "bulkId": "p", "data": {} });
        let faulty = json!({ "method": "POST", "path": "/Users", "bulkId": "f" });
        let operations = json!([group("a", &["z"]), group("b", &["p"]), group("c", &["f"]), put, faulty]);
        let plan = Plan::new(&message(&operations));
        let unresolvable: Vec<bool> = (0..5).map(|index| plan.is_unresolvable(index)).collect();
        assert_eq!(unresolvable, [true, true, true, false, false]);
        assert_eq!(plan.steps().len(), 5);
    }

    #[test]
    fn duplicate_names_refer_to_the_first() {
        let plan = Plan::new(&message(&json!([group("a", &[]), group("a", &[]), group("b", &["a"])])));
        assert_eq!(plan.needs(2), [0]);
    }

    #[test]
    fn a_long_chain_is_turned_round() {
        let names: Vec<String> = (0..1001).map(|index| format!("g{index}")).collect();
        let chain: Vec<Value> = names.windows(2).map(|pair| group(&pair[0], &[&pair[1]])).collect();
        let mut chain = Value::Array(chain);
        assert!(Plan::new(&message(&chain)).is_unresolvable(999));
        chain.as_array_mut().unwrap().push(group("g1000", &[]));
        let expected: Vec<Vec<usize>> = (0..1001).rev().map(|index| vec![index]).collect();
        assert_eq!(steps(&chain), expected);
    }

    #[test]
    fn a_circle_of_fifty_thousand_does_not_use_the_stack() {
        let count = 50_000;
        let operations = (0..count)
            .map(|index| {
                Ok(BulkOperation {
                    method: BulkMethod::Post,
                    bulk_id: Some(index.to_string()),
                    path: "/Groups".to_owned(),
                    version: None,
                    data: Some(json!([format!("bulkId:{}", (index + 1) % count)])),
                })
            })
            .collect();
        let plan = Plan::new(&BulkMessage {
            fail_on_errors: None,
            operations,
        });
        assert_eq!(plan.steps(), [Step::Cycle((0..count).collect())]);
    }

    proptest! {
        #[test]
        fn each_operation_comes_once_and_after_what_it_needs(
            refs in prop::collection::vec(prop::collection::vec(0_usize..12, 0..3), 1..12),
        ) {
            let operations: Vec<Value> = refs
                .iter()
                .enumerate()
                .map(|(index, refs)| {
                    let names: Vec<String> = refs.iter().map(ToString::to_string).collect();
                    group(&index.to_string(), &names.iter().map(String::as_str).collect::<Vec<_>>())
                })
                .collect();
            let plan = Plan::new(&message(&Value::Array(operations)));
            let mut done = vec![false; refs.len()];
            for step in plan.steps() {
                for operation in step.operations() {
                    prop_assert!(!done[*operation]);
                    done[*operation] = true;
                }
                for operation in step.operations() {
                    prop_assert!(plan.needs(*operation).iter().all(|needed| done[*needed]));
                }
            }
            prop_assert!(done.into_iter().all(|done| done));
        }
    }
}
