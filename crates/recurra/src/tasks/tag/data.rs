//! From labelled sentences to what the model is fitted on.

use super::config::{DataConfig, LabelKind, Recipe, SplitOrder};
use super::scheme::unify;
use super::shape::Shape;
use crate::Error;
use crate::artifact::{read_json, write_json};
use recurra_data::source::locate;
use recurra_data::tagged::{TaggedColumns, TaggedSentence, read_tagged};
use recurra_data::{Specials, Split, SplitFractions, TokenId, Vocab};
use recurra_train::Run;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::slice;

/// The sentences of a run as they were when it began, so that a resumed run sees the same ones.
const PARTS: [&str; 3] = ["train.tsv", "valid.tsv", "test.tsv"];
const ORIGIN: &str = "sentences.json";
const WORDS: &str = "vocab.txt";
const LETTERS: &str = "letters.txt";
const LABELS: &str = "labels.txt";

/// Letters of a word that are read; of a longer one, those of both ends.
const MAX_LETTERS: usize = 40;

/// The label of a held-out word that training never saw; no prediction is equal to it.
pub(super) const UNKNOWN_LABEL: u32 = u32::MAX;

/// Where the sentences of a run came from.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Origin {
    /// A built-in set or files, part by part.
    pub(super) source: String,
    /// What was noticed in them.
    pub(super) notes: Vec<String>,
}

/// The sentences of a run, with labels in the recipe's scheme.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Parts {
    pub(super) train: Vec<TaggedSentence>,
    pub(super) valid: Vec<TaggedSentence>,
    pub(super) test: Vec<TaggedSentence>,
    pub(super) origin: Origin,
}

impl Parts {
    /// Reads what the recipe names.
    pub(super) fn read(recipe: &Recipe) -> Result<Self, Error> {
        let config = &recipe.data;
        let mut origin = Origin::default();
        let own_file = config.path.as_ref().filter(|path| !path.is_dir());
        let (train, source) = match (own_file, config.sentences) {
            (Some(path), _) => read_paths(slice::from_ref(path), config, &mut origin.notes)?,
            (None, Some(_)) if config.path.is_some() => {
                let want = "a file of sentences, to be learnt in place of the built-in ones";
                return Err(Error::config("data.path", want, "a folder"));
            }
            (None, Some(embedded)) => {
                let mut sentences = embedded.sentences();
                let path = Path::new("built-in sentences");
                origin.notes.extend(prepare(path, &mut sentences, config)?);
                (sentences, "built-in sentences".to_owned())
            }
            (None, None) => read_files(&config.train, config, &mut origin.notes)?,
        };
        let (mut valid, _) = read_files(&config.valid, config, &mut origin.notes)?;
        let (mut test, _) = read_files(&config.test, config, &mut origin.notes)?;
        origin.source = source;
        let train = match &config.split {
            None => train,
            Some(fractions) => {
                let split = parted(train.len(), fractions, config.split_order, recipe)?;
                let of = |indices: &[usize]| -> Vec<TaggedSentence> {
                    indices.iter().map(|&index| train[index].clone()).collect()
                };
                valid.extend(of(&split.valid));
                test.extend(of(&split.test));
                of(&split.train)
            }
        };
        let mut parts = Self {
            train,
            valid,
            test,
            origin,
        };
        parts.note_unknown_labels();
        Ok(parts)
    }

    /// Puts them into a run that begins.
    pub(super) fn write(&self, run: &Run) -> Result<(), Error> {
        write_json(run, ORIGIN, &self.origin)?;
        for (name, part) in PARTS.iter().zip([&self.train, &self.valid, &self.test]) {
            let mut text = String::new();
            for sentence in part {
                for (word, label) in sentence.words.iter().zip(&sentence.labels) {
                    text.extend([word, "\t", label, "\n"]);
                }
                text.push('\n');
            }
            run.write(name, text.as_bytes())?;
        }
        Ok(())
    }

    /// Takes them out of a run.
    pub(super) fn of_run(run: &Run) -> Result<Self, Error> {
        let origin = read_json(run, ORIGIN)?;
        let part = |name: &str| -> Result<Vec<TaggedSentence>, Error> {
            Ok(read_tagged(&run.path(name)?, &TaggedColumns::default())?)
        };
        let [train, valid, test] = PARTS;
        Ok(Self {
            train: part(train)?,
            valid: part(valid)?,
            test: part(test)?,
            origin,
        })
    }

    /// How much there is to learn from, in a sentence.
    pub(super) fn summary(&self) -> String {
        let words = |part: &[TaggedSentence]| part.iter().map(|one| one.words.len()).sum::<usize>();
        format!(
            "{}: {} sentences ({} words) to learn, {} ({}) to watch, {} ({}) to judge by",
            self.origin.source,
            self.train.len(),
            words(&self.train),
            self.valid.len(),
            words(&self.valid),
            self.test.len(),
            words(&self.test)
        )
    }

