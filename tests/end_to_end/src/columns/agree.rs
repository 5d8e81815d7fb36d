//! What the build says of an expression, the run says too; and what the run stumbles over for its columns, the build has found.

use super::{codes, filtered, people};

/// What hangs on values is the run's alone: it is not here.
const CONDITIONS: &[&str] = &[
    "age > 18",
    "age",
    "age + 1",
    "1",
    "true",
    "Age > 1",
    "nosuch > 1",
    "name > 5",
    "name > 'a'",
    "name + age > 3",
    "name || age = 'x'",
    "upper(age) = 'x'",
    "length(age) > 1",
    "length(name) > 1",
    "round(name) > 1",
    "round(age) > 1",
    "abs(name) > 1",
    "-name = 3",
    "age = 'x'",
    "age BETWEEN 'a' AND 3",
    "age BETWEEN 1 AND 3",
    "age IN (1, 2)",
    "age IN ('a')",
    "name IN (1, 2)",
    "age LIKE 'x%'",
    "name LIKE 'x%'",
    "name LIKE age",
    "name ~ '^a'",
    "age ~ '^a'",
    "regexp_like(name, '[')",
    "date_part('year', name) > 3",
    "coalesce(name, age) = 1",
    "coalesce(age, 0) = 1",
    "nullif(age, 'x') > 1",
    "greatest(age, name) > 1",
    "CASE WHEN age THEN 1 ELSE 'a' END = 1",
    "CASE WHEN age > 1 THEN 1 ELSE 0 END = 1",
    "substr(name, 1, 2) = 'an'",
    "substr(name, 1, 2) = 3",
    "substr(name, 'a') = 'x'",
    "frobnicate(age) > 1",
    "name IS NULL",
    "sum(age) > 3",
    "age > 1 AND name",
    "NOT name = 'x'",
];

#[test]
fn build_and_run_agree_about_every_expression() {
    let project = people();
    let mut wrong = Vec::new();
    for condition in CONDITIONS {
        let body = filtered(condition);
        let found = codes(&project, &body, &[]);
        project.build_unseen("flow", &body);
        let run = project.pype(&["run", "jobs/flow", "--output", "json"]);
        if found.is_empty() != (run.code == 0) {
            wrong.push(format!("{condition}: found {found:?}, and the run ended with {}: {}", run.code, run.stderr));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
