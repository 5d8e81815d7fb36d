//! What a job does to the world outside, in one line: what a run that dies while it works, and is gone on with, may repeat.

use pypeline_schema::manifest::Effect;

/// Names that stand in the line for each class.
const SHOWN: usize = 3;

/// One line, or none where nothing happens outside.
pub(in crate::commands) fn in_words(effects: &[(String, Effect)]) -> Option<String> {
    let classes = [Effect::AtomicReplace, Effect::Idempotent, Effect::Transactional, Effect::AtLeastOnce];
    let of = |class: Effect| {
        let nodes: Vec<&str> =
            effects.iter().filter(|(_, effect)| *effect == class).map(|(node, _)| node.as_str()).collect();
        (!nodes.is_empty()).then(|| format!("{} {}", names(&nodes), does(class, nodes.len() == 1)))
    };
    let parts: Vec<String> = classes.into_iter().filter_map(of).collect();
    (!parts.is_empty()).then(|| format!("effects: {}", parts.join("; ")))
}

fn does(class: Effect, is_one: bool) -> &'static str {
    match (class, is_one) {
        (Effect::Pure, _) => "",
        (Effect::AtomicReplace, true) => "replaces its output in one step",
        (Effect::AtomicReplace, false) => "replace their outputs in one step",
        (Effect::Idempotent, true) => "has its effect once, also if it is repeated",
        (Effect::Idempotent, false) => "have their effect once, also if they are repeated",
        (Effect::Transactional, true) => "does all of its work or none",
        (Effect::Transactional, false) => "do all of their work or none",
        (Effect::AtLeastOnce, _) => "may be repeated if a run dies while it works",
    }
}

fn names(nodes: &[&str]) -> String {
    match nodes.len().checked_sub(SHOWN).filter(|more| *more > 1) {
        Some(more) => format!("{} and {more} more", nodes.iter().take(SHOWN).copied().collect::<Vec<_>>().join(", ")),
        None => nodes.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_class_is_told_with_its_nodes_and_what_is_pure_is_not() {
        let node = |name: &str, effect| (name.to_owned(), effect);
        let mut effects = vec![node("read", Effect::Pure)];
        assert_eq!(in_words(&effects), None);
        effects.extend([node("notify", Effect::AtLeastOnce), node("paid", Effect::AtomicReplace)]);
        let wanted =
            "effects: paid replaces its output in one step; notify may be repeated if a run dies while it works";
        assert_eq!(in_words(&effects).unwrap(), wanted);
        effects.extend([node("log", Effect::Idempotent), node("open", Effect::AtomicReplace)]);
        let wanted =
            "effects: paid, open replace their outputs in one step; log has its effect once, also if it is repeated";
        assert!(in_words(&effects).unwrap().starts_with(wanted));
    }

    #[test]
    fn many_names_are_cut() {
        let of = |count: usize| {
            let effects: Vec<_> = (0..count).map(|at| (format!("n{at}"), Effect::AtLeastOnce)).collect();
            in_words(&effects).unwrap()
        };
        assert!(of(4).starts_with("effects: n0, n1, n2, n3 may"));
        assert!(of(9).starts_with("effects: n0, n1, n2 and 6 more may"));
    }
}
