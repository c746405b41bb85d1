//! The task `music`: a piano roll, and which notes sound at the next step.
//!
//! A step reads which of a piano's 88 keys sound and says of each key how likely it is to
//! sound at the step after. The figure is the negative log-likelihood in nats a step, the sum
//! over the keys, as in Boulanger-Lewandowski et al. 2012: the keys are independent *given*
//! what was heard before. Nothing tells a note that is held from one that is struck again, as
//! nothing in the published rolls does.
//!
//! Tunes come from JSON files of piano rolls, from MIDI files, and from texts of tunes
//! ([`recurra_data::music::parse_tunes`]); what a trained network makes of a tune goes out as MIDI and as a picture.
//!
//! Beside the network stand the keys' own frequencies, and how often each key goes on or
//! begins after it has sounded or not: a network that only repeats the last step is no
//! better than that.

mod config;
mod data;
mod fit;
mod infer;
mod judge;
mod model;
mod report;
#[cfg(test)]
mod tests;
mod windows;

pub use config::{ModelConfig, MusicData, Recipe};
pub use infer::Music;
pub use model::MusicModel;

use super::{Task, by_usual_files};
use crate::{Error, GenerateOptions, Generated};
use recurra_train::Run;

/// The task's name in recipes and runs.
pub const NAME: &str = "music";

impl Task for Recipe {
    by_usual_files!();
    by_usual_files!(open);

    fn generate(
        &self,
        run: &Run,
        options: &GenerateOptions,
        say: &mut dyn FnMut(&str) -> Result<(), Error>,
    ) -> Result<Generated, Error> {
        infer::generate(self, run, options, say)
    }
}
