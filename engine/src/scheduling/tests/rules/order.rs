//! Roots, depth first, groups, conditions: rules 1 to 4 and 8.

use super::super::driver::Ended;
use super::flow;
use crate::scheduling::Verdict;

#[test]
fn roots_run_one_after_another_in_declaration_order() {
    let mut run = flow("a b c; a (1|) d").begin();
    assert_eq!(run.begun, "a");
    assert_eq!(run.ok("a"), "d");
    assert_eq!(run.ok("d"), "b");
    assert_eq!(run.ok("b"), "c");
    assert_eq!(run.ok("c"), ".");
}

#[test]
fn parallel_roots_start_together() {
    let mut run = flow("a b; a (1|) c").parallel_roots().begin();
    assert_eq!(run.begun, "a b");
    assert_eq!(run.ok("a"), "c");
    assert_eq!(run.ok("c"), "");
    assert_eq!(run.ok("b"), ".");
}

#[test]
fn a_failed_root_blocks_the_next_only_under_halt() {
    let roots = "a b c; b (1|) d; b (2|always) e";
    assert_eq!(flow(roots).fails("a").run().log(), "a failed b:blocked d:blocked e c:blocked .");
    assert_eq!(flow(roots).continues().fails("a").run().log(), "a failed b d e c .");
}

#[test]
fn a_flow_without_sub_flows_ends_at_once() {
    assert_eq!(flow("").begin().begun, ".");
    assert_eq!(flow("").parallel_roots().begin().begun, ".");
}

#[test]
fn a_group_of_one_is_followed_depth_first() {
    assert_eq!(flow("a (2|) d; a (1|) b; b (1|) c; b (2|) x; d (1|) e").run().log(), "a b c x d e .");
}

#[test]
fn a_group_of_several_runs_together_and_ends_before_the_next_group() {
    let mut run = flow("a (1|) b; a (1|) c; b (1|) d; b (2|) x; a (2|) e").begin();
    assert_eq!(run.ok("a"), "b c");
    assert_eq!(run.ok("b"), "d");
    assert_eq!(run.ok("c"), "");
    assert_eq!(run.ok("d"), "x");
    assert_eq!(run.ok("x"), "e");
    assert_eq!(run.ok("e"), ".");
}

#[test]
fn equal_orders_of_different_nodes_follow_one_another_by_node() {
    let mut run = flow("a.2 (1|) b; a.1 (1|) c; a.2 (1|) d; a.1 (2|) e; c (1|) x").begin();
    assert_eq!(run.ok("a"), "c");
    assert_eq!(run.ok("c"), "x");
    assert_eq!(run.ok("x"), "b d");
    assert_eq!(run.ok("d"), "");
    assert_eq!(run.ok("b"), "e");
}

#[test]
fn each_condition_opens_as_the_table_says() {
    let all = "a (1|) ok; a (2|error) error; a (3|always) always; a (4|if) yes; a (5|if) no; a (6|else) else";
    let succeeded = flow(all).says("a-no", Verdict::False).run().log();
    assert_eq!(succeeded, "a ok error:not_chosen always ask:yes yes ask:no no:not_chosen else:not_chosen .");
    let failed = flow(all).continues().fails("a").run().log();
    assert_eq!(failed, "a failed ok:blocked error always yes:blocked no:blocked else:blocked .");
}

#[test]
fn blocked_and_not_chosen_cascade_as_what_they_are() {
    let links = "a (1|error) b; b (1|) c; b (2|error) d; b (3|always) e; b (4|if) x; b (5|else) y";
    let not_chosen = flow(links).run().log();
    assert_eq!(not_chosen, "a b:not_chosen c:not_chosen d:not_chosen e:not_chosen x:not_chosen y:not_chosen .");
    let blocked = flow(&links.replacen("error", "", 1)).continues().fails("a").run().log();
    assert_eq!(blocked, "a failed b:blocked c:blocked d:blocked e x:blocked y:blocked .");
}

#[test]
fn a_cancelled_source_opens_always_and_blocks_the_rest() {
    let mut run = flow("a (1|) b; a (2|error) c; a (3|always) d").continues().begin();
    assert_eq!(run.stopped("a"), "b:blocked c:blocked d");
    assert_eq!(run.ok("d"), ".");
}

#[test]
fn else_opens_if_no_expression_of_its_source_before_it_holds() {
    let links = "a (1|if) b; a (2|if) c; a (3|else) d";
    assert_eq!(flow(links).says("a-b", Verdict::False).run().link("a-d"), Ended::NotChosen);
    let none = || flow(links).says("a-b", Verdict::False).says("a-c", Verdict::False);
    assert_eq!(none().run().log(), "a ask:b b:not_chosen ask:c c:not_chosen d .");
}

#[test]
fn else_is_over_lower_orders_and_of_its_own_those_declared_earlier() {
    let opens = |links: &str| flow(links).run().link("a-e") == Ended::Opened;
    assert!(!opens("a (1|if) b; a (1|else) e"));
    assert!(opens("a (1|else) e; a (1|if) b"));
    assert!(opens("a (2|if) b; a (1|else) e"));
    assert!(!opens("a (2|else) e; a (1|if) b"));
    // Other nodes of the same sub flow count alike.
    assert!(!opens("a.1 (1|if) b; a.2 (1|else) e"));
    assert!(!opens("a.2 (1|if) b; a.1 (2|else) e"));
    assert!(opens("a.2 (1|else) e; a.1 (1|if) b"));
    // Those of other sub flows do not.
    assert!(opens("x a; x (1|if) b; a (1|else) e"));
}

#[test]
fn conditions_are_evaluated_when_their_group_comes_all_before_any_start() {
    let mut run = flow("a (1|) b; a (2|if) c; a (2|if) d; a (2|) x; a (3|if) e").by_hand().begin();
    assert_eq!(run.ok("a"), "b");
    assert_eq!(run.ok("b"), "ask:c,d");
    assert_eq!(run.answer(), "c d x");
    assert_eq!(run.ok("c"), "");
    assert_eq!(run.ok("x"), "");
    assert_eq!(run.ok("d"), "ask:e");
    assert_eq!(run.answer(), "e");
    assert_eq!(run.ok("e"), ".");
}

#[test]
fn one_branch_of_a_group_may_ask_while_another_runs() {
    let mut run = flow("a (1|) b; a (1|) c; b (1|if) d").by_hand().begin();
    run.ok("a");
    assert_eq!(run.ok("b"), "ask:d");
    assert_eq!(run.ok("c"), "");
    assert_eq!(run.answer(), "d");
    assert_eq!(run.ok("d"), ".");
}

#[test]
fn only_what_succeeded_is_asked() {
    assert_eq!(flow("a (1|if) b").continues().fails("a").run().log(), "a failed b:blocked .");
}

#[test]
fn each_branch_of_a_group_has_its_own_sequence_whatever_the_others_do() {
    let links = "s (1|) a; s (1|) b; a (1|) x; a (2|) y; b (1|) g; x (1|) g; y (1|) h; g (1|) h; g (2|) z";
    let mut early = flow(links).begin();
    early.ok("s");
    early.ok("b");
    early.ok("a");
    assert_eq!(early.ok("x"), "g y");
    assert_eq!(early.ok("y"), "");
    assert_eq!(
        early.ok("g"),
        "h z",
        "h is fed by branch a, and by the gate of both branches: it belongs to their group"
    );
    let mut late = flow(links).begin();
    late.ok("s");
    late.ok("b");
    late.ok("a");
    late.ok("x");
    assert_eq!(late.ok("g"), "z", "g's further links do not wait for h here either");
    assert_eq!(late.ok("y"), "h");
}
