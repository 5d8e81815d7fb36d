//! ITERATE links: items in order or several at a time, lists that are empty or fail, and the links that lead out.

use super::super::driver::Ended;
use super::flow;
use crate::scheduling::Verdict;

#[test]
fn items_run_in_order_each_depth_first() {
    let run = flow("a (1|iterate) b; b (1|) c; b (2|) d; a (2|) e").run();
    assert_eq!(run.log(), "a b[0] c[0] d[0] b[1] c[1] d[1] e .");
    assert_eq!((run.items("a-b"), run.has_succeeded()), ((2, 0), true));
}

#[test]
fn items_run_so_many_at_a_time() {
    let mut run = flow("a (1|iterate parallel=2) b; b (1|) c; a (2|) d").list("a-b", 4).begin();
    assert_eq!(run.ok("a"), "b[0] b[1]");
    assert_eq!(run.ok("b[1]"), "c[1]", "a place is free when all of a frame has ended");
    assert_eq!(run.ok("c[1]"), "b[2]");
    assert_eq!(run.ok("b[2]"), "c[2]");
    assert_eq!(run.ok("c[2]"), "b[3]");
    assert_eq!(run.ok("b[3]"), "c[3]");
    assert_eq!(run.ok("c[3]"), "");
    assert_eq!(run.ok("b[0]"), "c[0]");
    assert_eq!(run.ok("c[0]"), "d");
    assert_eq!(run.ok("d"), ".");
}

#[test]
fn the_next_item_is_asked_for_only_when_it_can_run() {
    let mut run = flow("a (1|iterate) b").list("a-b", 1).by_hand().begin();
    assert_eq!(run.ok("a"), "");
    assert_eq!(run.answer(), "b[0]");
    assert_eq!(run.driver.pending.len(), 1);
    assert_eq!(run.ok("b[0]"), "");
    assert_eq!(run.answer(), ".");
}

#[test]
fn an_empty_list_opens_nothing_and_is_a_success() {
    let links = "a (1|iterate) b; b (1|) c; c (1|always) x; a (2|) d; a (3|error) e; x y; y (1|) x";
    let run = flow(links).list("a-b", 0).run();
    assert_eq!(run.log(), "a b:not_chosen c:not_chosen d e:not_chosen y x .");
    assert_eq!((run.link("c-x"), run.has_succeeded()), (Ended::NotChosen, true));
}

#[test]
fn a_blocked_loop_is_skipped_whole_and_resolves_what_leads_out() {
    let links =
        "a (1|iterate) b; b (1|iterate) c; c (1|always) x; c (2|) y; b (3|error) z; r (1|) x; r (1|) y; r (1|) z";
    let run = flow(&format!("{links}; x: any; y: any; z: any")).continues().fails("a").run();
    assert_eq!(run.log(), "a failed b:blocked c:blocked r x y z .");
    assert_eq!((run.link("c-x"), run.link("c-y"), run.link("b-z")), (Ended::Opened, Ended::Blocked, Ended::Blocked));
}

#[test]
fn loops_nest() {
    let run = flow("a (1|iterate) b; b (1|iterate) c; c (1|) d; b (2|) e").run();
    let first = "b[0] c[0.0] d[0.0] c[0.1] d[0.1] e[0]";
    assert_eq!(run.log(), format!("a {first} {} .", first.replace("[0", "[1")));
}

#[test]
fn a_link_that_leads_out_resolves_once_at_the_end_of_the_loop() {
    let mut run = flow("a r; a (1|iterate parallel=2) b; b (1|) x; r (1|) x; a (2|) c").begin();
    run.ok("a");
    assert_eq!(run.ok("b[0]"), "");
    assert_eq!(run.ok("b[1]"), "c");
    assert_eq!(run.ok("c"), "r");
    assert_eq!(run.ok("r"), "x");
}

#[test]
fn a_link_that_leads_out_is_blocked_else_opened_else_not_chosen() {
    let links = "a r; a (1|iterate) b; b (1|if) x; b (2|) y; b (3|error) z; r (1|) x; r (1|) y; r (1|) z";
    let run = flow(links).continues().says("b-x", Verdict::False).fails("b[0]").run();
    assert_eq!((run.link("b-x"), run.link("b-y"), run.link("b-z")), (Ended::Blocked, Ended::Blocked, Ended::Opened));
    let run = flow(links).continues().says("b-x", Verdict::False).run();
    assert_eq!(
        (run.link("b-x"), run.link("b-y"), run.link("b-z")),
        (Ended::NotChosen, Ended::Opened, Ended::NotChosen)
    );
}

#[test]
fn a_link_may_lead_out_of_several_loops() {
    let run = flow("a r; a (1|iterate) b; b (1|iterate) c; c (1|) x; r (1|) x").run();
    assert_eq!(run.log(), "a b[0] c[0.0] c[0.1] b[1] c[1.0] c[1.1] r x .");
}

