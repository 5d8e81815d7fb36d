//! The order in which things are drawn: each after what leads to it, what is in a scope together, lower orders first.

/// A step through all that is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// A scope begins.
    Open(usize),
    /// A thing in the innermost scope that is open.
    Thing(usize),
    /// The innermost scope ends.
    Close(usize),
}

/// A link between two things, with its order.
#[derive(Debug, Clone, Copy)]
pub(super) struct Edge {
    pub from: usize,
    pub to: usize,
    pub order: u32,
}

/// Arranges things by their scopes (and the scopes by theirs, an outer one before those inside it) and links.
pub(super) fn arrange(scope_of: &[Option<usize>], parents: &[Option<usize>], edges: &[Edge]) -> Vec<Step> {
    let tree = Tree::new(scope_of, parents);
    // Links between things of different scopes are links between the scopes, as far as the order goes.
    let mut next: Vec<Vec<(u32, usize)>> = vec![Vec::new(); tree.parent.len()];
    for edge in edges {
        if let Some((from, to)) = tree.siblings(edge.from, edge.to)
            && let Some(next) = next.get_mut(from)
        {
            next.push((edge.order, to));
        }
    }
    for next in &mut next {
        next.sort_by_key(|(order, _)| std::cmp::Reverse(*order));
    }
    let mut inside: Vec<Vec<usize>> = vec![Vec::new(); parents.len() + 1];
    for item in sorted(&tree, &next) {
        let parent = tree.parent.get(item).copied().flatten().unwrap_or(parents.len());
        inside.get_mut(parent).into_iter().for_each(|inside| inside.push(item));
    }
    flatten(scope_of.len(), parents.len(), &inside)
}

/// Things, then scopes, as items of one numbering.
pub(super) struct Tree {
    n_things: usize,
    /// The scope of each item.
    parent: Vec<Option<usize>>,
    depth: Vec<usize>,
    /// Of a thing itself, of a scope its first thing.
    first: Vec<usize>,
}

impl Tree {
    pub(super) fn new(scope_of: &[Option<usize>], parents: &[Option<usize>]) -> Self {
        let n_things = scope_of.len();
        let parent: Vec<Option<usize>> = scope_of.iter().chain(parents).copied().collect();
        let mut depths: Vec<usize> = Vec::new();
        for outer in parents {
            depths.push(outer.and_then(|outer| depths.get(outer)).map_or(0, |depth| depth + 1));
        }
        let of = |scope: &Option<usize>| scope.and_then(|scope| depths.get(scope)).map_or(0, |depth| depth + 1);
        let depth = parent.iter().map(of).collect();
        let mut first: Vec<usize> = (0..n_things).chain(std::iter::repeat_n(usize::MAX, parents.len())).collect();
        // An inner scope comes after those around it.
        for item in (0..parent.len()).rev() {
            let here = first.get(item).copied().unwrap_or(usize::MAX);
            let outer = parent.get(item).copied().flatten().and_then(|outer| first.get_mut(n_things + outer));
            outer.into_iter().for_each(|first| *first = here.min(*first));
        }
        for (thing, scope) in scope_of.iter().enumerate() {
            let outer = scope.and_then(|scope| first.get_mut(n_things + scope));
            outer.into_iter().for_each(|first| *first = thing.min(*first));
        }
        Self { n_things, parent, depth, first }
    }

    fn scope(&self, item: usize) -> Option<usize> {
        self.parent.get(item).copied().flatten()
    }

    fn depth(&self, item: usize) -> usize {
        self.depth.get(item).copied().unwrap_or(0)
    }

    /// The two items of one scope that hold two things; none if they are one.
    pub(super) fn siblings(&self, mut from: usize, mut to: usize) -> Option<(usize, usize)> {
        while self.scope(from) != self.scope(to) {
            if self.depth(from) >= self.depth(to) {
                from = self.n_things + self.scope(from)?;
            } else {
                to = self.n_things + self.scope(to)?;
            }
        }
        (from != to).then_some((from, to))
    }
}

/// All items, each after those that lead to it, depth first.
fn sorted(tree: &Tree, next: &[Vec<(u32, usize)>]) -> Vec<usize> {
    let mut starts: Vec<usize> = (0..next.len()).collect();
    starts.sort_by_key(|item| std::cmp::Reverse(tree.first.get(*item).copied()));
    let (mut seen, mut done) = (vec![false; next.len()], Vec::new());
    for start in starts {
        let mut stack = vec![(start, 0)];
        while let Some((item, at)) = stack.pop() {
            if at == 0 && std::mem::replace(seen.get_mut(item).unwrap_or(&mut true), true) {
                continue;
            }
            match next.get(item).and_then(|next| next.get(at)) {
                Some((_, to)) => {
                    stack.push((item, at + 1));
                    if seen.get(*to) == Some(&false) {
                        stack.push((*to, 0));
                    }
                }
                None => done.push(item),
            }
        }
    }
    done.reverse();
    done
}

fn flatten(n_things: usize, root: usize, inside: &[Vec<usize>]) -> Vec<Step> {
    let (mut steps, mut stack) = (Vec::new(), vec![(root, 0)]);
    while let Some((scope, at)) = stack.pop() {
        match inside.get(scope).and_then(|inside| inside.get(at)) {
            Some(item) => {
                stack.push((scope, at + 1));
                match item.checked_sub(n_things) {
                    None => steps.push(Step::Thing(*item)),
                    Some(inner) => {
                        steps.push(Step::Open(inner));
                        stack.push((inner, 0));
                    }
                }
            }
            None if scope == root => {}
            None => steps.push(Step::Close(scope)),
        }
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(scope_of: &[Option<usize>], parents: &[Option<usize>], edges: &[(usize, usize, u32)]) -> String {
        let edges: Vec<Edge> = edges.iter().map(|&(from, to, order)| Edge { from, to, order }).collect();
        let word = |step: Step| match step {
            Step::Open(_) => "(".to_owned(),
            Step::Close(_) => ")".to_owned(),
            Step::Thing(at) => at.to_string(),
        };
        arrange(scope_of, parents, &edges).into_iter().map(word).collect()
    }

    #[test]
    fn what_leads_comes_first_and_lower_orders_before_higher() {
        assert_eq!(shown(&[None; 4], &[], &[]), "0123");
        assert_eq!(shown(&[None; 4], &[], &[(3, 0, 2), (3, 1, 1), (1, 2, 1)]), "3120");
        assert_eq!(shown(&[None; 4], &[], &[(0, 1, 1), (0, 2, 2), (1, 3, 1), (2, 3, 1)]), "0123");
    }

    #[test]
    fn what_is_in_a_scope_is_together() {
        // 0 iterates over {1, 3 {2}}, then 4.
        let scopes = [None, Some(0), Some(1), Some(0), None];
        let edges = [(0, 1, 1), (1, 3, 1), (3, 2, 1), (0, 4, 2)];
        assert_eq!(shown(&scopes, &[None, Some(0)], &edges), "0(13(2))4");
    }

    #[test]
    fn a_circle_and_a_deep_nest_end_too() {
        assert_eq!(shown(&[None; 2], &[], &[(0, 1, 1), (1, 0, 1)]).len(), 2);
        let n = 20_000;
        let scopes: Vec<Option<usize>> = (0..n).map(Some).collect();
        let parents: Vec<Option<usize>> = (0..n).map(|at: usize| at.checked_sub(1)).collect();
        let edges: Vec<Edge> = (1..n).map(|to| Edge { from: to - 1, to, order: 1 }).collect();
        assert_eq!(arrange(&scopes, &parents, &edges).len(), 3 * n);
    }
}
