//! How well a model translates.

use super::config::{DecodeOptions, JudgeConfig, Recipe};
use super::data::{Corpus, Row, encode_file};
use super::model::{Translator, loss};
use super::pairs::{Pair, Pairs};
use super::retrieval::Retrieval;
use super::unknown;
use super::vocabs::Vocabs;
use crate::Error;
use crate::tasks::Evaluation;
use recurra_data::text::moses;
use recurra_data::{Specials, TokenId};
use recurra_nn::seq2seq::LossOptions;
use recurra_nn::weights::values;
use recurra_nn::{Mode, NnError};
use recurra_train::metric::translation::{
    BLEU, Bleu, CHRF, Chrf, CorpusMetric, DISTINCT_1, DISTINCT_2, Distinct, LetterCase,
    Tokenization,
};
use recurra_train::metric::{ACCURACY, CROSS_ENTROPY, MetricInfo, Metrics, PERPLEXITY};
use std::collections::BTreeMap;
use std::path::Path;

/// Rows that go through the network at once.
const BATCH_SIZE: usize = 64;

/// What a model makes of some pairs.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Judgement {
    /// Cross-entropy of a piece of the target in nats.
    pub(super) nats: f64,
    /// The share of sources that are translated exactly as the data does.
    pub(super) accuracy: f64,
    /// The best translation of each source.
    pub(super) translations: Vec<String>,
}

/// Translates rows, which are those of `pairs`, and compares.
pub(super) fn judge_model(
    model: &Translator,
    vocabs: &Vocabs,
    rows: &[&Row],
    pairs: &[&Pair],
    options: &DecodeOptions,
) -> Result<Judgement, NnError> {
    let mut by_len: Vec<usize> = (0..rows.len()).collect();
    by_len.sort_by_key(|&index| (rows[index].source.len(), rows[index].target.len()));
    let (mut nats, mut pieces, mut right) = (0.0, 0, 0);
    let mut translations = vec![String::new(); rows.len()];
    for indices in by_len.chunks(BATCH_SIZE) {
        let rows: Vec<&Row> = indices.iter().map(|&index| rows[index]).collect();
        let mean = loss(model.network(), &rows, LossOptions::default(), Mode::Eval)?;
        let count: usize = rows.iter().map(|row| row.target.len() + 1).sum();
        nats += f64::from(values(&mean)[0]) * count as f64;
        pieces += count;
        let sources: Vec<&[TokenId]> = rows.iter().map(|row| &row.source[..]).collect();
        let found = model.translate(&sources, options, 0)?;
        for ((&index, row), found) in indices.iter().zip(rows).zip(found) {
            let Some(best) = found.into_iter().next() else {
                continue;
            };
            let Pair { source, target } = pairs[index];
            let any_unknown = best.ids.contains(&Specials::STANDARD.unk);
            let source = match any_unknown {
                true => vocabs.source.pieces(source),
                false => Vec::new(),
            };
            let said = unknown::replaced(&best, vocabs.target.vocab(), &source);
            right += usize::from(match any_unknown {
                // Two words that are unknown need not be one, and what stands for one may be known.
                true => said == vocabs.target.pieces(target),
                false => best.ids == row.target,
            });
            translations[index] = vocabs.target.detokenize(&said);
        }
    }
    Ok(Judgement {
        nats: nats / pieces as f64,
        accuracy: right as f64 / rows.len() as f64,
        translations,
    })
}

impl JudgeConfig {
    /// BLEU of translations as the recipe wants it.
    pub(super) fn bleu<H: AsRef<str>, R: AsRef<str>>(
        self,
        translations: &[H],
        references: &[R],
    ) -> Bleu {
        let cut = |text: &str| match self.moses {
            // Moses knows its abbreviations in the case in which they are written.
            Some(language) => moses::tokenize(text, language).join(" "),
            None => text.to_owned(),
        };
        let mut bleu = Bleu::new(self.tokenization, self.case);
        for (translation, reference) in translations.iter().zip(references) {
            bleu.add(&cut(translation.as_ref()), &cut(reference.as_ref()));
        }
        bleu
    }

    /// Whether two texts are the same where capital letters count as they do in the judgement.
    pub(super) fn same(self, one: &str, other: &str) -> bool {
        match self.case {
            LetterCase::Mixed => one == other,
            LetterCase::Lower => one.to_lowercase() == other.to_lowercase(),
        }
    }

