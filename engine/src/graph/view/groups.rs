//! Sub flows drawn together: those that follow one another, are alike and in one scope; where that leaves too many, equal portions.

/// Which sub flow is in which group.
pub(super) struct Groups {
    /// The group of each sub flow.
    pub of: Vec<usize>,
    /// The sub flows of each group, in the order of drawing.
    pub members: Vec<Vec<usize>>,
    /// All sub flows of a group are in one scope.
    pub has_scopes: bool,
}

impl Groups {
    /// At most `most` groups of the sub flows in `order`.
    pub(super) fn of(order: &[usize], shapes: &[String], scope_of: &[Option<usize>], most: usize) -> Self {
        let is_alike = |a: &usize, b: &usize| shapes.get(*a) == shapes.get(*b) && scope_of.get(*a) == scope_of.get(*b);
        let runs: Vec<&[usize]> = order.chunk_by(is_alike).collect();
        let has_scopes = runs.len() <= most;
        let size = order.len().div_ceil(most.max(1)).max(1);
        let portions = if has_scopes { runs } else { order.chunks(size).collect() };
        let members: Vec<Vec<usize>> = portions.into_iter().map(<[usize]>::to_vec).collect();
        let mut of = vec![0; order.len()];
        for (group, members) in members.iter().enumerate() {
            for member in members {
                of.get_mut(*member).into_iter().for_each(|of| *of = group);
            }
        }
        Self { of, members, has_scopes }
    }
}
