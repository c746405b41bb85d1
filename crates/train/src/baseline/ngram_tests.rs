use std::collections::{BTreeMap, BTreeSet};

use recurra_data::Vocab;
use recurra_data::words::Embedded;

use super::*;

const EOS: TokenId = Specials::STANDARD.eos;
const BOS: TokenId = Specials::STANDARD.bos;
const UNK: TokenId = Specials::STANDARD.unk;

fn encode(words: &[&str], vocab: &Vocab) -> Vec<Vec<TokenId>> {
    let units = words.iter().map(|word| word.chars().map(String::from));
    units.map(|units| vocab.encode(units).ids).collect()
}

fn letters() -> Vocab {
    Vocab::build('a'..='z')
}

fn train(words: &[&str], order: usize) -> NgramModel {
    let vocab = letters();
    let config = NgramConfig { order };
    NgramModel::train(&encode(words, &vocab), vocab.len(), config).unwrap()
}

#[test]
fn a_bigram_model_worked_by_hand() {
    // "ab", "ac", "b". Bigrams: bos a 2, bos b 1, ab 1, ac 1, b eos 2, c eos 1; preceded by
    // different letters: a 1, b 2, c 1, eos 2, in all 6. No count is 3 or 4, so the discounts are
    // 0.5 and 1. Events: a, b, c, eos, unk. A single letter: a (1-0.5)/6 + 3/6/5, b (2-1)/6 + 3/6/5.
    let (a, b, c) = (4, 5, 6);
    let rows = [vec![a, b], vec![a, c], vec![b]];
    let model = NgramModel::train(&rows, 7, NgramConfig { order: 2 }).unwrap();
    let single_a = 0.5 / 6.0 + 0.1;
    let single_b = 1.0 / 6.0 + 0.1;
    let close = |probs: &[f64], id: TokenId, expected: f64| {
        assert!(
            (probs[id as usize] - expected).abs() < 1e-15,
            "{id}: {probs:?}"
        );
    };
    let first = model.probs(&[]); // after bos: a 2, b 1 of 3, back-off (1 + 0.5)/3
    close(&first, a, 1.0 / 3.0 + 0.5 * single_a);
    close(&first, b, 0.5 / 3.0 + 0.5 * single_b);
    close(&first, UNK, 0.5 * 0.1);
    close(&first, EOS, 0.5 * single_b);
    let after_a = model.probs(&[a]); // b 1, c 1 of 2, back-off (0.5 + 0.5)/2
    close(&after_a, b, 0.25 + 0.5 * single_b);
    close(&after_a, a, 0.5 * single_a);
    let after_unk = model.probs(&[UNK]); // never seen
    close(&after_unk, a, single_a);
    close(&after_unk, EOS, single_b);
    close(&after_unk, UNK, 0.1);
}

#[test]
fn discounts_follow_the_formulas() {
    // Y = 10/20; 1 - 2·0.5·5/10, 2 - 3·0.5·3/5, 3 - 4·0.5·2/3.
    let [one, two, three] = discounts([10, 5, 3, 2]);
    assert!((one - 0.5).abs() < 1e-15 && (two - 1.1).abs() < 1e-15);
    assert!((three - (3.0 - 4.0 / 3.0)).abs() < 1e-15);
    for impossible in [
        [0, 0, 0, 0],
        [5, 0, 1, 1],
        [5, 2, 0, 1],
        [5, 2, 1, 0],
        [10, 5, 3, 50],
    ] {
        assert_eq!(discounts(impossible), [0.5, 1.0, 1.5], "{impossible:?}");
    }
}

#[test]
fn probabilities_sum_to_one_after_every_history() {
    let vocab = letters();
    for order in 1..=6 {
        let model = train(&Embedded::English.words(), order);
        let unseen = ["", "q", "zzz", "qqqqqqq", "th", "the", "thed", "strengt"];
        let mut prefixes = encode(&unseen, &vocab);
        prefixes.push(vec![UNK, UNK]);
        for word in encode(&["strategy", "yes"], &vocab) {
            prefixes.extend((0..=word.len()).map(|len| word[..len].to_vec()));
        }
        for prefix in prefixes {
            let log_probs = model.log_probs(&prefix).unwrap();
            let sum: f64 = log_probs.iter().map(|log_prob| log_prob.exp()).sum();
            assert!(
                (sum - 1.0).abs() < 1e-12,
                "order {order}, {prefix:?}: {sum}"
            );
            assert_eq!(log_probs[0], f64::NEG_INFINITY);
            assert_eq!(log_probs[BOS as usize], f64::NEG_INFINITY);
            let events = log_probs.iter().enumerate();
            assert!(events.skip(2).all(|(_, log_prob)| log_prob.is_finite()));
        }
    }
}

#[test]
fn a_direct_reading_of_the_equations_agrees() {
    let words = Embedded::English.words();
    let vocab = letters();
    let rows = encode(&words, &vocab);
    for order in [1, 2, 3, 5] {
        let model = train(&words, order);
        let direct = Direct::count(&rows, order);
        for prefix in encode(&["", "s", "th", "comp", "xylo", "strengt"], &vocab) {
            let probs = model.probs(&prefix);
            let history = [&[BOS], &prefix[..]].concat();
            for id in 2..vocab.len() as TokenId {
                let expected = direct.prob(&history, id, vocab.len() - 2);
                let got = probs[id as usize];
                assert!(
                    (got - expected).abs() < 1e-12,
                    "order {order}: {got} {expected}"
                );
            }
        }
    }
}

/// The equations with plain maps from whole n-grams to counts, one pass for each quantity.
struct Direct {
    order: usize,
    adjusted: BTreeMap<Vec<TokenId>, u64>,
}