    /// How it was computed.
    pub(super) fn signature(self, bleu: &Bleu) -> String {
        match self.moses {
            Some(_) => format!("{} after Moses tokenisation", bleu.signature()),
            None => bleu.signature(),
        }
    }

    /// What can be said of translations alone: BLEU, chrF, how much they repeat themselves.
    fn metrics<R: AsRef<str>>(self, translations: &[String], references: &[R]) -> Metrics {
        let mut metrics = Metrics::new();
        metrics.set(BLEU.name, self.bleu(translations, references).value());
        let mut chrf = Chrf::new(self.case);
        let (mut distinct_1, mut distinct_2) = (Distinct::new(1), Distinct::new(2));
        for (translation, reference) in translations.iter().zip(references) {
            chrf.add(translation, reference.as_ref());
            let words: Vec<&str> = translation.split_whitespace().collect();
            distinct_1.add(&words);
            distinct_2.add(&words);
        }
        metrics.set(CHRF.name, chrf.value());
        metrics.set(DISTINCT_1.name, distinct_1.value());
        metrics.set(DISTINCT_2.name, distinct_2.value());
        metrics
    }

    /// The figures that others would quote, each with its signature.
    fn notes<R: AsRef<str>>(self, translations: &[String], references: &[R]) -> Vec<String> {
        let own = self.bleu(translations, references);
        let mut notes = vec![format!("Signature of BLEU: {}", self.signature(&own))];
        for case in [LetterCase::Mixed, LetterCase::Lower] {
            let usual = Self {
                case,
                tokenization: Tokenization::V13a,
                moses: None,
            };
            if usual != self && self.tokenization != Tokenization::Char {
                let bleu = usual.bleu(translations, references);
                let value = bleu.value().unwrap_or(0.0);
                notes.push(format!(
                    "BLEU as sacreBLEU has it, {value:.2}: {}",
                    bleu.signature()
                ));
            }
        }
        notes.push(format!(
            "Signature of chrF: {}",
            Chrf::new(self.case).signature()
        ));
        notes
    }
}

/// What a model is judged on.
#[derive(Debug)]
pub(super) struct Material {
    /// `test`, `train`, or a file's name.
    pub(super) split: String,
    pub(super) rows: Vec<Row>,
    pub(super) pairs: Vec<Pair>,
    /// What a reader should know about them.
    note: String,
}

impl Material {
    /// The pairs that were not learnt, those that were if none were kept, or those of a file.
    pub(super) fn new(
        recipe: &Recipe,
        corpus: &Corpus,
        data: Option<&Path>,
    ) -> Result<Self, Error> {
        if let Some(path) = data {
            let read = Pairs::read_file(path, &recipe.data)?;
            return Ok(Self {
                split: path.display().to_string(),
                rows: encode_file(&read.pairs, &corpus.vocabs, &recipe.data),
                note: format!("{}: {}", path.display(), read.origin.summary),
                pairs: read.pairs,
            });
        }
        let (split, indices) = corpus.judged();
        let pairs = indices.iter().map(|&index| corpus.pairs[index].clone());
        Ok(Self {
            split: split.to_owned(),
            rows: corpus.rows_of(indices).into_iter().cloned().collect(),
            pairs: pairs.collect(),
            note: match split {
                "train" => "judged on the pairs that it was trained on: the exercise is to \
                            remember them"
                    .to_owned(),
                _ => format!("{} pairs that were not trained on", indices.len()),
            },
        })
    }
}

