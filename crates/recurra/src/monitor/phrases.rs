//! Phrases by group and class, in bounded memory.

use super::mentions::Mentions;
use recurra_train::baseline::Terms;
use std::collections::{BTreeMap, HashMap, HashSet};

/// The most entries that are kept.
const MOST: usize = 400_000;
/// Words longer than this are none.
const MOST_BYTES: usize = 40;

/// How often each phrase came in texts of each class.
///
/// When there are too many, those that came least are forgotten (lossy counting): each keeps how
/// often it may have been forgotten before, and goes when that and its count are no more than the
/// number of forgettings. So a phrase is undercounted by at most that number.
///
/// # Source
/// Manku & Motwani 2002, *Approximate frequency counts over data streams*.
#[derive(Debug, Clone, Default)]
pub(super) struct Phrases {
    num_classes: usize,
    /// More entries than this are thinned out.
    most: usize,
    by_group: BTreeMap<String, HashMap<String, Counted>>,
    len: usize,
    pub(super) forgotten_below: u32,
}

/// A phrase in a group.
#[derive(Debug, Clone)]
struct Counted {
    by_class: Vec<u32>,
    /// Δ: how often it may have come before it was counted.
    missed: u32,
}

impl Phrases {
    pub(super) fn new(num_classes: usize) -> Self {
        Self::with_room(num_classes, MOST)
    }

    fn with_room(num_classes: usize, most: usize) -> Self {
        Self {
            num_classes,
            most,
            ..Self::default()
        }
    }

    /// Takes the words and pairs of words of a text, each once; addresses of pages, names after
    /// an `@` and the words of `names` say nothing of a class.
    pub(super) fn add(&mut self, group: &str, class: usize, text: &str, names: &Mentions) {
        if !self.by_group.contains_key(group) {
            self.by_group.insert(group.to_owned(), HashMap::new());
        }
        let phrases = self.by_group.get_mut(group).expect("it was put there");
        let distinct: HashSet<String> = Terms::Words { max_len: 2 }
            .of(&without_addresses(text))
            .into_iter()
            .filter(|phrase| is_phrase(phrase) && !names.touch(phrase))
            .collect();
        for phrase in distinct {
            let counted = phrases.entry(phrase).or_insert_with(|| {
                self.len += 1;
                Counted {
                    by_class: vec![0; self.num_classes],
                    missed: self.forgotten_below,
                }
            });
            counted.by_class[class] += 1;
        }
        while self.len > self.most {
            self.forgotten_below += 1;
            let at_most = |one: &Counted| one.by_class.iter().sum::<u32>() + one.missed;
            for phrases in self.by_group.values_mut() {
                phrases.retain(|_, counted| at_most(counted) > self.forgotten_below);
            }
            self.len = self.by_group.values().map(HashMap::len).sum();
        }
    }

    /// The phrases that speak most for `class` in a group, or in all of them: those whose log-odds
    /// against the other classes are furthest from zero in standard errors. With each its count
    /// in texts of that class, and in others.
    ///
    /// # Source
    /// Monroe, Colaresi & Quinn 2008, *Fightin' words*, with a prior of a half.
    pub(super) fn top(&self, group: Option<&str>, class: usize, most: usize) -> Vec<Phrase> {
        let mut counts: HashMap<&str, [f64; 2]> = HashMap::new();
        let mut totals = [1.0, 1.0];
        let groups = self.by_group.iter();
        for (_, phrases) in groups.filter(|(name, _)| group.is_none_or(|one| one == *name)) {
            for (phrase, Counted { by_class, .. }) in phrases {
                let inside = f64::from(by_class[class]);
                let outside = f64::from(by_class.iter().sum::<u32>()) - inside;
                let both = counts.entry(phrase).or_default();
                both[0] += inside;
                both[1] += outside;
                totals[0] += inside;
                totals[1] += outside;
            }
        }
        let odds = |count: f64, total: f64| ((count + 0.5) / (total - count + 0.5)).ln();
        let mut scored: Vec<(f64, Phrase)> = counts
            .into_iter()
            .filter(|(_, [inside, _])| *inside >= 3.0)
            .map(|(text, [inside, outside])| {
                let difference = odds(inside, totals[0]) - odds(outside, totals[1]);
                let error = (1.0 / (inside + 0.5) + 1.0 / (outside + 0.5)).sqrt();
                let phrase = Phrase {
                    text: text.to_owned(),
                    inside: inside as u64,
                    outside: outside as u64,
                };
                (difference / error, phrase)
            })
            .filter(|(score, _)| *score > 1.96)
            .collect();
        scored.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.text.cmp(&b.1.text)));
        let mut kept: Vec<Phrase> = Vec::new();
        for (_, phrase) in scored {
            // A pair whose word is there already says little more.
            let told = |one: &Phrase| phrase.text.split(' ').any(|word| word == one.text);
            if kept.len() < most && !kept.iter().any(told) {
                kept.push(phrase);
            }
        }
        kept
    }
}

