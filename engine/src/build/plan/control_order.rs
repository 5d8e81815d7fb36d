//! The order that the control links give the sub flows, worked out once.

use super::ControlLink;

/// Who comes after whom by control.
pub(super) struct ControlOrder {
    /// Per sub flow the links that leave it: index among the links between sub flows, target.
    outgoing: Vec<Vec<(usize, usize)>>,
    /// Per sub flow the links that reach it.
    pub incoming: Vec<Vec<usize>>,
    /// Sub flows, each after all that lead to it; those of a cycle and behind it are not there.
    pub sorted: Vec<usize>,
    /// Place of each sub flow in `sorted`.
    rank: Vec<usize>,
}

impl ControlOrder {
    pub fn new(n_sub_flows: usize, outer: &[&ControlLink]) -> Self {
        let (mut outgoing, mut incoming) = (vec![Vec::new(); n_sub_flows], vec![Vec::new(); n_sub_flows]);
        for (at, link) in outer.iter().enumerate() {
            let (from, to) = link.sub_flows;
            if let (Some(outgoing), Some(incoming)) = (outgoing.get_mut(from), incoming.get_mut(to)) {
                outgoing.push((at, to));
                incoming.push(at);
            }
        }
        let mut left: Vec<usize> = incoming.iter().map(Vec::len).collect();
        let mut sorted: Vec<usize> = (0..n_sub_flows).filter(|at| left.get(*at) == Some(&0)).collect();
        let mut next = 0;
        while let Some(&sub_flow) = sorted.get(next) {
            next += 1;
            for &(_, to) in outgoing.get(sub_flow).into_iter().flatten() {
                if let Some(left) = left.get_mut(to) {
                    *left -= 1;
                    if *left == 0 {
                        sorted.push(to);
                    }
                }
            }
        }
        let mut rank = vec![usize::MAX; n_sub_flows];
        for (at, sub_flow) in sorted.iter().enumerate() {
            if let Some(rank) = rank.get_mut(*sub_flow) {
                *rank = at;
            }
        }
        Self { outgoing, incoming, sorted, rank }
    }

    /// Sub flows that no link reaches, in declaration order.
    pub fn roots(&self) -> Vec<usize> {
        self.incoming.iter().enumerate().filter(|(_, links)| links.is_empty()).map(|(at, _)| at).collect()
    }

    /// The links that leave a sub flow, and where they lead.
    pub fn leaving(&self, sub_flow: usize) -> impl Iterator<Item = (usize, usize)> + '_ {
        self.outgoing.get(sub_flow).into_iter().flatten().copied()
    }

    /// A way leads from one of these sub flows to `target`, or it is one of them.
    pub fn leads_to(&self, from: impl Iterator<Item = usize>, target: usize) -> bool {
        let rank = |sub_flow: usize| self.rank.get(sub_flow).copied().unwrap_or(usize::MAX);
        let limit = rank(target);
        let mut stack: Vec<usize> = from.filter(|sub_flow| rank(*sub_flow) <= limit).collect();
        if stack.is_empty() {
            return false;
        }
        let mut seen = vec![false; self.outgoing.len()];
        while let Some(sub_flow) = stack.pop() {
            if sub_flow == target {
                return true;
            }
            // Whoever is later in the order does not lead back.
            for (_, to) in self.leaving(sub_flow).filter(|(_, to)| rank(*to) <= limit) {
                if let Some(seen) = seen.get_mut(to).filter(|seen| !**seen) {
                    *seen = true;
                    stack.push(to);
                }
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pypeline_schema::valve::Condition;

    fn order(n: usize, links: &[(usize, usize)]) -> ControlOrder {
        let links: Vec<ControlLink> =
            links.iter().map(|(from, to)| ControlLink::of_test(*from, *to, Condition::Ok)).collect();
        ControlOrder::new(n, &links.iter().collect::<Vec<_>>())
    }

    #[test]
    fn ways_are_found_in_their_direction() {
        let order = order(6, &[(3, 1), (1, 0), (3, 0), (0, 5), (4, 5)]);
        assert_eq!(order.roots(), [2, 3, 4]);
        let leads = |from: usize, to| order.leads_to(std::iter::once(from), to);
        assert!(leads(3, 5) && leads(1, 5) && leads(4, 5) && leads(2, 2));
        assert!(!leads(5, 3) && !leads(0, 1) && !leads(4, 0) && !leads(2, 5));
        assert!(!order.leads_to(std::iter::empty(), 0));
    }

    #[test]
    fn a_circle_ends_too() {
        let order = order(3, &[(0, 1), (1, 2), (2, 1)]);
        assert_eq!(order.sorted, [0]);
        assert!(order.leads_to(std::iter::once(0), 2));
        assert!(!order.leads_to(std::iter::once(1), 0));
    }
}
