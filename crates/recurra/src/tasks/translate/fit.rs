//! Fitting, and judging what came out.

use super::config::{DecodeOptions, Recipe};
use super::data::{Corpus, Row};
use super::infer::{Translate, open};
use super::judge::{judge, judge_model};
use super::model::{self, Translator};
use super::pairs::{Pair, Pairs};
use super::vocabs::FINGERPRINT;
use crate::Error;
use crate::quantize::{Steppers, write_weights};
use crate::tasks::{
    Evaluation, Sample, Trained, device, evenly, fit_and_ship_with, judged, sampler,
    training_device,
};
use recurra_data::{BatchSampler, TokenBatchSampler};
use recurra_nn::decode::Search;
use recurra_nn::seq2seq::Seq2Seq;
use recurra_nn::streaming::Precision;
use recurra_nn::{Mode, NnError, Tensor};
use recurra_train::metric::translation::{BLEU, CorpusMetric};
use recurra_train::metric::{ACCURACY, LOSS, Metrics, PERPLEXITY};
use recurra_train::{Checkpoint, Control, Learner, Run};
use std::collections::BTreeMap;
use std::path::Path;

/// Batches of a pool that is sorted by length: enough that little is padded.
const POOL_BATCHES: usize = 50;

/// What the update loop is given.
struct Lesson<'a> {
    recipe: &'a Recipe,
    corpus: &'a Corpus,
    batches: Batches,
}

/// Batches of a number of pairs, or of a number of pieces.
enum Batches {
    Pairs(BatchSampler),
    Pieces(TokenBatchSampler),
}

impl<'a> Lesson<'a> {
    fn new(recipe: &'a Recipe, corpus: &'a Corpus) -> Result<Self, Error> {
        let rows = corpus.rows_of(&corpus.split.train);
        let lengths: Vec<usize> = rows.iter().map(|row| row.len()).collect();
        let batches = match recipe.data.batch_tokens {
            None => Batches::Pairs(sampler(&lengths, &recipe.train)?),
            Some(tokens) => {
                let seed = recipe.train.seed;
                let sampler = TokenBatchSampler::new(&lengths, tokens, seed, POOL_BATCHES)?;
                Batches::Pieces(sampler)
            }
        };
        Ok(Self {
            recipe,
            corpus,
            batches,
        })
    }
}

impl Learner for Lesson<'_> {
    type Model = Seq2Seq;

    fn batches(&self, epoch: u64) -> Vec<Vec<usize>> {
        match &self.batches {
            Batches::Pairs(sampler) => sampler.batches(epoch),
            Batches::Pieces(sampler) => sampler.batches(epoch),
        }
    }

    fn loss(
        &self,
        model: &Seq2Seq,
        indices: &[usize],
        mode: Mode<'_>,
    ) -> Result<Tensor<1>, NnError> {
        let train = &self.corpus.split.train;
        let indices: Vec<usize> = indices.iter().map(|&index| train[index]).collect();
        let rows = self.corpus.rows_of(&indices);
        model::loss(model, &rows, self.recipe.loss, mode)
    }

    fn evaluate(&self, model: &Seq2Seq) -> Result<Metrics, NnError> {
        // Greedy search is enough to watch, and several times as fast.
        let greedy = DecodeOptions {
            search: Search::Greedy {},
            ..self.recipe.decode.clone()
        };
        let Corpus { pairs, vocabs, .. } = self.corpus;
        let indices = self.corpus.watched();
        let rows: Vec<&Row> = self.corpus.rows_of(indices);
        let pairs: Vec<&Pair> = indices.iter().map(|&index| &pairs[index]).collect();
        let model = Translator::new(model.clone(), Precision::F32)?;
        let judgement = judge_model(&model, vocabs, &rows, &pairs, &greedy)?;
        let references: Vec<&str> = pairs.iter().map(|pair| &pair.target[..]).collect();
        let bleu = (self.recipe.judge).bleu(&judgement.translations, &references);
        let mut metrics = Metrics::new();
        metrics.set(LOSS.name, judgement.nats);
        metrics.set(PERPLEXITY.name, judgement.nats.exp());
        metrics.set(ACCURACY.name, judgement.accuracy);
        metrics.set(BLEU.name, bleu.value());
        Ok(metrics)
    }
}

