//! A trained model at work.

use super::config::{DataConfig, Recipe, Unit};
use super::cutter::Cutter;
use super::data::Part;
use super::judge::{Tally, judge_model, judge_streamed};
use super::model::LanguageModel;
use crate::Error;
use crate::artifact;
use crate::tasks::streamed::{StreamedModel, log_softmax};
use crate::tasks::{PredictOptions, Prediction, Predictor, device};
use recurra_data::{Specials, TokenId, Vocab};
use recurra_nn::NnError;
use recurra_nn::streaming::Precision;
use recurra_train::Run;
use serde_json::json;
use std::collections::BTreeSet;
use std::sync::OnceLock;

/// The token that texts with unknown words taken out have in their place.
const WRITTEN_UNKNOWN: &str = "<unk>";

/// An open run of this task: the beginning of a line in, what comes next out.
#[derive(Debug)]
pub struct Language {
    data: DataConfig,
    cutter: Cutter,
    model: LanguageModel,
    precision: Precision,
    /// Packed when it is first needed.
    streamed: OnceLock<StreamedModel>,
}

/// A text as the model reads it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Prime {
    /// Begins with the end of a line that is not there.
    pub(super) ids: Vec<TokenId>,
    /// Units that the model does not know.
    pub(super) unknown: BTreeSet<String>,
}

pub(super) fn open(recipe: &Recipe, run: &Run, precision: Precision) -> Result<Language, Error> {
    let cutter = Cutter::read(&recipe.data, run)?;
    let model = recipe
        .model
        .build(cutter.vocab().len(), recipe.train.seed, &device())?;
    let model = artifact::read(run, model, precision)?.0;
    Ok(Language {
        precision,
        ..Language::new(recipe, cutter, model)
    })
}

impl Language {
    pub(super) fn new(recipe: &Recipe, cutter: Cutter, model: LanguageModel) -> Self {
        Self {
            data: recipe.data.clone(),
            cutter,
            model,
            precision: Precision::F32,
            streamed: OnceLock::new(),
        }
    }

    pub(super) fn model(&self) -> &LanguageModel {
        &self.model
    }

    pub(super) fn unit(&self) -> Unit {
        self.data.unit
    }

    pub(super) fn cutter(&self) -> &Cutter {
        &self.cutter
    }

    pub(super) fn vocab(&self) -> &Vocab {
        self.cutter.vocab()
    }

    /// The network for single steps.
    pub(super) fn streamed(&self) -> Result<&StreamedModel, NnError> {
        if let Some(model) = self.streamed.get() {
            return Ok(model);
        }
        let model = self.model.streamed(self.precision)?;
        Ok(self.streamed.get_or_init(|| model))
    }

    /// The predictions of a text, as one stream.
    pub(super) fn tally(&self, part: &Part) -> Result<Tally, NnError> {
        match self.precision {
            Precision::F32 => judge_model(&self.model, part, 1),
            _ => judge_streamed(self.streamed()?, part),
        }
    }

    /// A text in tokens, `eos` before it and at the end of each of its lines but the last. An unknown
    /// word is the one that the training text has in place of such words, or `unk`.
    pub(super) fn prime(&self, text: &str) -> Prime {
        let Specials { eos, unk, .. } = Specials::STANDARD;
        let vocab = self.vocab();
        let unk = vocab.id(WRITTEN_UNKNOWN).unwrap_or(unk);
        let mut prime = Prime {
            ids: Vec::new(),
            unknown: BTreeSet::new(),
        };
        for line in text.split('\n') {
            prime.ids.push(eos);
            for unit in self.segment(line) {
                let id = vocab.id(&unit);
                prime.ids.push(id.unwrap_or(unk));
                if id.is_none() {
                    prime.unknown.insert(unit);
                }
            }
        }
        prime
    }

    /// What a user should know about a prime.
    pub(super) fn notices(&self, prime: &Prime) -> Vec<String> {
        if prime.unknown.is_empty() {
            return Vec::new();
        }
        let named: Vec<String> = prime
            .unknown
            .iter()
            .map(|unit| format!("`{unit}`"))
            .collect();
        vec![format!(
            "not in the text that the run was trained on, and read as unknown: {}",
            named.join(", ")
        )]
    }

    /// The units of a line.
    pub(super) fn segment(&self, line: &str) -> Vec<String> {
        self.cutter
            .segment(self.data.form(line).trim_end_matches('\r'))
    }

    /// A token as it is shown among others.
    fn shown(&self, id: TokenId) -> String {
        if id == Specials::STANDARD.eos {
            return "⏎".to_owned();
        }
        match self.vocab().name(id) {
            Some(" ") => "␣".to_owned(),
            Some(name) => name.to_owned(),
            None => String::new(),
        }
    }
}

impl Predictor for Language {
    fn predict(&self, input: &str, _: usize, options: PredictOptions) -> Result<Prediction, Error> {
        let prime = self.prime(input);
        let logits = self.streamed()?.last_logits(&prime.ids)?;
        let log_probs = log_softmax(&logits);
        let Specials { pad, bos, .. } = Specials::STANDARD;
        let mut ranked: Vec<TokenId> = (0..log_probs.len() as TokenId)
            .filter(|id| ![pad, bos].contains(id))
            .collect();
        ranked.sort_by(|&a, &b| {
            let [a_log, b_log] = [a, b].map(|id| log_probs[id as usize]);
            b_log.total_cmp(&a_log).then(a.cmp(&b))
        });
        ranked.truncate(options.top_k);
        let probability = |id: TokenId| f64::from(log_probs[id as usize]).exp();
        let line: Vec<String> = ranked
            .iter()
            .map(|&id| format!("{} {:.2}", self.shown(id), probability(id)))
            .collect();
        let next: Vec<serde_json::Value> = ranked
            .iter()
            .map(|&id| {
                let text = match id == Specials::STANDARD.eos {
                    true => "\n",
                    false => self.vocab().name(id).unwrap_or_default(),
                };
                json!({ "text": text, "probability": probability(id) })
            })
            .collect();
        Ok(Prediction {
            text: line.join("  "),
            json: json!({ "input": input, "next": next, "unknown": prime.unknown }),
            notices: self.notices(&prime),
            ranked: Vec::new(),
            alignment: None,
        })
    }
}
