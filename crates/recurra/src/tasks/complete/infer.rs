//! A trained model at work.

use super::config::{DataConfig, Form, Recipe};
use super::data::read_vocab;
use super::judge::{Tally, judge_model};
use super::model::CompletionModel;
use super::search::complete;
use super::streamed::judge_streamed;
use crate::Error;
use crate::artifact;
use crate::tasks::streamed::{StreamedModel, log_softmax};
use crate::tasks::{PredictOptions, Prediction, Predictor, device};
use recurra_data::{Specials, TokenBatch, TokenId, Vocab};
use recurra_nn::streaming::Precision;
use recurra_nn::weights::values;
use recurra_nn::{Mode, NnError};
use recurra_train::Run;
use recurra_train::baseline::Completion;
use serde_json::json;

/// An open run of this task: a prefix in, its likeliest completions out.
#[derive(Debug)]
pub struct Complete {
    config: DataConfig,
    vocab: Vocab,
    model: CompletionModel,
    /// What answers instead, in a precision of fewer bits.
    streamed: Option<StreamedModel>,
}

/// A whole word and how likely it is, given its prefix.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Completed {
    pub(super) word: String,
    pub(super) prob: f64,
}

pub(crate) fn open(recipe: &Recipe, run: &Run, precision: Precision) -> Result<Complete, Error> {
    let vocab = read_vocab(run)?;
    let model = recipe
        .model
        .build(vocab.len(), recipe.train.seed, &device())?;
    let model = artifact::read(run, model, precision)?.0;
    let streamed = match precision {
        Precision::F32 => None,
        _ => Some(model.streamed(precision)?),
    };
    Ok(Complete {
        streamed,
        ..Complete::new(recipe, vocab, model)
    })
}

impl Complete {
    pub(super) fn new(recipe: &Recipe, vocab: Vocab, model: CompletionModel) -> Self {
        Self {
            config: recipe.data.clone(),
            vocab,
            model,
            streamed: None,
        }
    }

    pub(super) fn model(&self) -> &CompletionModel {
        &self.model
    }

    /// The predictions on rows.
    pub(super) fn tally(&self, rows: &[&[TokenId]]) -> Result<Tally, NnError> {
        match &self.streamed {
            None => judge_model(&self.model, self.config.form, rows),
            Some(model) => judge_streamed(model, self.config.form, rows),
        }
    }

    /// The `k` likeliest ways in which a prefix goes on to the end of a word.
    pub(super) fn complete(
        &self,
        prefix: &[TokenId],
        k: usize,
    ) -> Result<Vec<Completion>, NnError> {
        match self.config.form {
            Form::LastLetter => {
                let logits = match &self.streamed {
                    None => last_logits(&self.model, prefix)?,
                    Some(model) => model.last_logits(prefix)?,
                };
                Ok(last_letters(&logits, k))
            }
            Form::AnyPrefix => {
                // A shorter word is none of the list's, the empty one above all.
                let left = |len: usize| len.saturating_sub(prefix.len());
                let lens = left(self.config.min_len)..=left(self.config.max_len);
                let bos = Specials::STANDARD.bos;
                let read = [&[bos], prefix].concat();
                let (before, last) = read.split_at(prefix.len());
                match &self.streamed {
                    None => complete(&self.model, self.model.read(before)?, last[0], k, lens),
                    Some(model) => {
                        let state = vec![model.read(before)?];
                        complete(model, state, last[0], k, lens)
                    }
                }
            }
        }
    }

    /// The same as words that begin with `units`.
    pub(super) fn complete_units(
        &self,
        units: &[String],
        k: usize,
    ) -> Result<Vec<Completed>, NnError> {
        let prefix = self.vocab.encode(units).ids;
        let in_words = |completion: Completion| {
            let letters = completion.ids.iter().filter_map(|&id| self.vocab.token(id));
            let word: Vec<&str> = units.iter().map(String::as_str).chain(letters).collect();
            Completed {
                word: self.config.unit.join(&word),
                prob: completion.log_prob.exp(),
            }
        };
        let found = self.complete(&prefix, k)?;
        Ok(found.into_iter().map(in_words).collect())
    }

    /// The units of a line, if there are as many as a prefix may have.
    fn units(&self, input: &str, line: usize) -> Result<Vec<String>, Error> {
        let config = &self.config;
        let units = config.unit.segment(&config.case.apply(input.trim()));
        let lens = config.prefix_lens();
        if lens.contains(&units.len()) {
            return Ok(units);
        }
        let (least, most, count) = (*lens.start(), *lens.end(), config.units());
        let got = match units.len() {
            0 => "an empty line".to_owned(),
            len => format!("{len}"),
        };
        let message = match config.form {
            Form::AnyPrefix => format!(
                "expected the beginning of a word, at most {most} {count} (`data.max_len` of \
                 this run), got {got}"
            ),
            Form::LastLetter if least == most => format!(
                "expected {most} {count}, a word of {} without its last one, got {got}; this \
                 run says the last one only, `word-completion-any` completes any prefix",
                most + 1
            ),
            Form::LastLetter => format!(
                "expected {least} to {most} {count}, a word without its last one, got {got}; \
                 this run says the last one only, `word-completion-any` completes any prefix"
            ),
        };
        Err(Error::Input { line, message })
    }
}

/// `word 0.31  work 0.30`; what would round to nothing has two digits more.
pub(super) fn line_of(completed: &[Completed]) -> String {
    let each = completed.iter().map(|Completed { word, prob }| {
        let digits = if *prob < 0.005 { 4 } else { 2 };
        format!("{word} {prob:.digits$}")
    });
    each.collect::<Vec<String>>().join("  ")
}

/// How a whole prefix goes on.
fn last_logits(model: &CompletionModel, prefix: &[TokenId]) -> Result<Vec<f32>, NnError> {
    let input = TokenBatch {
        ids: prefix.to_vec(),
        lengths: vec![prefix.len()],
        batch_size: 1,
        seq_len: prefix.len(),
    };
    Ok(values(&model.logits(
        Form::LastLetter,
        &input,
        Mode::Eval,
    )?))
}

/// What the last letter may be, likeliest first.
fn last_letters(logits: &[f32], k: usize) -> Vec<Completion> {
    let log_probs = log_softmax(logits);
    let letters = Specials::COUNT..log_probs.len();
    let mut found: Vec<Completion> = letters
        .map(|id| Completion {
            ids: vec![id as TokenId],
            log_prob: f64::from(log_probs[id]),
        })
        .collect();
    found.sort_by(|a, b| {
        b.log_prob
            .total_cmp(&a.log_prob)
            .then_with(|| a.ids.cmp(&b.ids))
    });
    found.truncate(k);
    found
}

impl Predictor for Complete {
    fn predict(
        &self,
        input: &str,
        line: usize,
        options: PredictOptions,
    ) -> Result<Prediction, Error> {
        let units = self.units(input, line)?;
        let unknown = self.vocab.encode(&units).unknown;
        let found = self.complete_units(&units, options.top_k)?;
        let completions: Vec<serde_json::Value> = found
            .iter()
            .map(|Completed { word, prob }| json!({ "word": word, "probability": prob }))
            .collect();
        let notices = if unknown.is_empty() {
            Vec::new()
        } else {
            vec![format!(
                "letters that the run was not trained on: {unknown}; the completions are a guess"
            )]
        };
        Ok(Prediction {
            text: line_of(&found),
            json: json!({
                "input": input,
                "completions": completions,
                "unknown": unknown.counts,
            }),
            notices,
            ranked: Vec::new(),
            alignment: None,
        })
    }
}