/// Judges a model on the pairs that it did not learn, on those that it did if none were kept,
/// or on the pairs of a file.
pub(super) fn judge(
    recipe: &Recipe,
    corpus: &Corpus,
    model: &Translator,
    data: Option<&Path>,
) -> Result<Evaluation, Error> {
    let Material {
        split,
        rows,
        pairs,
        note,
    } = Material::new(recipe, corpus, data)?;
    let (rows, pairs): (Vec<&Row>, Vec<&Pair>) = (rows.iter().collect(), pairs.iter().collect());
    let mut notes = vec![note];
    let judgement = judge_model(model, &corpus.vocabs, &rows, &pairs, &recipe.decode)?;
    let references: Vec<&str> = pairs.iter().map(|pair| &pair.target[..]).collect();
    let mut metrics = Metrics::new();
    metrics.set(ACCURACY.name, judgement.accuracy);
    metrics.set(CROSS_ENTROPY.name, judgement.nats);
    metrics.set(PERPLEXITY.name, judgement.nats.exp());
    let texts = recipe.judge.metrics(&judgement.translations, &references);
    for (name, value) in texts.iter() {
        metrics.set(name, value);
    }
    notes.extend(recipe.judge.notes(&judgement.translations, &references));
    let (name, always) = always_the_commonest(corpus, &rows, &references, recipe.judge);
    let mut baselines = BTreeMap::from([(name, always)]);
    if split != "train" {
        let retrieved = the_nearest(corpus, &rows, &pairs, recipe.judge);
        baselines.insert(
            "target of the nearest source (tf-idf)".to_owned(),
            retrieved,
        );
    }
    let verdict = metric_of_verdict([&metrics].into_iter().chain(baselines.values()));
    Ok(Evaluation {
        task: super::NAME,
        split,
        metrics,
        baselines,
        notes,
    }
    .with_verdict(verdict))
}

/// What the network is compared with its baselines by: BLEU, if it tells any of them from nothing.
/// Of texts of fewer than four pieces it is 0 however good they are.
fn metric_of_verdict<'a>(mut all: impl Iterator<Item = &'a Metrics>) -> MetricInfo {
    match all.any(|one| one.get(BLEU.name).is_some_and(|bleu| bleu > 0.0)) {
        true => BLEU,
        false => CHRF,
    }
}

/// What saying the commonest target of the training pairs, whatever the source, is worth.
fn always_the_commonest(
    corpus: &Corpus,
    rows: &[&Row],
    references: &[&str],
    judge: JudgeConfig,
) -> (String, Metrics) {
    let mut counts = BTreeMap::<&[TokenId], (usize, usize)>::new();
    for &index in &corpus.split.train {
        let target = &corpus.rows[index].target[..];
        counts.entry(target).or_insert((0, index)).0 += 1;
    }
    let commonest = counts
        .values()
        .max_by_key(|(count, index)| (*count, std::cmp::Reverse(*index)));
    let index = commonest.map_or(0, |&(_, index)| index);
    let row = &corpus.rows[index];
    let text = &corpus.pairs[index].target;
    let same =
        |(other, reference): (&&Row, &&str)| corpus.same_target((row, text), (other, reference));
    let right = rows
        .iter()
        .zip(references)
        .filter(|&both| same(both))
        .count();
    let said = vec![text.clone(); rows.len()];
    let mut metrics = judge.metrics(&said, references);
    metrics.set(ACCURACY.name, right as f64 / rows.len() as f64);
    (format!("always `{text}`"), metrics)
}

/// What saying the target of the training pair whose source is nearest is worth.
fn the_nearest(corpus: &Corpus, rows: &[&Row], pairs: &[&Pair], judge: JudgeConfig) -> Metrics {
    let train = &corpus.split.train;
    let sources = train.iter().map(|&index| &corpus.pairs[index].source[..]);
    let retrieval = Retrieval::new(sources);
    let mut right = 0;
    let mut said = Vec::with_capacity(rows.len());
    for (row, pair) in rows.iter().zip(pairs) {
        let nearest = retrieval.nearest(&pair.source).map(|place| train[place]);
        let same = |index: usize| {
            let said = (&corpus.rows[index], &corpus.pairs[index].target[..]);
            corpus.same_target(said, (row, &pair.target))
        };
        right += usize::from(nearest.is_some_and(same));
        said.push(nearest.map_or_else(String::new, |index| corpus.pairs[index].target.clone()));
    }
    let references: Vec<&str> = pairs.iter().map(|pair| &pair.target[..]).collect();
    let mut metrics = judge.metrics(&said, &references);
    metrics.set(ACCURACY.name, right as f64 / rows.len() as f64);
    metrics
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chrf_compares_only_where_nothing_has_a_bleu_above_zero() {
        let metric = |bleus: [f64; 2]| {
            let all = bleus.map(|bleu| Metrics::from_iter([(BLEU.name, bleu)]));
            metric_of_verdict(all.iter()).name
        };
        assert_eq!(metric([0.0, 0.0]), CHRF.name);
        assert_eq!(metric([12.5, 0.0]), BLEU.name);
        // A network that is behind by BLEU stays behind.
        assert_eq!(metric([0.0, 12.5]), BLEU.name);
    }
}