impl Direct {
    fn count(rows: &[Vec<TokenId>], order: usize) -> Self {
        let mut plain: BTreeMap<Vec<TokenId>, u64> = BTreeMap::new();
        let mut preceding: BTreeMap<Vec<TokenId>, BTreeSet<TokenId>> = BTreeMap::new();
        for row in rows {
            let word = [&[BOS], &row[..], &[EOS]].concat();
            for len in 1..=order {
                for (start, ngram) in word.windows(len).enumerate() {
                    if ngram == [BOS] {
                        continue;
                    }
                    *plain.entry(ngram.to_vec()).or_default() += 1;
                    let before = preceding.entry(ngram.to_vec()).or_default();
                    if start > 0 {
                        before.insert(word[start - 1]);
                    }
                }
            }
        }
        let adjusted = plain.into_iter().map(|(ngram, count)| {
            let plain = ngram.len() == order || ngram[0] == BOS;
            let count = if plain {
                count
            } else {
                preceding[&ngram].len() as u64
            };
            (ngram, count)
        });
        Self {
            order,
            adjusted: adjusted.collect(),
        }
    }

    fn prob(&self, history: &[TokenId], id: TokenId, num_events: usize) -> f64 {
        let longest = self.order.min(history.len() + 1) - 1;
        self.interpolated(Some(&history[history.len() - longest..]), id, num_events)
    }

    fn interpolated(&self, history: Option<&[TokenId]>, id: TokenId, num_events: usize) -> f64 {
        let Some(history) = history else {
            return 1.0 / num_events as f64;
        };
        let shorter = history.split_first().map(|(_, shorter)| shorter);
        let lower = self.interpolated(shorter, id, num_events);
        let len = history.len() + 1;
        let of_len = self.adjusted.iter().filter(|(ngram, _)| ngram.len() == len);
        let of_history: Vec<(TokenId, u64)> = of_len
            .clone()
            .filter(|(ngram, _)| ngram.starts_with(history))
            .map(|(ngram, &count)| (ngram[len - 1], count))
            .collect();
        if of_history.is_empty() {
            return lower;
        }
        let number = |k: u64| of_len.clone().filter(|&(_, &count)| count == k).count() as u64;
        let discounts = discounts([number(1), number(2), number(3), number(4)]);
        let discount = |count: u64| discounts[count.min(3) as usize - 1];
        let total: u64 = of_history.iter().map(|(_, count)| count).sum();
        let taken: f64 = of_history.iter().map(|&(_, count)| discount(count)).sum();
        let own = of_history.iter().find(|(follower, _)| *follower == id);
        let own = own.map_or(0.0, |&(_, count)| count as f64 - discount(count));
        (own + taken * lower) / total as f64
    }
}

#[test]
fn bits_per_letter_count_the_end_of_the_word() {
    let model = train(&["ab", "ac", "b"], 2);
    let rows = encode(&["ab", "b"], &letters());
    let bits = |row: &[TokenId]| -model.log_prob(row).unwrap() / std::f64::consts::LN_2;
    let expected = (bits(&rows[0]) + bits(&rows[1])) / 5.0; // a b eos, b eos
    assert!((model.bits_per_letter(&rows).unwrap() - expected).abs() < 1e-12);
}

#[test]
fn a_uniform_source_costs_the_logarithm_of_its_events() {
    // One word of each letter says nothing of the order: the single-letter model of a..z.
    let vocab = letters();
    let rows: Vec<Vec<TokenId>> = (4..30).map(|id| vec![id]).collect();
    let model = NgramModel::train(&rows, vocab.len(), NgramConfig { order: 1 }).unwrap();
    let probs = model.probs(&[]);
    assert!(
        probs[4..]
            .iter()
            .all(|prob| (prob - probs[4]).abs() < 1e-15)
    );
}

#[test]
fn longer_histories_help_on_held_out_words() {
    let words = Embedded::English.words();
    let vocab = letters();
    let rows = encode(&words, &vocab);
    let held_out: Vec<_> = rows.iter().step_by(10).collect();
    let training: Vec<_> = (0..rows.len())
        .filter(|i| i % 10 != 0)
        .map(|i| &rows[i])
        .collect();
    let bits = |order| {
        let model = NgramModel::train(&training, vocab.len(), NgramConfig { order }).unwrap();
        model.bits_per_letter(&held_out).unwrap()
    };
    let (one, two, three) = (bits(1), bits(2), bits(3));
    assert!(
        one < 28f64.log2() && two < one - 0.3 && three < two,
        "{one} {two} {three}"
    );
}

#[test]
fn rows_that_are_no_words_are_refused() {
    let train = |rows: &[Vec<TokenId>], order| NgramModel::train(rows, 8, NgramConfig { order });
    assert!(matches!(train(&[], 5), Err(DataError::TooFew { .. })));
    assert!(matches!(
        train(&[vec![8]], 5),
        Err(DataError::TokenId { .. })
    ));
    assert!(matches!(
        train(&[vec![4, BOS]], 5),
        Err(DataError::Batch { .. })
    ));
    assert!(matches!(
        train(&[vec![4]], 0),
        Err(DataError::Setting { .. })
    ));
    assert!(matches!(
        train(&[vec![4]], 17),
        Err(DataError::Setting { .. })
    ));
    let model = train(&[vec![4]], 5).unwrap();
    assert!(model.log_probs(&[0]).is_err() && model.log_prob(&[99]).is_err());
    let none: [Vec<TokenId>; 0] = [];
    assert!(model.bits_per_letter(&none).is_err());
    assert!(train(&[vec![]], 5).unwrap().log_probs(&[]).is_ok());
}
