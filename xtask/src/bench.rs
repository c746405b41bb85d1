//! `cargo xtask bench`: the kernels' own benchmarks, one table each.
//!
//! Each file in `crates/kernels/benches` prints comma-separated lines under a line of names;
//! arguments behind `bench` reach all of them. `--peers` times other libraries too, through
//! `bench/peers/run`.

use crate::sources;
use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

const BENCHES: &str = "crates/kernels/benches";

pub(crate) fn run(arguments: &[String]) -> ExitCode {
    let root = sources::root();
    let (peers, arguments): (Vec<_>, Vec<_>) = arguments
        .iter()
        .partition(|argument| *argument == "--peers");
    let names = match benches(&root.join(BENCHES)) {
        Ok(names) => names,
        Err(error) => {
            eprintln!("{BENCHES}: {error}");
            return ExitCode::FAILURE;
        }
    };
    for name in names {
        match lines(&root, &name, &arguments) {
            Ok(text) => eprintln!("== {name}\n{}", table(&text)),
            Err(error) => {
                eprintln!("== {name}: {error}");
                return ExitCode::FAILURE;
            }
        }
    }
    if peers.is_empty() {
        return ExitCode::SUCCESS;
    }
    match Command::new(root.join("bench/peers/run")).status() {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("bench/peers/run: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The benchmarks in `folder`, by name.
fn benches(folder: &Path) -> std::io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "rs")
            && let Some(name) = path.file_stem()
        {
            names.push(name.to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}

/// What the benchmark prints.
fn lines(root: &Path, name: &str, arguments: &[&String]) -> Result<String, String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .current_dir(root)
        .args([
            "bench",
            "--quiet",
            "--package",
            "recurra-kernels",
            "--bench",
            name,
            "--",
        ])
        .args(arguments)
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err(output.status.to_string());
    }
    String::from_utf8(output.stdout).map_err(|error| error.to_string())
}

/// Comma-separated lines in columns; numbers to the right.
fn table(text: &str) -> String {
    let rows: Vec<Vec<&str>> = text.lines().map(|line| line.split(',').collect()).collect();
    let count = rows.iter().map(Vec::len).max().unwrap_or(0);
    let widths: Vec<usize> = (0..count)
        .map(|column| {
            let cells = rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        })
        .collect();
    let mut table = String::new();
    for row in rows {
        let cells = row.iter().zip(&widths).map(|(cell, &width)| {
            if cell.parse::<f64>().is_ok() {
                format!("{cell:>width$}")
            } else {
                format!("{cell:width$}")
            }
        });
        let line = cells.collect::<Vec<_>>().join("  ");
        table.push_str(line.trim_end());
        table.push('\n');
    }
    table
}

#[cfg(test)]
mod tests {
    use super::table;

    #[test]
    fn columns_line_up_and_numbers_stand_to_the_right() {
        assert_eq!(
            table("cell,ms\nlstm,1.5\ngru,10.25\n"),
            "cell  ms\nlstm    1.5\ngru   10.25\n"
        );
    }
}