/// Finds out before a run directory is made whether there are pairs to train on.
pub(crate) fn check_data(recipe: &Recipe) -> Result<(), Error> {
    let corpus = Corpus::new(recipe, Pairs::read(recipe)?)?;
    model::build(recipe, &corpus.vocabs, &device())?;
    Ok(())
}

pub(crate) fn train(recipe: &Recipe, run: &Run, control: &Control) -> Result<Trained, Error> {
    let pairs = if Checkpoint::newest(run)?.is_some() {
        Pairs::of_run(run)?
    } else {
        let pairs = Pairs::read(recipe)?;
        pairs.write(run)?;
        pairs
    };
    let corpus = Corpus::new(recipe, pairs)?;
    let origin = &corpus.origin;
    control
        .progress
        .note(&format!("{}: {}", origin.source, origin.summary));
    corpus.vocabs.write(run)?;
    let model = model::build(recipe, &corpus.vocabs, &training_device())?;
    let lesson = Lesson::new(recipe, &corpus)?;
    let metadata = BTreeMap::from([(FINGERPRINT.to_owned(), corpus.vocabs.fingerprint())]);
    let fitted = fit_and_ship_with(&lesson, model, &recipe.train, run, control, metadata)?;
    judged(fitted, |model| {
        let model = Translator::new(model, Precision::F32)?;
        let evaluation = judge(recipe, &corpus, &model, None)?;
        let predictor = Translate::new(recipe, corpus.vocabs.clone(), model);
        Ok((vec![evaluation], sample(&corpus, &predictor)?))
    })
}

pub(crate) fn evaluate(
    recipe: &Recipe,
    run: &Run,
    data: Option<&Path>,
    precision: Precision,
) -> Result<Vec<Evaluation>, Error> {
    let corpus = Corpus::of_run(recipe, run)?;
    let predictor = open(recipe, run, precision)?;
    Ok(vec![judge(recipe, &corpus, predictor.model(), data)?])
}

/// Writes the weights in `precision`; the network in f32, and in what was written.
pub(crate) fn quantize(
    recipe: &Recipe,
    run: &Run,
    precision: Precision,
) -> Result<Steppers, Error> {
    let predictor = open(recipe, run, Precision::F32)?;
    let network = predictor.model().network();
    let pack = |precision| Translator::new(network.clone(), precision);
    write_weights(run, network, precision, pack)
}

/// A source, what the list says, and what the model says.
#[derive(Debug)]
pub(super) struct Shown {
    pub(super) source: String,
    pub(super) expected: String,
    pub(super) translation: String,
}

/// Translations to look at, evenly from those that the result is made on.
pub(super) fn show(
    corpus: &Corpus,
    predictor: &Translate,
    count: usize,
) -> Result<Vec<Shown>, Error> {
    let (_, indices) = corpus.judged();
    evenly(indices.len(), count)
        .map(|place| indices[place])
        .map(|index| {
            let pair = &corpus.pairs[index];
            let source = corpus.vocabs.source.pieces(&pair.source);
            let found = predictor.translate(&corpus.rows[index].source, &source, 1)?;
            let best = found.into_iter().next();
            Ok(Shown {
                source: pair.source.clone(),
                expected: pair.target.clone(),
                translation: best.map_or_else(String::new, |best| best.text),
            })
        })
        .collect()
}

fn sample(corpus: &Corpus, predictor: &Translate) -> Result<Vec<Sample>, Error> {
    const COUNT: usize = 6;
    let line = |one: Shown| Sample {
        input: one.source,
        output: one.translation,
    };
    Ok(show(corpus, predictor, COUNT)?
        .into_iter()
        .map(line)
        .collect())
}