    /// A label that training never sees cannot be predicted; whoever reads the result should know.
    fn note_unknown_labels(&mut self) {
        let known: std::collections::BTreeSet<&String> =
            self.train.iter().flat_map(|one| &one.labels).collect();
        let mut notes = Vec::new();
        for (name, part) in [("valid", &self.valid), ("test", &self.test)] {
            let mut unknown = BTreeMap::<&String, usize>::new();
            for label in part.iter().flat_map(|one| &one.labels) {
                if !known.contains(label) {
                    *unknown.entry(label).or_default() += 1;
                }
            }
            notes.extend(unknown.into_iter().map(|(label, count)| {
                format!("label `{label}` ({count} in {name}) is never trained on: all wrong")
            }));
        }
        self.origin.notes.extend(notes);
    }
}

fn parted(
    count: usize,
    fractions: &SplitFractions,
    order: SplitOrder,
    recipe: &Recipe,
) -> Result<Split, Error> {
    Ok(match order {
        SplitOrder::Random => Split::random(count, fractions, recipe.train.seed)?,
        SplitOrder::InOrder => Split::in_order(count, fractions)?,
    })
}

fn read_files(
    names: &[String],
    config: &DataConfig,
    notes: &mut Vec<String>,
) -> Result<(Vec<TaggedSentence>, String), Error> {
    let paths: Result<Vec<PathBuf>, Error> = names.iter().map(|name| find(name, config)).collect();
    read_paths(&paths?, config, notes)
}

fn read_paths(
    paths: &[PathBuf],
    config: &DataConfig,
    notes: &mut Vec<String>,
) -> Result<(Vec<TaggedSentence>, String), Error> {
    let mut sentences = Vec::new();
    for path in paths {
        let mut of_file = read_tagged(path, &config.columns)?;
        notes.extend(prepare(path, &mut of_file, config)?);
        sentences.extend(of_file);
    }
    let names: Vec<String> = paths
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    Ok((sentences, names.join(", ")))
}

fn find(name: &str, config: &DataConfig) -> Result<PathBuf, Error> {
    let given = PathBuf::from(name);
    if let Some(folder) = config.path.as_ref().filter(|path| path.is_dir()) {
        return Ok(folder.join(name));
    }
    if given.exists() {
        return Ok(given);
    }
    let hint = "Any file with a word and its label a line will do: --set data.train=[\"FILE\"]";
    Ok(locate(name, None, Some(hint))?)
}

/// Brings labels into the recipe's scheme and cuts sentences that are too long; says what was odd.
pub(super) fn prepare(
    path: &Path,
    sentences: &mut Vec<TaggedSentence>,
    config: &DataConfig,
) -> Result<Vec<String>, Error> {
    let mut notes = Vec::new();
    let long = |one: &&TaggedSentence| one.words.len() > config.max_len;
    if let Some(first) = sentences.iter().find(long) {
        notes.push(format!(
            "{}:{}: a sentence of {} words, read in pieces of {} ({} such sentences)",
            path.display(),
            first.lines[0],
            first.words.len(),
            config.max_len,
            sentences.iter().filter(long).count()
        ));
        let whole = std::mem::take(sentences);
        sentences.extend(
            whole
                .into_iter()
                .flat_map(|one| pieces(one, config.max_len)),
        );
    }
    if config.labels == LabelKind::Spans {
        notes.extend(unify(path, sentences, config.scheme)?.note());
    }
    Ok(notes)
}

/// A sentence in pieces of at most `max_len` words.
fn pieces(sentence: TaggedSentence, max_len: usize) -> Vec<TaggedSentence> {
    if sentence.words.len() <= max_len {
        return vec![sentence];
    }
    let ranges = (0..sentence.words.len()).step_by(max_len);
    let piece = |start: usize| {
        let range = start..sentence.words.len().min(start + max_len);
        TaggedSentence {
            lines: sentence.lines[range.clone()].to_vec(),
            words: sentence.words[range.clone()].to_vec(),
            labels: sentence.labels[range].to_vec(),
        }
    };
    ranges.map(piece).collect()
}

/// Words, letters and labels as numbers.
#[derive(Debug, Clone)]
pub(super) struct Vocabs {
    pub(super) words: Vocab,
    pub(super) letters: Vocab,
    /// The units are labels; a label's number is its place among them.
    pub(super) labels: Vocab,
}

impl Vocabs {
    pub(super) fn new(train: &[TaggedSentence], config: &DataConfig) -> Self {
        let mut counts = BTreeMap::<String, usize>::new();
        for word in train.iter().flat_map(|one| &one.words) {
            *counts.entry(config.case.apply(word)).or_default() += 1;
        }
        let often = |(word, count): (String, usize)| (count >= config.min_count).then_some(word);
        let words = train.iter().flat_map(|one| &one.words);
        Self {
            words: Vocab::build(counts.into_iter().filter_map(often)),
            letters: Vocab::build(words.flat_map(|word| config.unit.segment(word))),
            labels: Vocab::build(train.iter().flat_map(|one| one.labels.iter().cloned())),
        }
    }

