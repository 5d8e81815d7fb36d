//! Dates, paths and bounds of templates in configurations.

use super::{made, tells};
use crate::support::Project;
use crate::support::run::flow;
use std::time::{Duration, Instant};

#[test]
fn dates_and_paths_are_made_in_configurations() {
    let context = "context: {day: {type: str, default: \"2026-03-01\"}, file: {default: in/orders.tar.gz}, at: {type: int, default: 86400}}\n";
    for (template, expected) in [
        ("{{ context.day | date_add(days=-1) }}", "2026-02-28"),
        ("{{ context.day | date_add(months=-1, days=30) | date('%d.%m.%Y') }}", "03.03.2026"),
        ("{{ context.day | date('%G-W%V') }}", "2026-W09"),
        ("{{ context.at | date }}", "1970-01-02"),
        ("{{ context.day | timestamp }}", "1772323200"),
        (
            "{{ context.file | basename }} {{ context.file | stem }} {{ context.file | extension }} {{ context.file | dirname }}",
            "orders.tar.gz orders.tar gz in",
        ),
        ("{{ 'out' | path_join(context.day, 'x.csv') }}", "out/2026-03-01/x.csv"),
        (
            "{{ '2026-03-29T00:30:00Z' | date('%H:%M', 'Europe/Berlin') }} {{ '2026-03-29T01:30:00Z' | date('%H:%M', 'Europe/Berlin') }}",
            "01:30 03:30",
        ),
        ("{{ (run.started_at | date('%Y')) | length }}", "4"),
    ] {
        assert_eq!(made(template, context), expected, "{template}");
    }
}

#[test]
fn they_name_files_of_sources_and_sinks() {
    let project = Project::new();
    project.write("in/2026-02-28.csv", "a\n1\n");
    let body = r#"
modules:
  - {id: src, name: csv_source, configs: {file_path: "{{ 'in' | path_join(context.day | date_add(days=-1)) }}.csv"}}
  - {id: out, name: csv_sink, configs: {output_path: "out/{{ context.day | date('%Y/%m') }}/{{ context.day }}.csv"}}
connections: {data: [src.data - out.input]}
context: {day: {type: str, default: "2026-03-01"}}
"#;
    project.run_flow("days", body);
    assert_eq!(project.read("out/2026/03/2026-03-01.csv"), "a\n1\n");
}

#[test]
fn what_no_date_is_says_so() {
    for template in [
        "{{ 'soon' | date }}",
        "{{ 1 | date('%Y', 'Nowhere/Land') }}",
        "{{ '2026-01-01' | date_add(day=1) }}",
        "{{ 1e300 | date }}",
        "{{ '2026-01-01' | date_add(years=99999) }}",
        "{{ '2026-01-01' | date('%!') }}",
    ] {
        let project = Project::new();
        project.run_fails("job", &tells(template, ""), &["`rows`", "date"]);
    }
}

/// The run of a flow with this template fails, soon and by itself.
#[track_caller]
fn ends(template: &str, words: &[&str]) {
    let project = Project::new();
    let begun = Instant::now();
    let run = project.run_fails("job", &tells(template, ""), words);
    assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", begun.elapsed());
    let peak = run.result["peak_rss_bytes"].as_u64().unwrap();
    assert!(peak < 600 << 20, "{template}: {peak} bytes");
}

#[test]
fn a_template_without_an_end_is_stopped() {
    ends(
        "{% for a in range(9000) %}{% for b in range(9000) %}{% set x = a * b %}{% endfor %}{% endfor %}",
        &["`rows`", "steps"],
    );
}

#[test]
fn a_template_becomes_no_longer_than_a_megabyte() {
    ends("{% for a in range(9000) %}{{ 'x' * 1000 }}{% endfor %}", &["`rows`", "longer than"]);
    let whole = tells("X", "").replace("<X>", "{{ 'x' * 2000000 }}");
    Project::new().run_fails("job", &whole, &["`rows`"]);
}

/// Templates that would make as much as they are told to: each some hundred megabytes, so that the machine stands it where the
/// product does not see to it.
const GREEDY: [&str; 5] = [
    "{{ 'x' | indent(700000000, true) | length }}",
    "{{ ('%700000000d' | format(1)) | length }}",
    "{{ [1, 2, 3] | slice(20000000) | list | length }}",
    "{{ [1] | batch(20000000, 'x') | list | length }}",
    "{{ ('x' * 700000000) | length }}",
];

#[test]
fn no_step_of_a_template_takes_all_memory() {
    let peaks = GREEDY.map(|template| {
        let project = Project::new();
        project.build("job", &tells(template, ""));
        let output = project.pype(&["run", "jobs/job", "--output", "json"]);
        // It may be refused, or well made in little memory.
        (output.code, output.json()["peak_rss_bytes"].as_u64().unwrap() >> 20, template)
    });
    let greedy: Vec<_> = peaks.iter().filter(|(code, peak, _)| ![0, 1].contains(code) || *peak > 400).collect();
    assert!(greedy.is_empty(), "exit code, megabytes, template: {greedy:#?}");
}

#[test]
fn values_do_not_grow_from_turn_to_turn_of_a_loop() {
    let grows = "{% set ns = namespace(x='x') %}{% for a in range(40) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}{{ ns.x | length }}";
    let project = Project::new();
    project.write("job.yaml", flow("job", &tells(grows, "")));
    let output = project.pype(&["build", "job.yaml"]).expect_code(3);
    assert!(output.stderr.contains("P016") && output.stderr.contains("namespace"), "{}", output.stderr);
}

#[test]
fn what_is_too_long_for_a_list_is_refused() {
    ends("{{ range(100000000) | list | length }}", &["`rows`"]);
    ends("{{ ('x' * 100000000000) | length }}", &["`rows`"]);
    let whole = tells("X", "").replace("\"<X>\"", "\"{{ range(9000) | list | string * 100 }}\"");
    Project::new().run_fails("job", &whole, &["`rows`"]);
}
