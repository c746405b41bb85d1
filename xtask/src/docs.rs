//! `cargo xtask docs`: examples are compiled, links lead somewhere.

use crate::Findings;
use crate::sources::{self, Source};
use std::collections::HashMap;
use std::path::{Component, Path, PathBuf};

pub(crate) fn check() -> Findings {
    let pages = sources::with_extension("md");
    let code = sources::with_extension("rs");
    let mut findings = Findings::new();
    for source in code.iter().chain(&pages) {
        findings.extend(ignored_fences(source));
    }
    findings.extend(dead_links(&pages));
    findings
}

fn ignored_fences(source: &Source) -> Findings {
    let is_ignored = |line: &str| {
        let line = line.trim_start_matches([' ', '/', '!']);
        line.strip_prefix("```")
            .is_some_and(|tags| tags.split([',', ' ']).any(|tag| tag == "ignore"))
    };
    numbered(&source.text)
        .filter(|(_, line)| is_ignored(line))
        .map(|(number, _)| {
            format!(
                "{}:{number}: an ignored example; let it run, or mark it `text`",
                source.path.display()
            )
        })
        .collect()
}

fn dead_links(pages: &[Source]) -> Findings {
    let anchors: HashMap<&Path, Vec<String>> = pages
        .iter()
        .map(|page| (page.path.as_path(), anchors(&page.text)))
        .collect();
    let mut findings = Findings::new();
    for page in pages {
        for (number, line) in prose(&page.text) {
            for link in links(&line) {
                if let Some(fault) = fault(&page.path, link, &anchors) {
                    findings.push(format!(
                        "{}:{number}: link to {link}: {fault}",
                        page.path.display()
                    ));
                }
            }
        }
    }
    findings
}

/// What is wrong with a link from `page`, if it stays in the repository.
fn fault(page: &Path, link: &str, anchors: &HashMap<&Path, Vec<String>>) -> Option<&'static str> {
    if link.contains("://") || link.starts_with("mailto:") {
        return None;
    }
    let (file, anchor) = match link.split_once('#') {
        Some((file, anchor)) => (file, Some(anchor)),
        None => (link, None),
    };
    let target = if file.is_empty() {
        page.to_owned()
    } else {
        let target = normalised(&page.parent().unwrap_or(Path::new("")).join(file));
        if !sources::root().join(&target).exists() {
            return Some("there is no such file");
        }
        target
    };
    let anchor = anchor?;
    let known = anchors.get(target.as_path())?;
    (!known.iter().any(|known| known == anchor)).then_some("there is no such heading")
}

/// `a/b/../c` as `a/c`.
fn normalised(path: &Path) -> PathBuf {
    let mut parts = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                parts.pop();
            }
            Component::CurDir => {}
            other => parts.push(other),
        }
    }
    parts
}

/// Targets of `[text](target)`, `src="target"` and `href="target"`.
fn links(line: &str) -> Vec<&str> {
    [("](", ')'), ("src=\"", '"'), ("href=\"", '"')]
        .into_iter()
        .flat_map(|(opening, closing)| {
            line.match_indices(opening).filter_map(move |(at, _)| {
                let rest = &line[at + opening.len()..];
                let target = &rest[..rest.find(closing)?];
                // A title may follow: [text](target "title").
                target.split_whitespace().next()
            })
        })
        .collect()
}

/// Headings as GitHub makes anchors of them.
fn anchors(text: &str) -> Vec<String> {
    let mut seen: HashMap<String, usize> = HashMap::new();
    prose(text)
        .filter_map(|(_, line)| {
            let title = line.trim_start_matches('#');
            let level = line.len() - title.len();
            let is_heading = (1..=6).contains(&level) && title.starts_with(' ');
            let slug = is_heading.then(|| slug(title.trim()))?;
            let count = seen.entry(slug.clone()).or_insert(0);
            *count += 1;
            Some(match *count {
                1 => slug,
                more => format!("{slug}-{}", more - 1),
            })
        })
        .collect()
}

fn slug(title: &str) -> String {
    title
        .to_lowercase()
        .chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}

/// Lines outside code fences, with their numbers and without code spans.
fn prose(text: &str) -> impl Iterator<Item = (usize, String)> {
    let mut in_fence = false;
    numbered(text).filter_map(move |(number, line)| {
        if line.trim_start().starts_with("```") {
            in_fence = !in_fence;
            return None;
        }
        (!in_fence).then(|| (number, without_code(line)))
    })
}

fn without_code(line: &str) -> String {
    let is_heading = line.starts_with('#');
    line.split('`')
        .enumerate()
        .filter(|(index, _)| is_heading || index.is_multiple_of(2))
        .map(|(_, part)| part)
        .collect()
}

fn numbered(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines()
        .enumerate()
        .map(|(index, line)| (index + 1, line))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(text: &str) -> Source {
        Source {
            path: PathBuf::from("xtask/README.md"),
            text: text.to_owned(),
        }
    }

    #[test]
    fn an_ignored_example_is_found_whatever_else_its_fence_says() {
        let fence = |tags: &str| page(&format!("/// ```{tags}\n/// ```\n"));
        assert_eq!(ignored_fences(&fence("rust,ignore")).len(), 1);
        assert_eq!(ignored_fences(&fence("ignore")).len(), 1);
        assert!(ignored_fences(&fence("text")).is_empty());
    }

    #[test]
    fn links_into_the_repository_are_followed() {
        let good = page(
            "# A `b` C!\n[toml](Cargo.toml) [up](../Cargo.toml) [here](#a-b-c) [web](https://a.b/c)\n",
        );
        assert_eq!(dead_links(&[good]), Findings::new());
        let bad = page("[x](missing.md)\n[y](#nowhere)\n`[z](code)`\n```\n[w](fence)\n```\n");
        assert_eq!(
            dead_links(&[bad]),
            [
                "xtask/README.md:1: link to missing.md: there is no such file",
                "xtask/README.md:2: link to #nowhere: there is no such heading",
            ]
        );
    }

    #[test]
    fn headings_of_the_same_name_are_numbered() {
        assert_eq!(
            anchors("# One\n## One\n# 한국어 제목\n"),
            ["one", "one-1", "한국어-제목"]
        );
    }
}
