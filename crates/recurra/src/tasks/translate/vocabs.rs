//! The pieces of both sides.

use super::config::{DataConfig, Vocabulary};
use super::pairs::Pair;
use crate::Error;
use recurra_data::Checksum;
use recurra_data::text::moses;
use recurra_data::tokenizer::{Tokenizer, TokenizerConfig};
use recurra_train::Run;

const SOURCE: &str = "source-tokenizer.json";
const TARGET: &str = "target-tokenizer.json";
/// The key of the weights' metadata under which the fingerprint of the pieces is.
pub(super) const FINGERPRINT: &str = "tokenizers";

/// Text to ids and back, for both sides.
#[derive(Debug, Clone)]
pub(super) struct Vocabs {
    pub(super) source: Tokenizer,
    pub(super) target: Tokenizer,
}

impl Vocabs {
    /// Learns the pieces from pairs.
    pub(super) fn learn(config: &DataConfig, pairs: &[&Pair]) -> Result<Self, Error> {
        let sources = pairs.iter().map(|pair| &pair.source);
        let targets = pairs.iter().map(|pair| &pair.target);
        if config.vocabulary == Vocabulary::Separate {
            return Ok(Self {
                source: Tokenizer::train(&config.source, sources)?,
                target: Tokenizer::train(&config.target, targets)?,
            });
        }
        let cut = |text: &String, config: &TokenizerConfig| match config.moses {
            Some(language) => moses::tokenize(text, language).join(" "),
            None => text.clone(),
        };
        let sources = sources.map(|text| cut(text, &config.source));
        let targets = targets.map(|text| cut(text, &config.target));
        let plain = TokenizerConfig {
            moses: None,
            ..config.source.clone()
        };
        let joint = Tokenizer::train(&plain, sources.chain(targets))?;
        Ok(Self {
            source: joint.clone().with_moses(config.source.moses),
            target: joint.with_moses(config.target.moses),
        })
    }

    pub(super) fn write(&self, run: &Run) -> Result<(), Error> {
        run.write(SOURCE, self.source.to_json().as_bytes())?;
        run.write(TARGET, self.target.to_json().as_bytes())?;
        Ok(())
    }

    pub(super) fn read(run: &Run) -> Result<Self, Error> {
        Ok(Self {
            source: Tokenizer::read(&run.path(SOURCE)?)?,
            target: Tokenizer::read(&run.path(TARGET)?)?,
        })
    }

    /// Their sizes.
    pub(super) fn sizes(&self) -> [usize; 2] {
        [self.source.vocab().len(), self.target.vocab().len()]
    }

    /// A checksum of both tokenizers, which weights are kept with: ids of other
    /// pieces would mean nothing to them.
    pub(super) fn fingerprint(&self) -> String {
        let source = Checksum::of(self.source.to_json().as_bytes());
        source.with(self.target.to_json().as_bytes()).to_string()
    }

    /// Refuses the pieces of another run.
    pub(super) fn must_fit(&self, trained_with: Option<&String>, run: &Run) -> Result<(), Error> {
        let own = self.fingerprint();
        if trained_with.is_none_or(|trained_with| *trained_with == own) {
            return Ok(());
        }
        Err(Error::Damaged {
            path: run.dir().join(TARGET),
            reason: format!(
                "{SOURCE} and {TARGET} are not those that the weights were trained with, but of \
                 another run"
            ),
        })
    }
}
