//! Failures and their handlers, alone and in loops.

use super::super::driver::Ended;
use super::flow;
use crate::scheduling::Verdict;

#[test]
fn a_failure_halts_ordinary_links_and_opens_error_and_always() {
    let run = flow("a (1|) b; b (1|) c; b (2|error) d; d (1|) e; a (9|always) f; a (10|) g").fails("b").run();
    assert_eq!(run.log(), "a b failed c:blocked d e f g:blocked .");
    assert!(!run.has_succeeded(), "an error link does not make it good");
}

#[test]
fn under_continue_all_that_is_not_blocked_runs() {
    let run = flow("a (1|) b; b (1|) c; b (2|error) d; a (2|) e; r").continues().fails("b").run();
    assert_eq!(run.log(), "a b failed c:blocked d e r .");
    assert!(!run.has_succeeded());
}

#[test]
fn a_handled_failure_neither_halts_nor_fails_the_run() {
    let run = flow("a (1|error handled) h; h (1|) h2; a (2|) b; a (3|always) c; r").fails("a").run();
    assert_eq!(run.log(), "a undecided h h2 handled b:blocked c r .");
    assert!(run.has_succeeded());
}

#[test]
fn a_handler_that_is_not_needed_is_not_chosen() {
    let run = flow("a (1|error handled) h; a (2|) b").run();
    assert_eq!(run.log(), "a h:not_chosen b .");
    assert!(run.has_succeeded());
}

#[test]
fn an_ordinary_error_link_beside_a_handler_changes_nothing() {
    let run = flow("a (1|error) e; a (2|error handled) h; r").fails("a").run();
    assert_eq!(run.log(), "a undecided e h handled r .");
}

#[test]
fn a_handler_that_fails_counts_by_the_same_rules() {
    let run = flow("a (1|error handled) h; a (2|always) c; r").fails("a h").run();
    assert_eq!(run.log(), "a undecided h failed lost c r:blocked .");
    assert!(!run.has_succeeded());
    // Somewhere below it, too.
    let run = flow("a (1|error handled) h; h (1|) i; i (1|) j; r").continues().fails("a i").run();
    assert_eq!(run.log(), "a undecided h i failed j:blocked lost r .");
    assert!(!run.has_succeeded());
    // Unless its own failure is handled.
    let run = flow("a (1|error handled) h; h (1|error handled) i; r").fails("a h").run();
    assert_eq!(run.log(), "a undecided h undecided i handled handled r .");
    assert!(run.has_succeeded());
}

#[test]
fn all_handlers_have_to_succeed() {
    let links = "a (1|error handled) h; a (2|error handled) i; r";
    let run = flow(links).fails("a").run();
    assert_eq!((run.log().as_str(), run.has_succeeded()), ("a undecided h i handled r .", true));
    let run = flow(links).fails("a h").run();
    assert_eq!((run.log().as_str(), run.has_succeeded()), ("a undecided h failed i lost r:blocked .", false));
}

#[test]
fn parallel_handlers_are_waited_for() {
    let mut run = flow("a (1|error handled) h; a (1|error handled) i; r").begin();
    assert_eq!(run.fail("a"), "undecided h i");
    assert_eq!(run.ok("i"), "");
    assert_eq!(run.ok("h"), "handled r");
}

#[test]
fn a_handler_that_is_asked_to_stop_has_handled_nothing() {
    let mut run = flow("a (1|error handled) h; a (1|error) i; r").begin();
    run.fail("a");
    run.halt();
    assert_eq!(run.stopped("h"), "lost");
    assert!(!run.has_succeeded());
}

#[test]
fn a_handler_whose_gate_is_skipped_never_ran() {
    let links = "x a; x (1|error) h; a (1|error handled) h; h: all; r";
    let run = flow(links).fails("a").run();
    assert_eq!(run.log(), "x a undecided lost h:not_chosen r:blocked .");
    assert!(!run.has_succeeded());
}

