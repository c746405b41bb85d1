//! The recipe of the task.

use crate::Error;
use recurra_nn::StackConfig;
use recurra_train::TrainConfig;
use serde::{Deserialize, Serialize};

/// Everything that a comparison of memories is told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// Always `memory`.
    pub task: String,
    /// One line on what the recipe shows.
    pub about: String,
    /// What is to be remembered.
    pub data: MemoryData,
    /// Who is to remember it.
    pub model: MemoryModel,
    /// How each network is fitted.
    pub train: TrainConfig,
}

/// `[data]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MemoryData {
    /// Every network meets every problem.
    pub problems: Vec<Problem>,
    /// Held-out examples of each problem. Default 1000.
    #[serde(default = "default_test_examples")]
    pub test_examples: usize,
}

/// A problem that asks for a memory of known length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Problem {
    /// Add the two marked numbers of a sequence.
    Adding {
        /// Steps.
        seq_len: usize,
    },
    /// Repeat ten symbols after a pause.
    Copy {
        /// Steps between the last symbol and the signal to repeat.
        pause_len: usize,
    },
}

/// `[model]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MemoryModel {
    /// The networks that are compared.
    pub networks: Vec<NetworkConfig>,
}

/// One of the networks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkConfig {
    /// Its name in charts and folders: letters, digits and `-`.
    pub name: String,
    /// Its recurrent layers.
    pub stack: StackConfig,
    /// A learning rate of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub learning_rate: Option<f64>,
}

fn default_test_examples() -> usize {
    1000
}

fn within(key: &str, value: usize, most: usize) -> Result<(), Error> {
    if !(1..=most).contains(&value) {
        return Err(Error::config(key, format!("1 to {most}"), value));
    }
    Ok(())
}

impl Problem {
    /// The name in charts and in the folder of a network's run.
    pub fn name(self) -> String {
        match self {
            Self::Adding { seq_len } => format!("adding-{seq_len}"),
            Self::Copy { pause_len } => format!("copy-{pause_len}"),
        }
    }

    /// The name in a sentence.
    pub fn title(self) -> String {
        match self {
            Self::Adding { seq_len } => format!("Adding problem, {seq_len} steps"),
            Self::Copy { pause_len } => format!("Copy memory, pause of {pause_len} steps"),
        }
    }
}

impl Recipe {
    pub(super) fn check(&self) -> Result<(), Error> {
        let networks = &self.model.networks;
        if self.data.problems.is_empty() {
            return Err(Error::config(
                "data.problems",
                "at least one problem",
                "none",
            ));
        }
        within("data.test_examples", self.data.test_examples, 1_000_000)?;
        for problem in &self.data.problems {
            match *problem {
                Problem::Adding { seq_len } => within("seq_len", seq_len, 100_000)?,
                Problem::Copy { pause_len } => within("pause_len", pause_len, 100_000)?,
            }
        }
        if networks.is_empty() {
            return Err(Error::config(
                "model.networks",
                "at least one network",
                "none",
            ));
        }
        for (index, network) in networks.iter().enumerate() {
            let key = format!("model.networks[{index}].name");
            let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
            if network.name.is_empty() || !network.name.chars().all(plain) {
                return Err(Error::config(key, "letters, digits and `-`", &network.name));
            }
            if networks[..index].iter().any(|n| n.name == network.name) {
                return Err(Error::config(key, "a name of its own", &network.name));
            }
            for layer in network.stack.expanded()? {
                if layer.bidirectional.is_some() {
                    let key = format!("model.networks[{index}].stack");
                    let want = "layers that read forward: a memory is of the past";
                    return Err(Error::config(key, want, "`bidirectional`"));
                }
            }
            self.train_of(network).validate()?;
        }
        Ok(())
    }

    /// The `[train]` section as `network` sees it.
    pub(super) fn train_of(&self, network: &NetworkConfig) -> TrainConfig {
        let mut train = self.train.clone();
        if let Some(learning_rate) = network.learning_rate {
            train.optimizer.set_learning_rate(learning_rate);
        }
        train
    }
}