#[test]
fn links_that_lead_out_are_followed_in_order_one_after_another() {
    let links =
        "r (1|) x; r (1|) y; r (1|) v; r (1|) w; r (2|) a; a (1|iterate) b; b (2|) x; b (1|) y; c (1|) v; c (1|) w;
        b (3|) c; y (1|) y2; a (2|) d";
    let mut run = flow(links).begin();
    run.ok("r");
    run.ok("a");
    for name in ["b[0]", "c[0]", "b[1]"] {
        run.ok(name);
    }
    assert_eq!(run.ok("c[1]"), "y");
    assert_eq!(run.ok("y"), "y2");
    assert_eq!(run.ok("y2"), "v w", "links of the inner sub flow with the same order, after those of a lower order");
    assert_eq!(run.ok("w"), "");
    assert_eq!(run.ok("v"), "x");
    assert_eq!(run.ok("x"), "d");
}

#[test]
fn a_list_that_fails_counts_and_its_source_counts_as_failed() {
    let links = "a (1|iterate) b; a (2|) c; a (3|error) d; a (4|always) e; b (1|always) x; r (1|) x; x: any";
    let run = flow(links).continues().broken_list("a-b", 1).run();
    assert_eq!(run.log(), "a b[0] failed c:blocked d e r x .");
    assert_eq!((run.items("a-b"), run.has_succeeded()), ((1, 0), false));
    for setup in [flow(links), flow(links).continues()] {
        let run = setup.broken_list("a-b", 0).run();
        assert!(run.log().starts_with("a failed b:blocked c:blocked d e "), "{}", run.log());
        assert_eq!(run.link("b-x"), Ended::Opened, "as of a loop whose link was blocked");
    }
}

#[test]
fn a_list_that_fails_while_items_run_lets_them_end() {
    let mut run = flow("a (1|iterate parallel=2) b; a (2|always) c").broken_list("a-b", 1).begin();
    assert_eq!(run.ok("a"), "b[0] failed stop:b[0]");
    assert_eq!(run.stopped("b[0]"), "c");
}

#[test]
fn under_halt_a_failed_item_is_the_last() {
    let links = "a (1|iterate) b; b (1|) c; a (2|) d; a (3|error) e; a (4|always) x; e (1|) y";
    let run = flow(links).list("a-b", 3).fails("b[1]").run();
    assert_eq!(run.log(), "a b[0] c[0] b[1] failed c[1]:blocked d:blocked e y x .");
    assert_eq!((run.items("a-b"), run.has_succeeded()), ((2, 1), false));
}

#[test]
fn under_halt_items_that_run_beside_a_failed_one_are_asked_to_stop() {
    let mut run = flow("a (1|iterate parallel=3) b; b (1|) c; a (2|) d").list("a-b", 5).begin();
    run.ok("a");
    assert_eq!(run.ok("b[0]"), "c[0]");
    assert_eq!(run.fail("b[1]"), "failed stop:b[2] stop:c[0] c[1]:blocked");
    assert_eq!(run.stopped("b[2]"), "c[2]:blocked");
    assert_eq!(run.ok("c[0]"), "d:blocked .");
    assert_eq!(run.items("a-b"), (3, 1));
}

#[test]
fn under_continue_all_items_run_and_the_source_counts_as_failed() {
    let links = "a (1|iterate) b; b (1|) c; a (2|) d; a (3|error) e; a (4|always) x; a (5|if) y; a (6|else) z";
    let run = flow(links).continues().list("a-b", 3).fails("b[1]").run();
    assert_eq!(run.log(), "a b[0] c[0] b[1] failed c[1]:blocked b[2] c[2] d:blocked e x y:blocked z:blocked .");
    assert_eq!((run.items("a-b"), run.has_succeeded()), ((3, 1), false));
}

#[test]
fn a_failure_in_an_inner_loop_fails_the_items_around_it() {
    let links = "a (1|iterate) b; b (1|iterate) c; b (2|) d; b (3|error) e; a (2|error) x";
    let run = flow(links).continues().fails("c[0.1]").run();
    assert_eq!(run.log(), "a b[0] c[0.0] c[0.1] failed d[0]:blocked e[0] b[1] c[1.0] c[1.1] d[1] e[1]:not_chosen x .");
    assert_eq!((run.items("b-c"), run.items("a-b")), ((2, 0), (2, 1)));
}

#[test]
fn what_is_led_to_outside_is_no_part_of_the_loop() {
    let links = "r (1|) x; r (2|) a; a (1|iterate) b; b (1|) x; a (2|) c; a (3|error) d";
    let run = flow(links).continues().fails("x").run();
    assert_eq!(run.log(), "r a b[0] b[1] x failed c d:not_chosen .", "its failure is not one of the loop's items");
}

#[test]
fn an_item_that_comes_after_a_failure_does_not_run() {
    let mut run = flow("a (1|iterate parallel=2) b; a (2|always) c").by_hand().begin();
    run.ok("a");
    assert_eq!(run.answer(), "b[0]");
    assert_eq!(run.fail("b[0]"), "failed");
    assert_eq!(run.answer(), "c");
}
