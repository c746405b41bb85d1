//! `cargo xtask sizes`: files are chapters, and long tests have their own file.

use crate::{Findings, sources};
use std::path::Path;

const MAX_FILE_LINES: usize = 600;
const MAX_INLINE_TEST_LINES: usize = 150;

pub(crate) fn check() -> Findings {
    sources::with_extension("rs")
        .iter()
        .flat_map(|source| of_source(&source.path, &source.text))
        .collect()
}

fn of_source(path: &Path, text: &str) -> Findings {
    let mut findings = Findings::new();
    let lines = text.lines().count();
    if lines > MAX_FILE_LINES {
        findings.push(format!(
            "{}: {lines} lines; at most {MAX_FILE_LINES}, split it by what it is about",
            path.display()
        ));
    }
    let tests = inline_test_lines(text);
    if tests > MAX_INLINE_TEST_LINES {
        findings.push(format!(
            "{}: {tests} lines of inline tests; from {MAX_INLINE_TEST_LINES} on they go to a file beside it",
            path.display()
        ));
    }
    findings
}

/// Lines of modules under `#[cfg(test)]`, as rustfmt lays them out.
fn inline_test_lines(text: &str) -> usize {
    let mut count = 0;
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let starts = line == "#[cfg(test)]"
            && lines
                .peek()
                .is_some_and(|next| next.contains("mod ") && next.ends_with('{'));
        if starts {
            count += 1 + lines.by_ref().take_while(|line| *line != "}").count();
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_file_is_found() {
        let path = Path::new("a.rs");
        assert!(of_source(path, &"x\n".repeat(MAX_FILE_LINES)).is_empty());
        assert_eq!(of_source(path, &"x\n".repeat(MAX_FILE_LINES + 1)).len(), 1);
    }

    #[test]
    fn only_modules_of_tests_count_as_tests() {
        let text = "fn a() {}\n#[cfg(test)]\nmod tests;\n#[cfg(test)]\nmod more {\n    fn b() {\n    }\n}\nfn c() {}\n";
        assert_eq!(inline_test_lines(text), 4);
    }
}
