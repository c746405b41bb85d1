//! The recipe of the task.

use crate::Error;
use recurra_data::SplitFractions;
use recurra_nn::StackConfig;
use recurra_train::TrainConfig;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Everything that a run of this task is told.
///
/// # Example
/// ```
/// use recurra::RecipeSource;
/// let recipe = RecipeSource::find("folk-tunes")?;
/// let overrides = ["data.path=my-midi-files".to_owned(), "data.steps_per_beat=4".to_owned()];
/// assert!(matches!(recipe.resolve(&overrides)?, recurra::Recipe::Music(_)));
/// # Ok::<(), recurra::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// Always `music`.
    pub task: String,
    /// One line on what the recipe shows.
    pub about: String,
    /// Where the tunes come from.
    pub data: MusicData,
    /// The network.
    pub model: ModelConfig,
    /// How it is fitted.
    pub train: TrainConfig,
}

/// `[data]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MusicData {
    /// A data set by its place in the folder of data sets, or the folder given as `path`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dataset: Option<String>,
    /// A JSON file of piano rolls (plain, `.gz` or `.zst`), a `.mid` file or a folder of them,
    /// or a text of tunes. Default: the folk tunes that are built in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<PathBuf>,
    /// JSON: the MIDI pitch of key 0. Default 0, as when the numbers are pitches.
    #[serde(default)]
    pub lowest_pitch: u8,
    /// Steps in a quarter note: the grid of MIDI files, read and written. Default 2.
    #[serde(default = "two")]
    pub steps_per_beat: u16,
    /// Tempo of what is written, in quarter notes a minute. Default 100.
    #[serde(default = "hundred")]
    pub beats_per_minute: u16,
    /// Parts of tunes that come without parts. Default 80 %, 10 %, 10 %.
    #[serde(default = "tenths")]
    pub split: SplitFractions,
    /// Most steps that training reads in one piece. Default: whole tunes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window_len: Option<usize>,
    /// Training shifts each piece by a random number of semitones, at most this many up or
    /// down. Default 0.
    #[serde(default)]
    pub transpose: u8,
}

/// `[model]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelConfig {
    /// Probability of not seeing a key while training. Default 0.
    #[serde(default)]
    pub input_dropout: f64,
    /// The recurrent layers.
    pub stack: StackConfig,
    /// Probability of dropping a unit of the last layer. Default 0.
    #[serde(default)]
    pub output_dropout: f64,
}

fn two() -> u16 {
    2
}

fn hundred() -> u16 {
    100
}

fn tenths() -> SplitFractions {
    SplitFractions {
        train: 0.8,
        valid: 0.1,
        test: 0.1,
    }
}

/// An octave: further away a tune is another one.
const MAX_TRANSPOSE: u8 = 12;

impl Recipe {
    pub(super) fn check(&self) -> Result<(), Error> {
        let data = &self.data;
        data.split.check()?;
        let split = data.split;
        for (key, share) in [
            ("data.split.valid", split.valid),
            ("data.split.test", split.test),
        ] {
            if share == 0.0 {
                return Err(Error::config(key, "a share above 0", share));
            }
        }
        if data.lowest_pitch > 127 {
            let want = "a MIDI pitch, 0 to 127";
            return Err(Error::config("data.lowest_pitch", want, data.lowest_pitch));
        }
        for (key, value, [least, most]) in [
            ("data.steps_per_beat", data.steps_per_beat, [1, 24]),
            ("data.beats_per_minute", data.beats_per_minute, [10, 400]),
        ] {
            if !(least..=most).contains(&value) {
                return Err(Error::config(key, format!("{least} to {most}"), value));
            }
        }
        if let Some(window_len) = data.window_len
            && !(2..=1_000_000).contains(&window_len)
        {
            return Err(Error::config("data.window_len", "2 to 1000000", window_len));
        }
        if data.transpose > MAX_TRANSPOSE {
            let want = format!("0 to {MAX_TRANSPOSE} semitones");
            return Err(Error::config("data.transpose", want, data.transpose));
        }
        for (key, dropout) in [
            ("model.input_dropout", self.model.input_dropout),
            ("model.output_dropout", self.model.output_dropout),
        ] {
            if !(0.0..1.0).contains(&dropout) {
                return Err(Error::config(key, "a probability in [0, 1)", dropout));
            }
        }
        for layer in self.model.stack.expanded()? {
            layer.cell()?;
            layer.noise()?;
            if layer.bidirectional.is_some() {
                return Err(Error::config(
                    "model.stack",
                    "layers that read forward: what follows is what is asked for",
                    "`bidirectional`",
                ));
            }
        }
        Ok(())
    }
}