#[test]
fn a_handler_behind_a_gate_decides_when_the_gate_has_ended() {
    let mut run = flow("s (1|) x; s (1|) y; x (1|error handled) g; y (1|) g; g (1|) h; s (2|) z").begin();
    run.ok("s");
    assert_eq!(run.fail("x"), "undecided");
    assert_eq!(run.ok("y"), "g", "nothing is halted yet");
    assert_eq!(run.ok("g"), "h");
    assert_eq!(run.ok("h"), "handled z");
    // One gate may handle for two sources.
    let mut run = flow("s (1|) x; s (1|) y; x (1|error handled) g; y (1|error handled) g").begin();
    run.ok("s");
    run.fail("x");
    assert_eq!(run.fail("y"), "undecided g");
    assert_eq!(run.ok("g"), "handled handled .");
    // And two links of one source into it are one handler.
    let run = flow("x (1|error handled) g; x (2|error handled) g").fails("x").run();
    assert_eq!(run.log(), "x undecided g handled .");
}

#[test]
fn handled_failures_in_a_loop_let_the_next_item_run() {
    let links = "a (1|iterate) b; b (1|error handled) h; b (2|) c; a (2|) d; a (3|error) e";
    let run = flow(links).list("a-b", 3).fails("b[0] b[1]").run();
    assert_eq!(
        run.log(),
        "a b[0] undecided h[0] handled c[0]:blocked b[1] undecided h[1] handled c[1]:blocked b[2] h[2]:not_chosen c[2] d e:not_chosen ."
    );
    assert_eq!((run.items("a-b"), run.has_succeeded()), ((3, 0), true));
}

#[test]
fn a_handler_in_a_loop_that_fails_ends_the_loop() {
    let links = "a (1|iterate) b; b (1|error handled) h; a (2|) d; a (3|error) e";
    let run = flow(links).list("a-b", 3).fails("b[1] h[1]").run();
    assert_eq!(run.log(), "a b[0] h[0]:not_chosen b[1] undecided h[1] failed lost d:blocked e .");
    assert_eq!((run.items("a-b"), run.has_succeeded()), ((2, 1), false));
}

#[test]
fn a_handler_of_the_source_catches_what_fails_in_its_loop() {
    let links = "a (1|iterate) b; b (1|) c; a (2|error handled) h; a (3|) d; a (4|always) e; r";
    let run = flow(links).list("a-b", 3).fails("b[1]").run();
    assert_eq!(
        run.log(),
        "a b[0] c[0] b[1] undecided c[1]:blocked h handled d:blocked e r .",
        "the loop is halted, and nothing else"
    );
    assert_eq!((run.items("a-b"), run.has_succeeded()), ((2, 1), true));
    let run = flow(links).continues().list("a-b", 3).fails("b[1] b[2]").run();
    assert_eq!(
        run.log(),
        "a b[0] c[0] b[1] undecided c[1]:blocked b[2] undecided c[2]:blocked h handled d:blocked e r ."
    );
    let run = flow(links).fails("b[1] h").run();
    assert_eq!(run.log(), "a b[0] c[0] b[1] undecided c[1]:blocked h failed lost d:blocked e r:blocked .");
    assert!(!run.has_succeeded());
    let run = flow(links).run();
    assert_eq!(run.log(), "a b[0] c[0] b[1] c[1] h:not_chosen d e r .");
}

#[test]
fn a_list_that_fails_is_caught_too() {
    let run = flow("a (1|iterate) b; a (2|error handled) h; r").broken_list("a-b", 1).run();
    assert_eq!(run.log(), "a b[0] undecided h handled r .");
    assert!(run.has_succeeded());
}

#[test]
fn a_handler_before_the_loop_catches_nothing() {
    let run = flow("a (1|error handled) h; a (2|iterate) b; r").fails("b[0]").run();
    assert_eq!(run.log(), "a h:not_chosen b[0] failed r:blocked .");
}

#[test]
fn two_loops_may_share_their_handler() {
    let links = "a (1|iterate) b; a (1|iterate) c; a (2|error handled) h; r";
    let run = flow(links).list("a-b", 1).list("a-c", 1).fails("b c").run();
    assert_eq!(run.log(), "a b[0] c[0] undecided undecided h handled handled r .");
}

