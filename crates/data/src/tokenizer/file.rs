//! The JSON form of a tokenizer.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::bpe::Bpe;
use super::config::{Pieces, TokenizerConfig};
use super::model::{Cutter, Tokenizer};
use super::unigram::Unigram;
use super::wordpiece::Wordpiece;
use crate::error::DataError;
use crate::text::Unit;
use crate::vocab::Vocab;

const FORMAT: &str = "recurra-tokenizer";
const VERSION: u32 = 1;
/// The largest file that is read: a bound on memory, whatever the file holds.
const MAX_BYTES: u64 = 1 << 28;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format: String,
    version: u32,
    config: TokenizerConfig,
    /// In the order of their ids; the first has id 4, behind the specials.
    pieces: Vec<String>,
    /// Of BPE: pairs of places in `pieces`, first to last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    merges: Vec<(u32, u32)>,
    /// Of unigram: the natural logarithm of each piece's probability.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    scores: Vec<f32>,
}

impl Tokenizer {
    /// The JSON form, which [`Tokenizer::from_json`] and [`Tokenizer::read`] take back: format and
    /// version, the configuration, the pieces in the order of their ids from 4 on, and the merges
    /// of BPE or the scores of a unigram model.
    ///
    /// # Example
    /// ```
    /// use recurra_data::tokenizer::{Tokenizer, TokenizerConfig};
    ///
    /// let tokenizer = Tokenizer::train(&TokenizerConfig::default(), ["a rose is a rose"])?;
    /// let again = Tokenizer::from_json(&tokenizer.to_json(), "tokenizer.json".as_ref())?;
    /// assert_eq!(again, tokenizer);
    /// # Ok::<(), recurra_data::DataError>(())
    /// ```
    pub fn to_json(&self) -> String {
        let (merges, scores) = match &self.cutter {
            Cutter::Bpe(bpe) => (bpe.merges.clone(), Vec::new()),
            Cutter::Unigram(unigram) => (
                Vec::new(),
                unigram.scores.iter().map(|&score| score as f32).collect(),
            ),
            Cutter::Unit(_) | Cutter::Words | Cutter::Wordpiece(_) => (Vec::new(), Vec::new()),
        };
        let file = File {
            format: FORMAT.to_owned(),
            version: VERSION,
            config: self.config.clone(),
            pieces: self.vocab.tokens().to_vec(),
            merges,
            scores,
        };
        serde_json::to_string(&file).expect("text, whole numbers and finite ones are JSON") + "\n"
    }

    /// Reads the JSON form. `origin` is for the error message alone.
    ///
    /// # Errors
    /// [`DataError::TokenizerFile`] for a foreign file, another version or parts that do not fit;
    /// [`DataError::Setting`] and [`DataError::DuplicateToken`] for what is in it.
    pub fn from_json(text: &str, origin: &Path) -> Result<Self, DataError> {
        let problem = |problem: String| DataError::TokenizerFile {
            path: origin.to_owned(),
            problem,
        };
        let file: File = serde_json::from_str(text).map_err(|error| problem(error.to_string()))?;
        if file.format != FORMAT || file.version != VERSION {
            return Err(problem(format!(
                "expected `{FORMAT}` of version {VERSION}, got `{}` of version {}",
                file.format, file.version
            )));
        }
        let File {
            config,
            pieces,
            merges,
            scores,
            ..
        } = file;
        config.check()?;
        let wanted_scores = if config.pieces == Pieces::Unigram {
            pieces.len()
        } else {
            0
        };
        if scores.len() != wanted_scores {
            return Err(problem(format!(
                "{} scores for {wanted_scores} pieces",
                scores.len()
            )));
        }
        let out_of_range = |&&(left, right): &&(u32, u32)| left.max(right) as usize >= pieces.len();
        if let Some((left, right)) = merges.iter().find(out_of_range) {
            return Err(problem(format!(
                "a merge of {left} and {right} among {} pieces",
                pieces.len()
            )));
        }
        let vocab = Vocab::from_tokens(pieces.iter().cloned())?;
        let cutter = match config.pieces {
            Pieces::Characters => Cutter::Unit(Unit::Letter),
            Pieces::Jamo => Cutter::Unit(Unit::Jamo),
            Pieces::Words => Cutter::Words,
            Pieces::Bpe => Cutter::Bpe(Bpe::new(pieces, merges)),
            Pieces::Wordpiece => Cutter::Wordpiece(Wordpiece::new(pieces)),
            Pieces::Unigram => Cutter::Unigram(Unigram::new(
                pieces,
                scores.into_iter().map(f64::from).collect(),
            )),
        };
        Ok(Self {
            config,
            vocab,
            cutter,
        })
    }

    /// Reads the JSON form from a file.
    ///
    /// # Errors
    /// [`DataError::Io`], and as [`Tokenizer::from_json`].
    pub fn read(path: &Path) -> Result<Self, DataError> {
        use std::io::Read as _;
        let io_error = |source| DataError::Io {
            path: path.to_owned(),
            source,
        };
        let mut text = String::new();
        let file = std::fs::File::open(path).map_err(io_error)?;
        file.take(MAX_BYTES)
            .read_to_string(&mut text)
            .map_err(io_error)?;
        Self::from_json(&text, path)
    }
}
