//! Classes by group and day.

use super::period::Period;
use recurra_data::source::Day;
use recurra_train::metric::Proportion;
use std::collections::BTreeMap;

/// More groups than this are one: a bound on memory.
const MOST_GROUPS: usize = 500;
/// What the others are called.
pub(super) const OTHERS: &str = "(others)";

/// How many texts of each class.
pub(super) type Counts = Vec<u64>;

/// Counts of everything that was read.
#[derive(Debug, Clone, Default)]
pub(super) struct Tally {
    num_classes: usize,
    /// By the group's name, then by its day; without dates all is of day 0.
    by_group: BTreeMap<String, BTreeMap<Day, Counts>>,
}

impl Tally {
    pub(super) fn new(num_classes: usize) -> Self {
        Self {
            num_classes,
            by_group: BTreeMap::new(),
        }
    }

    /// The group that texts of this name are counted with.
    pub(super) fn group<'a>(&self, name: &'a str) -> &'a str {
        match self.by_group.contains_key(name) || self.by_group.len() < MOST_GROUPS {
            true => name,
            false => OTHERS,
        }
    }

    pub(super) fn add(&mut self, group: &str, day: Day, class: usize) {
        if !self.by_group.contains_key(group) {
            self.by_group.insert(group.to_owned(), BTreeMap::new());
        }
        let days = self.by_group.get_mut(group).expect("it was put there");
        let counts = days.entry(day).or_insert_with(|| vec![0; self.num_classes]);
        counts[class] += 1;
    }

    /// The groups, those with most texts first.
    pub(super) fn groups(&self) -> Vec<(String, Counts)> {
        let sum = |days: &BTreeMap<Day, Counts>| {
            days.values()
                .fold(vec![0; self.num_classes], |mut sum, counts| {
                    sum.iter_mut().zip(counts).for_each(|(a, b)| *a += b);
                    sum
                })
        };
        let each = self.by_group.iter();
        let mut groups: Vec<(String, Counts)> =
            each.map(|(name, days)| (name.clone(), sum(days))).collect();
        groups.sort_by_key(|(_, counts)| std::cmp::Reverse(counts.iter().sum::<u64>()));
        groups
    }

    /// All groups together.
    pub(super) fn total(&self) -> Counts {
        let mut total = vec![0; self.num_classes];
        for counts in self.by_group.values().flat_map(BTreeMap::values) {
            total.iter_mut().zip(counts).for_each(|(a, b)| *a += b);
        }
        total
    }

    /// The first and the last day.
    pub(super) fn span(&self) -> Option<[Day; 2]> {
        let days = || self.by_group.values().flat_map(BTreeMap::keys).copied();
        Some([days().min()?, days().max()?])
    }

    /// The periods of a group that have texts, in order.
    pub(super) fn over_time(&self, group: &str, period: Period) -> BTreeMap<Day, Counts> {
        let mut periods: BTreeMap<Day, Counts> = BTreeMap::new();
        for (&day, counts) in self.by_group.get(group).into_iter().flatten() {
            let sum = periods
                .entry(period.start(day))
                .or_insert_with(|| vec![0; self.num_classes]);
            sum.iter_mut().zip(counts).for_each(|(a, b)| *a += b);
        }
        periods
    }
}

/// The share of one class.
pub(super) fn share(counts: &[u64], class: usize) -> Proportion {
    Proportion {
        hits: counts[class],
        count: counts.iter().sum(),
    }
}
