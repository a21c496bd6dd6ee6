//! Circles in a graph: Gabow's path-based algorithm for strongly connected components, without recursion.

/// The strongly connected components of a graph given as the targets of each node's edges.
///
/// Linear in nodes and edges. Nodes within a component are in ascending order.
pub(super) fn components(edges: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let mut search = Search {
        states: vec![State::New; edges.len()],
        open: Vec::new(),
        starts: Vec::new(),
        found: Vec::new(),
    };
    // The nodes that are being looked at, each with the number of its next edge.
    let mut path: Vec<(usize, usize)> = Vec::new();
    for root in 0..edges.len() {
        if search.state(root) != State::New {
            continue;
        }
        search.enter(root);
        path.push((root, 0));
        while let Some((node, edge)) = path.last_mut() {
            let target = edges.get(*node).and_then(|targets| targets.get(*edge));
            *edge += 1;
            match target.map(|target| (*target, search.state(*target))) {
                Some((target, State::New)) => {
                    search.enter(target);
                    path.push((target, 0));
                }
                Some((_, State::Open(place))) => search.join(place),
                Some((_, State::Done)) => {}
                None => {
                    search.leave(*node);
                    path.pop();
                }
            }
        }
    }
    search.found
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum State {
    New,
    /// In `open`, at this place.
    Open(usize),
    Done,
}

struct Search {
    states: Vec<State>,
    /// Nodes that are in no component yet, in the order of discovery.
    open: Vec<usize>,
    /// Where in `open` the components that are being built start.
    starts: Vec<usize>,
    found: Vec<Vec<usize>>,
}

impl Search {
    fn state(&self, node: usize) -> State {
        self.states.get(node).copied().unwrap_or(State::Done)
    }

    fn set(&mut self, node: usize, state: State) {
        if let Some(slot) = self.states.get_mut(node) {
            *slot = state;
        }
    }

    fn enter(&mut self, node: usize) {
        self.set(node, State::Open(self.open.len()));
        self.starts.push(self.open.len());
        self.open.push(node);
    }

    /// An edge leads back: everything since then is one component.
    fn join(&mut self, place: usize) {
        while self.starts.last().is_some_and(|start| *start > place) {
            self.starts.pop();
        }
    }

    fn leave(&mut self, node: usize) {
        let State::Open(place) = self.state(node) else { return };
        if self.starts.last() == Some(&place) {
            self.starts.pop();
            let mut component = self.open.split_off(place);
            component.sort_unstable();
            for node in &component {
                self.set(*node, State::Done);
            }
            self.found.push(component);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Whether each node reaches each other, by the definition.
    fn reaches(edges: &[Vec<usize>]) -> Vec<Vec<bool>> {
        let count = edges.len();
        let reach = |from: usize| {
            let mut reached = vec![false; count];
            let mut left = vec![from];
            while let Some(node) = left.pop() {
                if !std::mem::replace(&mut reached[node], true) {
                    left.extend(&edges[node]);
                }
            }
            reached
        };
        (0..count).map(reach).collect()
    }

    proptest! {
        #[test]
        fn components_are_what_the_definition_says(
            edges in (1_usize..9).prop_flat_map(|n| prop::collection::vec(prop::collection::vec(0..n, 0..4), n..=n)),
        ) {
            let reach = reaches(&edges);
            let found = components(&edges);
            let mut nodes: Vec<usize> = found.iter().flatten().copied().collect();
            nodes.sort_unstable();
            prop_assert_eq!(nodes, (0..edges.len()).collect::<Vec<_>>());
            for (one, from_one) in reach.iter().enumerate() {
                let component = found.iter().find(|component| component.contains(&one)).unwrap();
                for (two, from_two) in reach.iter().enumerate() {
                    prop_assert_eq!(component.contains(&two), from_one[two] && from_two[one]);
                }
            }
        }
    }
}
