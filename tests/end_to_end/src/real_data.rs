//! Public data sets, if they are to be had: real NULL words, real quotes, real sizes.

use crate::support::Project;
use std::path::PathBuf;

/// A file of the folder that `PYPE_TEST_DATA` names.
fn data(name: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("PYPE_TEST_DATA").filter(|folder| !folder.is_empty());
    let path = folder.map(|folder| PathBuf::from(folder).join(name)).filter(|path| path.is_file());
    if path.is_none() {
        eprintln!("skipped: PYPE_TEST_DATA names no folder with {name}");
    }
    path
}

/// Lines of a file; no value in these files holds a line break.
fn lines(path: &PathBuf) -> Vec<String> {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().map(str::to_owned).collect()
}

#[test]
fn routes_have_their_own_word_for_null() {
    let Some(path) = data("openflights/routes.dat") else { return };
    let rows = lines(&path);
    // Number of stops is the eighth value; the airline's id the second.
    let value = |row: &String, at: usize| row.split(',').nth(at).unwrap().to_owned();
    let without_id = rows.iter().filter(|row| value(row, 1) == "\\N").count() as u64;
    assert!(without_id > 0);
    let body = format!(
        r#"
modules:
  - {{id: src, name: csv_source, configs: {{file_path: "{}", header: false, null_values: ['\N']}}}}
  - {{id: keep, name: filter_mod, configs: {{condition: "column_2 IS NOT NULL"}}}}
  - {{id: known, name: parquet_sink, configs: {{output_path: known.parquet}}}}
  - {{id: unknown, name: csv_sink, configs: {{output_path: unknown.csv, header: false, null_value: '\N'}}}}
connections: {{data: [src.data - keep.input, keep.output - known.input, keep.reject - unknown.input]}}
"#,
        path.display()
    );
    let project = Project::new();
    let run = project.run_flow("routes", &body);
    assert_eq!(run.rows("src.data", "keep.input"), rows.len() as u64);
    assert_eq!(run.rows("keep.reject", "unknown.input"), without_id);
    assert_eq!(run.rows("keep.output", "known.input"), rows.len() as u64 - without_id);
    // Empty values are NULL too, and are written with its word: what stands before them is as it was.
    let head = |row: &str| row.split(',').take(6).map(str::to_owned).collect::<Vec<_>>();
    let expected: Vec<Vec<String>> = rows.iter().filter(|row| value(row, 1) == "\\N").map(|row| head(row)).collect();
    let written: Vec<Vec<String>> = project.read("unknown.csv").lines().map(head).collect();
    assert!(written == expected, "rows differ, or their order does");
}

#[test]
fn weather_is_filtered_as_a_plain_count_says() {
    let Some(path) = data("nycflights13/weather.csv") else { return };
    let rows = lines(&path);
    let header: Vec<&str> = rows[0].split(',').collect();
    let at = header.iter().position(|name| name.trim_matches('"') == "temp").unwrap();
    let temperature = |row: &String| row.split(',').nth(at).unwrap().parse::<f64>().ok();
    let warm = rows[1..].iter().filter(|row| temperature(row).is_some_and(|degrees| degrees > 75.0)).count() as u64;
    assert!(warm > 0);
    let body = format!(
        r#"
modules:
  - {{id: src, name: csv_source, configs: {{file_path: "{}", null_values: [NA], infer_rows: 50000}}}}
  - {{id: keep, name: filter_mod, configs: {{condition: "temp > 75"}}}}
  - {{id: show, name: log_rows_mod, configs: {{rows: 3}}}}
  - {{id: warm, name: parquet_sink, configs: {{output_path: warm.parquet}}}}
  - {{id: cold, name: parquet_sink, configs: {{output_path: cold.parquet}}}}
connections:
  data: [src.data - keep.input, keep.output - show.input, show.output - warm.input, keep.reject - cold.input]
"#,
        path.display()
    );
    let project = Project::new();
    let run = project.run_flow("weather", &body);
    assert_eq!(run.rows("show.output", "warm.input"), warm);
    assert_eq!(run.rows("keep.reject", "cold.input"), rows.len() as u64 - 1 - warm);
}
