//! Two runs on the same pairs.

use super::config::Recipe;
use super::data::Corpus;
use super::infer::open;
use super::judge::{Material, judge_model};
use super::pairs::Pair;
use crate::Error;
use recurra_nn::streaming::Precision;
use recurra_train::Run;
use recurra_train::metric::translation::{BLEU, Bleu, Bootstrap, CorpusMetric, paired_bootstrap};
use serde::Serialize;
use std::path::Path;

/// Test sets that are drawn.
const NUM_SAMPLES: usize = 1000;

/// How a run does beside another on the same lines.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// What is compared: `bleu`.
    pub metric: &'static str,
    /// How it was computed.
    pub signature: String,
    /// Which data: `test`, `train`, or the file that was given.
    pub split: String,
    /// Lines that both translated.
    pub num_lines: usize,
    /// The other run as the baseline, this one as the system, and what their difference is worth.
    #[serde(flatten)]
    pub bootstrap: Bootstrap,
}

/// Compares a run with another by BLEU as this run's recipe has it.
///
/// # Errors
/// [`Error::Config`] when they are judged on other pairs.
pub(crate) fn compare(
    [this, other]: [(&Recipe, &Run, Precision); 2],
    data: Option<&Path>,
) -> Result<Comparison, Error> {
    let [system, baseline] = [Translated::of(this, data)?, Translated::of(other, data)?];
    if system.pairs != baseline.pairs {
        let differ = |(a, b): (&Pair, &Pair)| a != b;
        let common = system.pairs.iter().zip(&baseline.pairs).position(differ);
        let place = common.unwrap_or(system.pairs.len().min(baseline.pairs.len())) + 1;
        let want = format!(
            "a run that is judged on the same {} pairs, or one `--data` for both",
            system.pairs.len()
        );
        let got = format!(
            "one that is judged on {} pairs, unlike from pair {place} on",
            baseline.pairs.len()
        );
        return Err(Error::config("--against", want, got));
    }
    let recipe = this.0;
    let [system_bleu, baseline_bleu] = [&system, &baseline].map(|one| one.bleu(recipe));
    Ok(Comparison {
        metric: BLEU.name,
        signature: recipe.judge.signature(&system_bleu),
        split: system.split,
        num_lines: system.pairs.len(),
        bootstrap: paired_bootstrap(
            baseline_bleu.segments(),
            system_bleu.segments(),
            NUM_SAMPLES,
            recipe.train.seed,
        )?,
    })
}

/// What a run makes of the lines that it is judged on.
struct Translated {
    split: String,
    pairs: Vec<Pair>,
    translations: Vec<String>,
}

impl Translated {
    fn of(
        (recipe, run, precision): (&Recipe, &Run, Precision),
        data: Option<&Path>,
    ) -> Result<Self, Error> {
        let corpus = Corpus::of_run(recipe, run)?;
        let predictor = open(recipe, run, precision)?;
        let Material {
            split, rows, pairs, ..
        } = Material::new(recipe, &corpus, data)?;
        let (model, vocabs) = (predictor.model(), &corpus.vocabs);
        let rows: Vec<_> = rows.iter().collect();
        let of_rows: Vec<_> = pairs.iter().collect();
        let judgement = judge_model(model, vocabs, &rows, &of_rows, &recipe.decode)?;
        Ok(Self {
            split,
            pairs,
            translations: judgement.translations,
        })
    }

    fn bleu(&self, recipe: &Recipe) -> Bleu {
        let references: Vec<&str> = self.pairs.iter().map(|pair| &pair.target[..]).collect();
        recipe.judge.bleu(&self.translations, &references)
    }
}
