//! Gates: when they run, whom they belong to, and what their links count.

use super::super::driver::Ended;
use super::flow;
use crate::scheduling::Verdict;

#[test]
fn a_gate_runs_once_with_its_last_link() {
    assert_eq!(flow("a (1|) b; a (2|) c; b (1|) g; c (1|) g; c (2|) d").run().log(), "a b c g d .");
    assert_eq!(flow("a b c; a (1|) g; b (1|) g; c (1|) g").run().log(), "a b c g .");
}

/// What becomes of a gate over two links, each opened, not chosen or blocked.
fn gate(join: &str, first: &str, second: &str) -> String {
    let link = |source: &str, end: &str| match end {
        "opened" => format!("{source} (1|) g"),
        "not_chosen" => format!("{source} (1|if) g"),
        _ => format!("{source} (1|) g; f{source} (1|) {source}"),
    };
    let text = format!("fx fy x y; {}; {}; {join}", link("x", first), link("y", second));
    let mut setup = flow(&text).continues().fails("fx fy");
    for (source, end) in [("x-g", first), ("y-g", second)] {
        if end == "not_chosen" {
            setup = setup.says(source, Verdict::False);
        }
    }
    let log = setup.run().log();
    let word = log.split(' ').find(|word| word.starts_with('g')).unwrap();
    word.strip_prefix("g:").unwrap_or("runs").to_owned()
}

#[test]
fn gates_decide_by_their_join() {
    for (first, second, clean, all, any) in [
        ("opened", "opened", "runs", "runs", "runs"),
        ("opened", "not_chosen", "runs", "not_chosen", "runs"),
        ("opened", "blocked", "blocked", "blocked", "runs"),
        ("not_chosen", "not_chosen", "not_chosen", "not_chosen", "not_chosen"),
        ("not_chosen", "blocked", "blocked", "blocked", "blocked"),
        ("blocked", "blocked", "blocked", "blocked", "blocked"),
    ] {
        for (first, second) in [(first, second), (second, first)] {
            let found = [gate("", first, second), gate("g: all", first, second), gate("g: any", first, second)];
            assert_eq!(found, [clean, all, any], "{first}, {second}");
        }
    }
}

#[test]
fn links_of_one_source_count_as_one() {
    // Opened if any of them opened.
    assert_eq!(flow("a (1|error) g; a (2|always) g").continues().fails("a").run().log(), "a failed g .");
    assert_eq!(flow("a (1|) g; a (2|error) g; g: all").run().log(), "a g .");
    assert_eq!(flow("a (1|) g; a (2|error) g; g: all").continues().fails("a").run().log(), "a failed g .");
    // Else blocked if any is blocked.
    let blocked = flow("a b; b (1|) g; a (1|) b; b (2|error) g; g: any").continues().fails("a").run();
    assert_eq!(blocked.log(), "a failed b:blocked g:blocked .");
    let mixed = flow("a (1|if) g; a (2|if) g; b (1|) g").says("a-g", Verdict::Failed).continues().run();
    assert_eq!(mixed.log(), "a ask:g failed ask:g b g .");
    // One group of them, too.
    assert_eq!(flow("a (1|) g; a (1|error) g; g (1|) h; a (2|) b").run().log(), "a g h b .");
}

#[test]
fn a_gate_over_parallel_branches_belongs_to_their_group() {
    let links = "s (1|) x; s (1|) y; x (1|) g; x (2|) x2; y (1|) g; y (2|) y2; g (1|) h; s (2|) z";
    let mut run = flow(links).begin();
    assert_eq!(run.ok("s"), "x y");
    assert_eq!(run.ok("x"), "x2", "a further link of one branch waits for no gate");
    assert_eq!(run.ok("y"), "g y2", "nor that of the branch that came last");
    assert_eq!(run.ok("x2"), "");
    assert_eq!(run.ok("y2"), "");
    assert_eq!(run.ok("g"), "h", "the next group waits for it, and for all below it");
    assert_eq!(run.ok("h"), "z");
    assert_eq!(run.ok("z"), ".");
}

#[test]
fn a_gate_over_nested_groups_belongs_to_the_outermost() {
    let links = "s (1|) a; s (1|) b; a (1|) c; a (1|) d; a (2|) e; c (1|) g; d (1|) g; b (1|) g; s (2|) z";
    let mut run = flow(links).begin();
    run.ok("s");
    assert_eq!(run.ok("b"), "");
    assert_eq!(run.ok("a"), "c d");
    assert_eq!(run.ok("c"), "");
    assert_eq!(run.ok("d"), "g e", "the inner group does not wait for it");
    assert_eq!(run.ok("e"), "");
    assert_eq!(run.ok("g"), "z");
}

#[test]
fn a_gate_over_the_inner_group_alone_belongs_to_that() {
    let mut run = flow("s (1|) a; s (1|) b; a (1|) c; a (1|) d; a (2|) e; c (1|) g; d (1|) g").begin();
    run.ok("s");
    run.ok("a");
    run.ok("c");
    assert_eq!(run.ok("d"), "g");
    assert_eq!(run.ok("g"), "e");
}

#[test]
fn a_gate_fed_one_after_another_belongs_to_the_last() {
    let mut run = flow("s (1|) a; s (2|) b; a (1|) g; b (1|) g; b (2|) c; s (3|) d").begin();
    run.ok("s");
    assert_eq!(run.ok("a"), "b");
    assert_eq!(run.ok("b"), "g");
    assert_eq!(run.ok("g"), "c");
    assert_eq!(run.ok("c"), "d");
    // Also where the first of them was in a group that is over.
    let mut run = flow("s (1|) a; s (1|) x; s (2|) b; a (1|) g; b (1|) g; b (2|) c").begin();
    run.ok("s");
    run.ok("a");
    assert_eq!(run.ok("x"), "b");
    assert_eq!(run.ok("b"), "g");
    assert_eq!(run.ok("g"), "c");
}

#[test]
fn a_gate_over_parallel_roots_belongs_to_all_of_them() {
    let mut run = flow("a b; a (1|) g; b (1|) g; b (2|) c").parallel_roots().begin();
    assert_eq!(run.ok("a"), "");
    assert_eq!(run.ok("b"), "g c");
    assert_eq!(run.ok("g"), "");
    assert_eq!(run.ok("c"), ".");
}

#[test]
fn a_skipped_gate_cascades_from_the_common_group() {
    let links = "s (1|) x; s (1|) y; x (1|) g; y (1|error) g; g (1|) h; g (2|always) k; s (2|) z; g: all";
    let mut run = flow(links).continues().begin();
    run.ok("s");
    assert_eq!(run.ok("x"), "");
    assert_eq!(run.ok("y"), "g:not_chosen h:not_chosen k:not_chosen z");
    let mut run = flow(links).continues().begin();
    run.ok("s");
    assert_eq!(run.fail("x"), "failed");
    assert_eq!(run.ok("y"), "g:blocked h:blocked k");
    assert_eq!(run.ok("k"), "z");
    assert_eq!(run.link("g-k"), Ended::Opened);
}

#[test]
fn a_gate_runs_once_per_frame() {
    let links = "a (1|iterate) b; b (1|) c; b (1|) d; c (1|) g; d (1|) g";
    assert_eq!(flow(links).run().log(), "a b[0] c[0] d[0] g[0] b[1] c[1] d[1] g[1] .");
}
