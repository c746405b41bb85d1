//! `cargo xtask layers`: a crate depends only on the layers below it.

use crate::{Findings, sources};
use cargo_metadata::{DependencyKind, MetadataCommand, Package};
use std::path::Path;

/// A crate of the workspace and what it may be built on.
struct Rule {
    name: &'static str,
    /// Crates of the workspace, all of lower layers.
    below: &'static [&'static str],
    /// Whether it may know the tensor library.
    tensors: bool,
}

const RULES: &[Rule] = &[
    rule("recurra-kernels", &[], false),
    rule("recurra-data", &[], false),
    rule("recurra-nn", &["recurra-kernels"], true),
    rule("recurra-train", &["recurra-nn", "recurra-data"], true),
    rule(
        "recurra",
        &[
            "recurra-kernels",
            "recurra-data",
            "recurra-nn",
            "recurra-train",
        ],
        true,
    ),
    rule("recurra-cli", &["recurra"], false),
    rule(TESTKIT, &[], false),
    rule("xtask", &[], false),
];

const fn rule(name: &'static str, below: &'static [&'static str], tensors: bool) -> Rule {
    Rule {
        name,
        below,
        tensors,
    }
}

/// Only tests may use it.
const TESTKIT: &str = "recurra-testkit";

/// The tensor library's extension API, and the one folder that may touch it.
const EXTENSION_API: &str = "burn::backend";
const EXTENSION_FOLDER: &str = "crates/nn/src/ops";

pub(crate) fn check() -> Findings {
    let metadata = MetadataCommand::new()
        .manifest_path(sources::root().join("Cargo.toml"))
        .no_deps()
        .exec();
    let packages = match metadata {
        Ok(metadata) => metadata.packages,
        Err(error) => return vec![format!("cargo metadata: {error}")],
    };
    let mut findings: Findings = packages.iter().flat_map(of_package).collect();
    for source in sources::with_extension("rs") {
        findings.extend(of_source(&source.path, &source.text));
    }
    findings
}

fn of_package(package: &Package) -> Findings {
    let name = package.name.as_str();
    let Some(rule) = RULES.iter().find(|rule| rule.name == name) else {
        return vec![format!(
            "{name}: in no layer; give it one in xtask/src/layers.rs"
        )];
    };
    package
        .dependencies
        .iter()
        .filter_map(|dependency| {
            let other = dependency.name.as_str();
            let fault = fault(rule, other, dependency.kind == DependencyKind::Development)?;
            Some(format!("{name}: depends on {other}, but {fault}"))
        })
        .collect()
}

/// Why the dependency may not be, if it may not.
fn fault(rule: &Rule, other: &str, development: bool) -> Option<&'static str> {
    if other == TESTKIT {
        return (!development).then_some("testkit is for tests only");
    }
    if other == "burn" || other.starts_with("burn-") {
        return (!rule.tensors).then_some("only nn and the crates above it know tensors");
    }
    let in_workspace = RULES.iter().any(|rule| rule.name == other);
    (in_workspace && !rule.below.contains(&other)).then_some("that is not a layer below it")
}

fn of_source(path: &Path, text: &str) -> Findings {
    // This file has to name what it looks for.
    if path.starts_with(EXTENSION_FOLDER) || path.starts_with("xtask") {
        return Vec::new();
    }
    text.lines()
        .enumerate()
        .filter(|(_, line)| line.contains(EXTENSION_API))
        .map(|(index, _)| {
            format!(
                "{}:{}: only {EXTENSION_FOLDER} may use {EXTENSION_API}",
                path.display(),
                index + 1
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule_of(name: &str) -> &'static Rule {
        RULES.iter().find(|rule| rule.name == name).unwrap()
    }

    #[test]
    fn lower_layers_are_allowed_and_others_are_not() {
        let nn = rule_of("recurra-nn");
        assert!(fault(nn, "recurra-kernels", false).is_none());
        assert!(fault(nn, "recurra-data", false).is_some());
        assert!(fault(nn, "recurra-train", true).is_some());
        assert!(fault(rule_of("recurra-data"), "burn", false).is_some());
        assert!(fault(nn, "burn", false).is_none());
        assert!(fault(nn, "serde", false).is_none());
    }

    #[test]
    fn testkit_is_for_tests() {
        let kernels = rule_of("recurra-kernels");
        assert!(fault(kernels, TESTKIT, true).is_none());
        assert!(fault(kernels, TESTKIT, false).is_some());
    }

    #[test]
    fn the_extension_api_stays_in_its_folder() {
        let line = "use burn::backend::autodiff::grads;";
        assert!(of_source(Path::new("crates/nn/src/ops/sequence.rs"), line).is_empty());
        assert_eq!(
            of_source(Path::new("crates/nn/src/unroll.rs"), line),
            ["crates/nn/src/unroll.rs:1: only crates/nn/src/ops may use burn::backend"]
        );
    }
}
