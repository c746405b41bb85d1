//! A trained model at work.

use super::config::{DataConfig, DecodeOptions, Recipe};
use super::model::{self, Translator};
use super::unknown;
use super::vocabs::{FINGERPRINT, Vocabs};
use crate::Error;
use crate::artifact;
use crate::report::AlignmentMap;
use crate::tasks::{PredictOptions, Prediction, Predictor, RankedText, device};
use recurra_data::TokenId;
use recurra_nn::NnError;
use recurra_nn::decode::{Hypothesis, Search};
use recurra_nn::seq2seq::PackedSeq2Seq;
use recurra_nn::streaming::Precision;
use recurra_train::Run;
use serde_json::{Value, json};

/// An open run of this task: a text in, its translation out.
#[derive(Debug)]
pub struct Translate {
    config: DataConfig,
    decode: DecodeOptions,
    /// What the recipe says.
    own_search: Search,
    /// Which random numbers are drawn, when some are.
    stream: u64,
    vocabs: Vocabs,
    model: Translator,
}

/// A translation with what it is made of.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Translation {
    pub(super) text: String,
    pub(super) pieces: Vec<String>,
    pub(super) hypothesis: Hypothesis,
}

impl Translation {
    /// What each piece, and the end behind them, looked at; `None` without attention.
    fn alignment_with(&self, source: &[String]) -> Option<AlignmentMap> {
        let weights = &self.hypothesis.alignment;
        if weights.iter().all(Vec::is_empty) {
            return None;
        }
        let mut target = self.pieces.clone();
        if weights.len() > target.len() {
            target.push("(end)".to_owned());
        }
        Some(AlignmentMap {
            source: source.to_vec(),
            target,
            weights: weights.clone(),
        })
    }
}

pub(crate) fn open(recipe: &Recipe, run: &Run, precision: Precision) -> Result<Translate, Error> {
    let vocabs = Vocabs::read(run)?;
    let model = model::build(recipe, &vocabs, &device())?;
    // In f32 a network that cannot be packed translates by itself.
    if precision != Precision::F32 {
        PackedSeq2Seq::check(&model)?;
    }
    let (model, metadata) = artifact::read(run, model, precision).or_else(|error| {
        // Of another number of pieces are weights of another shape, which is not what is wrong.
        if let Ok(about) = artifact::about(run) {
            vocabs.must_fit(about.get(FINGERPRINT), run)?;
        }
        Err(error)
    })?;
    vocabs.must_fit(metadata.get(FINGERPRINT), run)?;
    let model = Translator::new(model, precision)?;
    Ok(Translate::new(recipe, vocabs, model))
}

impl Translate {
    pub(super) fn new(recipe: &Recipe, vocabs: Vocabs, model: Translator) -> Self {
        Self {
            config: recipe.data.clone(),
            decode: recipe.decode.clone(),
            own_search: recipe.decode.search.clone(),
            stream: 0,
            vocabs,
            model,
        }
    }

    pub(super) fn model(&self) -> &Translator {
        &self.model
    }

    /// Searches in another way, or again in the recipe's.
    pub(super) fn search_with(&mut self, search: Option<Search>) -> Result<(), NnError> {
        let decode = DecodeOptions {
            search: search.unwrap_or_else(|| self.own_search.clone()),
            ..self.decode.clone()
        };
        decode.config().validate()?;
        self.decode = decode;
        Ok(())
    }

    /// Draws the random numbers of this stream from now on.
    pub(super) fn draw_as(&mut self, stream: u64) {
        self.stream = stream;
    }

    /// At most `count` translations of a source, whose pieces are these, best first; one unless
    /// the run searches with a beam.
    pub(super) fn translate(
        &self,
        source: &[TokenId],
        pieces: &[String],
        count: usize,
    ) -> Result<Vec<Translation>, NnError> {
        let mut options = self.decode.clone();
        if let Search::Beam(beam) = &mut options.search {
            beam.n_best = count.clamp(1, beam.width);
        }
        let found = self.model.translate(&[source], &options, self.stream)?;
        let in_words = |hypothesis: Hypothesis| {
            let target = &self.vocabs.target;
            let said = unknown::replaced(&hypothesis, target.vocab(), pieces);
            Translation {
                text: target.detokenize(&said),
                pieces: said.into_iter().map(str::to_owned).collect(),
                hypothesis,
            }
        };
        Ok(found.into_iter().flatten().map(in_words).collect())
    }
}

impl Predictor for Translate {
    fn predict(
        &self,
        input: &str,
        _line: usize,
        options: PredictOptions,
    ) -> Result<Prediction, Error> {
        let mut pieces = self.vocabs.source.pieces(input);
        let mut notices = Vec::new();
        let most = self.config.max_len;
        if pieces.len() > most {
            notices.push(format!(
                "{} pieces, of which the first {most} are read (`data.max_len` of this run)",
                pieces.len()
            ));
            pieces.truncate(most);
        }
        if pieces.is_empty() {
            return Ok(Prediction {
                text: String::new(),
                json: json!({ "input": input, "translations": [] }),
                notices,
                ranked: Vec::new(),
                alignment: None,
            });
        }
        let encoded = self.vocabs.source.vocab().encode(&pieces);
        if !encoded.unknown.is_empty() {
            notices.push(format!(
                "pieces that the run was not trained on: {}; the answer is a guess",
                encoded.unknown
            ));
        }
        let found = self.translate(&encoded.ids, &pieces, options.top_k)?;
        let translation = |one: &Translation| {
            let mut object = json!({
                "text": one.text,
                "tokens": one.pieces,
                "score": one.hypothesis.score,
                "log_prob": one.hypothesis.log_prob,
                "alignment": one.hypothesis.alignment,
            });
            if self.decode.replace_unknown {
                object["replaced"] = json!(unknown::places(&one.hypothesis));
            }
            object
        };
        let translations: Vec<Value> = found.iter().map(translation).collect();
        let best = found.first();
        let ranked = found.iter().map(|one| RankedText {
            text: one.text.clone(),
            score: one.hypothesis.score,
        });
        Ok(Prediction {
            text: best.map_or_else(String::new, |one| one.text.clone()),
            ranked: ranked.collect(),
            alignment: best.and_then(|one| one.alignment_with(&pieces)),
            json: json!({
                "input": input,
                "source_tokens": pieces,
                "translations": translations,
            }),
            notices,
        })
    }
}