    pub(super) fn write(&self, run: &Run) -> Result<(), Error> {
        for (name, vocab) in [
            (WORDS, &self.words),
            (LETTERS, &self.letters),
            (LABELS, &self.labels),
        ] {
            run.write(name, vocab.to_text().as_bytes())?;
        }
        Ok(())
    }

    pub(super) fn read(run: &Run) -> Result<Self, Error> {
        let read = |name: &str| -> Result<Vocab, Error> { Ok(Vocab::read(&run.path(name)?)?) };
        Ok(Self {
            words: read(WORDS)?,
            letters: read(LETTERS)?,
            labels: read(LABELS)?,
        })
    }

    fn label_id(&self, label: &str) -> u32 {
        match self.labels.id(label) {
            Some(id) => id - Specials::COUNT as u32,
            None => UNKNOWN_LABEL,
        }
    }
}

/// A sentence, or a piece of one, as numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    /// The vocabulary's.
    pub(super) words: Vec<TokenId>,
    /// Places in [`Corpus::spellings`].
    pub(super) spellings: Vec<usize>,
    /// Numbers of [`Shape`]s.
    pub(super) shapes: Vec<u32>,
    /// Numbers of labels, or [`UNKNOWN_LABEL`].
    pub(super) labels: Vec<u32>,
}

impl Row {
    pub(super) fn len(&self) -> usize {
        self.words.len()
    }
}

/// Sentences as numbers; the letters of a word stand once, however often it comes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Corpus {
    pub(super) rows: Vec<Row>,
    pub(super) spellings: Vec<Vec<TokenId>>,
}

impl Corpus {
    pub(super) fn new(sentences: &[TaggedSentence], config: &DataConfig, vocabs: &Vocabs) -> Self {
        let mut corpus = Self::default();
        let mut known = HashMap::<&str, (TokenId, usize, u32)>::new();
        for sentence in sentences {
            let mut row = Row {
                words: Vec::with_capacity(sentence.words.len()),
                spellings: Vec::with_capacity(sentence.words.len()),
                shapes: Vec::with_capacity(sentence.words.len()),
                labels: sentence
                    .labels
                    .iter()
                    .map(|label| vocabs.label_id(label))
                    .collect(),
            };
            for word in &sentence.words {
                let &mut (id, spelling, shape) = known.entry(word).or_insert_with(|| {
                    corpus.spellings.push(spell(word, config, &vocabs.letters));
                    let id = vocabs.words.id(&config.case.apply(word));
                    let id = id.unwrap_or(Specials::STANDARD.unk);
                    (id, corpus.spellings.len() - 1, Shape::of(word) as u32)
                });
                row.words.push(id);
                row.spellings.push(spelling);
                row.shapes.push(shape);
            }
            corpus.rows.push(row);
        }
        corpus
    }

    pub(super) fn lengths(&self) -> Vec<usize> {
        self.rows.iter().map(Row::len).collect()
    }
}

fn spell(word: &str, config: &DataConfig, letters: &Vocab) -> Vec<TokenId> {
    let mut ids = letters.encode(config.unit.segment(word)).ids;
    if ids.len() > MAX_LETTERS {
        let end = ids.split_off(ids.len() - MAX_LETTERS / 2);
        ids.truncate(MAX_LETTERS / 2);
        ids.extend(end);
    }
    ids
}

/// Rows that go through the network together, padded; each spelling among them once.
///
/// # Shapes
/// `words`, `shapes`, `places`, `labels` `[batch_size, seq_len]`; `lengths [batch_size]`; each of
/// `spellings` as long as its word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Batch {
    pub(super) words: Vec<TokenId>,
    pub(super) shapes: Vec<u32>,
    /// Which of the spellings each word has.
    pub(super) places: Vec<i32>,
    pub(super) labels: Vec<u32>,
    pub(super) lengths: Vec<usize>,
    pub(super) seq_len: usize,
    pub(super) spellings: Vec<Vec<TokenId>>,
}

impl Batch {
    pub(super) fn new(corpus: &Corpus, rows: &[&Row]) -> Self {
        let lengths: Vec<usize> = rows.iter().map(|row| row.len()).collect();
        let seq_len = lengths.iter().copied().max().unwrap_or(0);
        let cells = rows.len() * seq_len;
        let mut batch = Self {
            words: vec![Specials::STANDARD.pad; cells],
            shapes: vec![0; cells],
            places: vec![0; cells],
            labels: vec![0; cells],
            lengths,
            seq_len,
            spellings: Vec::new(),
        };
        let mut known = HashMap::<usize, i32>::new();
        for (index, row) in rows.iter().enumerate() {
            let start = index * seq_len;
            batch.words[start..start + row.len()].copy_from_slice(&row.words);
            batch.shapes[start..start + row.len()].copy_from_slice(&row.shapes);
            batch.labels[start..start + row.labels.len()].copy_from_slice(&row.labels);
            for (place, &spelling) in batch.places[start..].iter_mut().zip(&row.spellings) {
                *place = *known.entry(spelling).or_insert_with(|| {
                    batch.spellings.push(corpus.spellings[spelling].clone());
                    batch.spellings.len() as i32 - 1
                });
            }
        }
        batch
    }
}
