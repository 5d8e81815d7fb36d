//! What templates make of a secret is as secret as it is: in the steps that they are for, and in those that take it from there.

use super::{CONTEXT, Scene};
use crate::support::canary::{CANARY, pieces};

/// Templates, and what comes of them.
fn derived() -> Vec<(&'static str, String)> {
    let letters: Vec<char> = CANARY.chars().collect();
    let upto = |n: usize| letters.iter().take(n).collect::<String>();
    let odd = CANARY.replace('3', "e").replace('n', "m").replace('r', "l").replace('7', "1").replace('S', "z");
    vec![
        ("{{ context.password | upper }}", CANARY.to_uppercase()),
        ("{{ context.password | lower }}", CANARY.to_lowercase()),
        ("{{ context.password | title }}", "C4n@Ry/\"S3cr+T".to_owned()),
        ("{{ 'db://u:' ~ context.password ~ '@h' }}", format!("db://u:{CANARY}@h")),
        ("db://u:{{ context.password }}@h", CANARY.to_owned()),
        ("{{ context.password | replace('c', 'k') }}", CANARY.replace('c', "k")),
        ("{{ context.password[:12] }}", upto(12)),
        ("{{ context.password[:9] }}", upto(9)),
        ("{{ context.password | reverse }}", letters.iter().rev().collect()),
        ("{{ [context.password] | string }}", "c4n@ry/\\\"S3cr".to_owned()),
        ("{% set p = context.password %}{{ p | upper }}", CANARY.to_uppercase()),
        ("{{ (context.password | list) | join('-') }}", "c-4-n-@-r-y".to_owned()),
        ("{% for c in context.password %}{{ c }}.{% endfor %}", "c.4.n.@.r.y".to_owned()),
        (ODD, odd),
    ]
}

/// Nothing of the secret is left in it.
const ODD: &str = "{{ context.password | replace('3', 'e') | replace('n', 'm') | replace('r', 'l') | replace('7', '1') | replace('S', 'z') }}";

/// The same as a text of YAML.
fn quoted(template: &str) -> String {
    serde_json::to_string(template).unwrap()
}

#[track_caller]
fn hides(modules: &str, control: &str, made: &str) {
    let scene = Scene::new();
    let body = format!("modules:\n{modules}connections: {{control: [{control}]}}\n{CONTEXT}");
    scene.runs(&[], &body, 1);
    let json = serde_json::to_string(made).unwrap();
    scene.project.assert_nowhere([made, json.trim_matches('"')]);
    scene.project.assert_nowhere(pieces(CANARY));
}

#[test]
fn what_a_template_makes_of_a_secret_is_shown_by_no_step() {
    for (template, made) in derived() {
        let text = quoted(template);
        let modules = format!(
            "  - {{id: warn, name: warn_solo, configs: {{message: {text}}}}}\n  - {{id: die, name: die_solo, configs: {{message: {text}}}}}\n"
        );
        hides(&modules, "\"warn (1|) die\"", &made);
    }
}

#[test]
fn nor_is_it_where_it_stands_in_a_list_or_a_mapping() {
    for (template, made) in derived() {
        let inner = template.trim_start_matches("{{ ").trim_end_matches(" }}");
        if inner.contains("{{") || inner.contains("{%") {
            continue;
        }
        for (whole, part) in [
            (format!("{{{{ [1, {inner}] }}}}"), "set__v[1]"),
            (format!("{{{{ {{'a': {{'b': {inner}}}}} }}}}"), "set__v.a.b"),
        ] {
            let modules = format!(
                "  - {{id: set, name: set_var_solo, configs: {{vars: {{v: {}}}}}}}\n  - {{id: warn, name: warn_solo, configs: {{message: '{{{{ {part} }}}}'}}}}\n  - {{id: die, name: die_solo, configs: {{message: '{{{{ {part} }}}}'}}}}\n",
                quoted(&whole)
            );
            hides(&modules, "\"set (1|) warn\", \"warn (1|) die\"", &made);
        }
    }
}

#[test]
fn what_is_made_of_a_global_that_holds_a_secret_is_secret_too() {
    for (template, made) in derived() {
        let modules = format!(
            "  - {{id: set, name: set_var_solo, configs: {{vars: {{v: '{{{{ context.password }}}}'}}}}}}\n  - {{id: warn, name: warn_solo, configs: {{message: {text}}}}}\n  - {{id: die, name: die_solo, configs: {{message: {text}}}}}\n",
            text = quoted(&template.replace("context.password", "set__v"))
        );
        hides(&modules, "\"set (1|) warn\", \"warn (1|) die\"", &made);
    }
}

#[test]
fn what_is_made_of_an_item_that_holds_a_secret_is_secret_too() {
    for (template, made) in derived() {
        let modules = format!(
            "  - {{id: items, name: loop_source, configs: {{items: ['{{{{ context.password }}}}']}}}}\n  - {{id: warn, name: warn_solo, configs: {{message: {text}}}}}\n  - {{id: die, name: die_solo, configs: {{message: {text}}}}}\n",
            text = quoted(&template.replace("context.password", "iter.item"))
        );
        hides(&modules, "\"items (1|iterate) warn\", \"warn (1|) die\"", &made);
    }
}

#[test]
fn a_long_loop_shows_none_of_its_items_texts() {
    let scene = Scene::new();
    let body = format!(
        r#"
modules:
  - {{id: items, name: loop_source, configs: {{from: 1000, to: 1299}}}}
  - {{id: warn, name: warn_solo, configs: {{message: "{{{{ context.password | replace('3', iter.item) | replace('7', iter.item) | replace('r', 'R2') | replace('@', '(a)') }}}}"}}}}
connections: {{control: ["items (1|iterate) warn"]}}
{CONTEXT}"#
    );
    scene.build("job", &body);
    let begun = std::time::Instant::now();
    scene.pype(&["run", "jobs/job", "--log-format", "pretty"]).expect_code(0);
    // Each text costs its masking, and no more: 300 of them are done in well below a second.
    assert!(begun.elapsed() < std::time::Duration::from_secs(10), "{:?}", begun.elapsed());
    scene.project.assert_nowhere((1000..1300).map(|n| format!("c4n(a)R2y/\"S{n}cR2")));
}