/// A phrase with how many texts of a class have it, and how many others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Phrase {
    pub(super) text: String,
    pub(super) inside: u64,
    pub(super) outside: u64,
}

/// A text in which a bar, which is of no phrase, stands for each word that is an address.
fn without_addresses(text: &str) -> String {
    let is_address =
        |word: &&str| word.contains("://") || word.starts_with("www.") || word.starts_with('@');
    let words = text.split_whitespace();
    let kept = words.map(|word| if is_address(&word) { "|" } else { word });
    kept.collect::<Vec<&str>>().join(" ")
}

fn is_phrase(phrase: &str) -> bool {
    let word = |word: &str| {
        word.chars().filter(|letter| letter.is_alphabetic()).count() >= 2
            && word
                .chars()
                .all(|letter| letter.is_alphanumeric() || letter == '\'')
    };
    phrase.len() <= MOST_BYTES && phrase.split(' ').all(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_class_says_and_others_do_not_comes_first() {
        let names = Mentions::new(&["#nari".to_owned()]).unwrap();
        let mut phrases = Phrases::new(2);
        for _ in 0..20 {
            phrases.add("a", 1, "@nari The crew was great! http://t.co/x", &names);
            phrases.add("a", 0, "the crew was late, late", &names);
            phrases.add("b", 0, "Nari bag lost", &names);
        }
        let top = |group, class| -> Vec<String> {
            let found = phrases.top(group, class, 2);
            found.into_iter().map(|one| one.text).collect()
        };
        assert_eq!(
            top(Some("a"), 1),
            ["great", "was great"].map(String::from)[..1]
        );
        assert_eq!(top(Some("b"), 1), [""; 0]);
        assert!(
            top(None, 0)
                .iter()
                .all(|one| ["late", "bag", "lost"].contains(&&one[..]))
        );
        let late = &phrases.top(Some("a"), 0, 1)[0];
        assert_eq!((late.inside, late.outside), (20, 0));
    }

    #[test]
    fn a_phrase_is_undercounted_by_at_most_the_forgettings() {
        let names = Mentions::default();
        let mut phrases = Phrases::with_room(1, 20);
        let mut came = 0;
        // More often before each forgetting, and by itself never enough to outlast it.
        for round in 1..=8 {
            for _ in 0..round {
                phrases.add("a", 0, "steady", &names);
                came += 1;
            }
            let mut number = 0;
            while phrases.forgotten_below < round {
                let letter = |n: u32| char::from_u32('a' as u32 + n % 26).unwrap();
                let word = format!("x{}{}{round}", letter(number), letter(number / 26));
                phrases.add("a", 0, &word, &names);
                number += 1;
            }
        }
        let counted = phrases.by_group["a"].get("steady");
        let counted = counted.map_or(0, |counted| counted.by_class[0]);
        assert!(
            came - counted <= phrases.forgotten_below,
            "{counted} of {came}"
        );
    }
}
