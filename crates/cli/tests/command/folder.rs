//! Running the binary in a folder of its own.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// A network that learns forty words within a second.
pub(crate) const TINY: &str = r#"
task = "complete"
about = "Forty words, quickly"

[data]
form = "any-prefix"
path = "words.txt"
max_len = 12
split = { train = 0.8, valid = 0.1, test = 0.1 }

[model]
input = "one-hot"

[model.stack]
layer = { cell = "lstm", hidden_size = 16 }
dropout = 0.1
num_layers = 2

[train]
batch_size = 8
updates = 120
evaluate_every = 10
checkpoint_every = 7
clip_norm = 1.0
optimizer = { name = "adam", learning_rate = 0.01 }
"#;

const WORDS: &str = "\
able about above across act add after again age air all allow alone along also
answer any apple area arm ask away baby back ball bank base bear beat bed before
begin below best better bird black blood blue";

/// What a finished process left.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Done {
    /// Standard output as the one JSON object that it has to be.
    pub(crate) fn json(&self) -> serde_json::Value {
        let value: serde_json::Value = serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("{error} in {:?}", self.stdout));
        assert!(value.is_object(), "{value}");
        value
    }

    /// The same, when the exit code is 0.
    pub(crate) fn fine(self) -> Self {
        assert_eq!(self.code, Some(0), "{}", self.stderr);
        self
    }
}

/// A folder with a recipe `tiny.toml` and its `words.txt`.
#[derive(Debug)]
pub(crate) struct Folder {
    place: TempDir,
}

impl Folder {
    pub(crate) fn new() -> Self {
        let folder = Self {
            place: tempfile::tempdir().unwrap(),
        };
        folder.write("tiny.toml", TINY);
        let words: Vec<&str> = WORDS.split_whitespace().collect();
        folder.write("words.txt", words.join("\n") + "\n");
        folder
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), bytes).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        let path = self.path(name);
        std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// All files below, relative, in order.
    pub(crate) fn files(&self) -> Vec<String> {
        let mut files = Vec::new();
        collect(self.place.path(), self.place.path(), &mut files);
        files.sort();
        files
    }

    /// The command, not yet started; its standard streams are pipes.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_recurra"));
        self.prepare(&mut command);
        command.args(arguments);
        command
    }

    /// A shell that has the binary's path as `$0`.
    pub(crate) fn shell(&self, script: &str) -> Done {
        let mut command = Command::new("sh");
        self.prepare(&mut command);
        command.args(["-c", script, env!("CARGO_BIN_EXE_recurra")]);
        done(command, b"")
    }

    fn prepare(&self, command: &mut Command) {
        command
            .current_dir(self.place.path())
            .env_remove("RECURRA_DATA")
            .env_remove("RAYON_NUM_THREADS")
            .env_remove("RUST_BACKTRACE")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Done {
        done(self.command(arguments), b"")
    }

    pub(crate) fn run_with_input(&self, arguments: &[&str], input: &[u8]) -> Done {
        done(self.command(arguments), input)
    }
}

fn done(mut command: Command, input: &[u8]) -> Done {
    let mut child = command.spawn().unwrap();
    // Whoever does not read its input may be gone already.
    let _ = child.stdin.take().unwrap().write_all(input);
    let output = child.wait_with_output().unwrap();
    let done = Done {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    };
    assert!(!done.stderr.contains("panicked"), "{}", done.stderr);
    done
}

fn collect(root: &Path, folder: &Path, files: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(root, &path, files);
        } else {
            let relative = path.strip_prefix(root).unwrap();
            files.push(relative.display().to_string());
        }
    }
}