#[test]
fn nested_loops_are_caught_by_the_nearest_handler() {
    let links = "a (1|iterate) b; b (1|iterate) c; b (2|error handled) i; a (2|error handled) h; r";
    let run = flow(links).fails("c[0.0]").run();
    assert_eq!(run.log(), "a b[0] c[0.0] undecided i[0] handled b[1] c[1.0] c[1.1] i[1]:not_chosen h:not_chosen r .");
    let run = flow(links).fails("c[0.0] i[0]").run();
    assert_eq!(run.log(), "a b[0] c[0.0] undecided i[0] undecided lost h handled r .");
    assert!(run.has_succeeded());
}

#[test]
fn a_caught_loop_stops_with_what_is_around_it() {
    let mut run = flow("s (1|) a; s (1|) x; a (1|iterate) b; b (1|) c; a (2|error handled) h").begin();
    run.ok("s");
    run.ok("a");
    assert_eq!(run.fail("x"), "failed stop:b[0]");
    assert_eq!(run.ok("b[0]"), "c[0]:blocked h:not_chosen .", "no further item runs");
}

#[test]
fn a_failure_in_a_caught_loop_stops_its_items_and_nothing_else() {
    let mut run =
        flow("s (1|) a; s (1|) x; x (1|) y; a (1|iterate parallel=2) b; b (1|) c; a (2|error handled) h").begin();
    run.ok("s");
    assert_eq!(run.ok("a"), "b[0] b[1]");
    assert_eq!(run.fail("b[1]"), "undecided stop:b[0] c[1]:blocked");
    assert_eq!(run.ok("x"), "y");
    assert_eq!(run.ok("b[0]"), "c[0]:blocked h");
    assert_eq!(run.ok("h"), "handled");
    assert_eq!(run.ok("y"), ".");
    assert!(run.has_succeeded());
}

#[test]
fn what_a_caught_loop_leads_to_outside_is_not_for_its_handler() {
    let links = "r (1|) x; r (2|) a; a (1|iterate) b; b (1|) x; a (2|error handled) h; x (1|) y";
    let run = flow(links).fails("x").run();
    assert_eq!(run.log(), "r a b[0] b[1] x failed y:blocked h:not_chosen .");
    assert!(!run.has_succeeded());
    // Nor is it halted with the loop.
    let links = "r (1|) x; r (2|) a; a (1|iterate) b; b (1|) c; b (2|always) x; a (2|error handled) h; x (1|) y";
    let run = flow(links).fails("b[0]").run();
    assert_eq!(run.log(), "r a b[0] undecided c[0]:blocked x y h handled .");
    assert!(run.has_succeeded());
}

#[test]
fn a_handler_outside_the_loop_comes_too_late() {
    let links = "r (1|) h; r (2|) a; a (1|iterate) b; b (1|error handled) h";
    let run = flow(links).continues().fails("b[0]").run();
    assert_eq!(run.log(), "r a b[0] undecided lost b[1] h .");
    assert!(!run.has_succeeded());
}

#[test]
fn a_condition_that_cannot_be_evaluated_blocks_its_link_and_counts() {
    let run = flow("a (1|if) b; a (2|) c; a (3|always) d").says("a-b", Verdict::Failed).run();
    assert_eq!(run.log(), "a ask:b failed b:blocked c:blocked d .");
    let run = flow("a (1|if) b; a (2|else) c").continues().says("a-b", Verdict::Failed).run();
    assert_eq!(run.log(), "a ask:b failed b:blocked c .", "it was not true");
    assert!(!run.has_succeeded());
}

#[test]
fn under_halt_nothing_ordinary_opens_beside_a_condition_that_fails() {
    let links = "a (1|) b; a (1|if) c; a (1|if) d; a (1|else) e; a (1|always) x";
    let run = flow(links).says("a-d", Verdict::Failed).run();
    assert_eq!(run.log(), "a ask:c,d failed b:blocked c:blocked d:blocked e:blocked x .");
    let run = flow(links).continues().says("a-d", Verdict::Failed).run();
    assert_eq!(run.log(), "a ask:c,d failed b c d:blocked e:not_chosen x .");
    assert_eq!(run.link("a-d"), Ended::Blocked);
}

#[test]
fn a_condition_that_fails_below_a_handler_makes_that_fail() {
    let run = flow("a (1|error handled) h; h (1|if) i; r").fails("a").says("h-i", Verdict::Failed).run();
    assert_eq!(run.log(), "a undecided h ask:i failed i:blocked lost r:blocked .");
}
