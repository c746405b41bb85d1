//! Byte-pair encoding: learning merges and applying them.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, HashMap};

use super::chunk::Counts;

/// A piece by its place in the list of pieces.
type Symbol = u32;
type Pair = (Symbol, Symbol);

/// A character that is no piece; it is never merged.
const UNKNOWN: Symbol = Symbol::MAX;

/// The pieces and the order in which two of them are joined.
///
/// # Source
/// Sennrich, Haddow and Birch 2016, "Neural machine translation of rare words with subword units".
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Bpe {
    pub(super) pieces: Vec<String>,
    pub(super) merges: Vec<Pair>,
    symbols: HashMap<String, Symbol>,
    ranks: HashMap<Pair, (usize, Symbol)>,
}

impl Bpe {
    /// Learns merges until there are `num_pieces` pieces or no pair occurs twice. Of equally
    /// frequent pairs the one whose pieces are older comes first.
    pub(super) fn learn(counts: &Counts, alphabet: &[char], num_pieces: usize) -> Self {
        let mut pieces: Vec<String> = alphabet.iter().map(char::to_string).collect();
        let mut symbols: HashMap<String, Symbol> = pieces.iter().cloned().zip(0..).collect();
        let mut words: Vec<(Vec<Symbol>, i64)> = counts
            .iter()
            .map(|(chunk, &count)| {
                let count = i64::try_from(count).unwrap_or(i64::MAX);
                (cut(chunk, &symbols), count)
            })
            .collect();
        let mut pairs: HashMap<Pair, i64> = HashMap::new();
        let mut places: HashMap<Pair, BTreeSet<usize>> = HashMap::new();
        for (index, (word, count)) in words.iter().enumerate() {
            for pair in pairs_of(word) {
                *pairs.entry(pair).or_default() += count;
                places.entry(pair).or_default().insert(index);
            }
        }
        let mut heap: BinaryHeap<(i64, Reverse<Pair>)> = pairs
            .iter()
            .map(|(&pair, &count)| (count, Reverse(pair)))
            .collect();
        let mut merges = Vec::new();
        while pieces.len() < num_pieces {
            let Some((count, Reverse(pair))) = heap.pop() else {
                break;
            };
            let now = pairs[&pair];
            if now != count {
                // A count that has changed since; what is left of it comes back in its turn.
                if now > 0 && now < count {
                    heap.push((now, Reverse(pair)));
                }
                continue;
            }
            if count < 2 {
                break;
            }
            let joined = [&*pieces[pair.0 as usize], &*pieces[pair.1 as usize]].concat();
            let symbol = *symbols.entry(joined.clone()).or_insert_with(|| {
                pieces.push(joined);
                pieces.len() as Symbol - 1
            });
            merges.push(pair);
            for index in places.remove(&pair).unwrap_or_default() {
                let (word, count) = &mut words[index];
                for old in pairs_of(word) {
                    *pairs.entry(old).or_default() -= *count;
                }
                merge(word, pair, symbol);
                for new in pairs_of(word) {
                    let total = pairs.entry(new).or_default();
                    *total += *count;
                    if places.entry(new).or_default().insert(index)
                        || new.0 == symbol
                        || new.1 == symbol
                    {
                        heap.push((*total, Reverse(new)));
                    }
                }
            }
            pairs.insert(pair, 0);
        }
        Self::new(pieces, merges)
    }

    /// From its parts; a merge that names no piece, or makes none, is left out.
    pub(super) fn new(pieces: Vec<String>, merges: Vec<Pair>) -> Self {
        let symbols: HashMap<String, Symbol> = pieces.iter().cloned().zip(0..).collect();
        let mut ranks = HashMap::with_capacity(merges.len());
        for (rank, &(left, right)) in merges.iter().enumerate() {
            let joined = pieces.get(left as usize).zip(pieces.get(right as usize));
            let made = joined.and_then(|(left, right)| symbols.get(&[&**left, right].concat()));
            if let Some(&made) = made {
                ranks.entry((left, right)).or_insert((rank, made));
            }
        }
        Self {
            pieces,
            merges,
            symbols,
            ranks,
        }
    }

    /// The pieces of a chunk; an unknown character is a piece of its own.
    pub(super) fn encode(&self, chunk: &str) -> Vec<String> {
        let mut word = cut(chunk, &self.symbols);
        let ranked = |word: &[Symbol]| {
            let known = pairs_of(word).filter_map(|pair| {
                let (rank, made) = self.ranks.get(&pair)?;
                Some((*rank, pair, *made))
            });
            known.min_by_key(|(rank, ..)| *rank)
        };
        while let Some((_, pair, made)) = ranked(&word) {
            merge(&mut word, pair, made);
        }
        let mut rest = chunk;
        let mut pieces = Vec::with_capacity(word.len());
        for symbol in word {
            let piece_len = match self.pieces.get(symbol as usize) {
                Some(piece) => piece.len(),
                None => rest.chars().next().map_or(0, char::len_utf8),
            };
            let (piece, after) = rest.split_at(piece_len);
            pieces.push(piece.to_owned());
            rest = after;
        }
        pieces
    }
}

fn cut(chunk: &str, symbols: &HashMap<String, Symbol>) -> Vec<Symbol> {
    let mut buffer = [0; 4];
    let symbol = |letter: char| {
        symbols
            .get(letter.encode_utf8(&mut buffer) as &str)
            .copied()
    };
    chunk
        .chars()
        .map(symbol)
        .map(|symbol| symbol.unwrap_or(UNKNOWN))
        .collect()
}

fn pairs_of(word: &[Symbol]) -> impl Iterator<Item = Pair> {
    let pairs = word.windows(2).map(|pair| (pair[0], pair[1]));
    pairs.filter(|&(left, right)| left != UNKNOWN && right != UNKNOWN)
}

/// Replaces every occurrence of `pair`, from the left.
fn merge(word: &mut Vec<Symbol>, pair: Pair, made: Symbol) {
    let mut read = 0;
    let mut written = 0;
    while read < word.len() {
        let here = word[read];
        if here == pair.0 && word.get(read + 1) == Some(&pair.1) {
            word[written] = made;
            read += 2;
        } else {
            word[written] = here;
            read += 1;
        }
        written += 1;
    }
    word.truncate(written);
}
