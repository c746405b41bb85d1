//! What can be written on the command line.

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use recurra::{Precision, Topology};
use std::path::PathBuf;

const EXIT_CODES: &str = "\
Exit codes: 0 fine, 1 failure, 2 wrong usage or recipe, 130 stopped by Ctrl-C
(training then finishes its update and saves).";

/// Train, explain and ship recurrent sequence models on the CPU you have.
#[derive(Debug, Parser)]
#[command(name = "recurra", version, max_term_width = 80, after_help = EXIT_CODES)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
    /// Print one JSON object on standard output, and nothing else
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List the built-in recipes
    Recipes,
    /// Train by a recipe, or go on with a run
    Train(Train),
    /// Judge a run beside its baselines
    Eval(Eval),
    /// Answer lines: one input a line, one output a line
    Predict(Predict),
    /// Talk with a run that has learnt answers
    Chat(Chat),
    /// Let a run go on by itself: with a text or a tune
    Generate(Generate),
    /// Say which words moved a classifier's answer
    Explain(Explain),
    /// Watch what is said of brands over time, by a classifier
    Monitor(Monitor),
    /// Write a run's weights in fewer bits, and show what that costs
    Quantize(Quantize),
    /// Show layers, shapes, parameters, and which path each layer takes
    Inspect(Inspect),
    /// Write a run's report page and its charts
    Report(Report),
    /// Look at data before training on it
    #[command(subcommand)]
    Data(Data),
    /// Show how Recurra sees this machine
    Doctor,
    /// Print a completion script for a shell
    Completions(Completions),
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  recurra train word-completion
  recurra train number-sequence --set train.updates=500 --out runs/short
  recurra train my-recipe.toml --data prices.csv --seed 7
  recurra train --resume runs/short")]
pub(crate) struct Train {
    /// A built-in recipe's name, or a recipe file
    #[arg(value_name = "RECIPE", required_unless_present = "resume")]
    pub(crate) recipe: Option<String>,
    /// Replace one of the recipe's values, as in train.batch_size=64
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub(crate) overrides: Vec<String>,
    /// The run directory to make [default: runs/ and the recipe's name, numbered
    /// when that is taken]
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Seed of all random numbers (train.seed)
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// The data to train on (data.path)
    #[arg(long, value_name = "PATH")]
    pub(crate) data: Option<PathBuf>,
    /// Go on with an interrupted or killed run, by its own recipe
    #[arg(
        long,
        value_name = "DIR",
        conflicts_with_all = ["recipe", "overrides", "out", "seed", "data"]
    )]
    pub(crate) resume: Option<PathBuf>,
    /// Threads to compute with [default: one for each CPU; results are the same]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) threads: Option<u16>,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  recurra eval runs/word-completion --json
  recurra eval runs/multi30k-en-de --against runs/gnmt-small
  recurra eval runs/multi30k-en-de --precision int8 --against runs/multi30k-en-de")]
pub(crate) struct Eval {
    /// The run directory
    #[arg(value_name = "RUN")]
    pub(crate) run: PathBuf,
    /// Data to judge it on, in place of its own held-out part
    #[arg(long, value_name = "FILE")]
    pub(crate) data: Option<PathBuf>,
    /// The weights to judge; bf16 and int8 after `recurra quantize`
    #[arg(long, value_name = "PRECISION", default_value = "f32")]
    pub(crate) precision: PrecisionName,
    /// Another translate run, of f32 weights: compares both line by line, and says whether the
    /// difference is more than chance
    #[arg(long, value_name = "RUN", conflicts_with = "overrides")]
    pub(crate) against: Option<PathBuf>,
    /// Replace one of the recipe's values under `decode`, as in decode.search.width=8
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub(crate) overrides: Vec<String>,
}

#[derive(Debug, Args)]
#[command(after_help = "\
A line that the model cannot take gets an empty line and a message on standard
error; the exit code is then 1.

Examples:
  echo 1,2,3,4,5 | recurra predict runs/number-sequence
  echo wor | recurra predict runs/word-completion --top-k 3")]
pub(crate) struct Predict {
    /// The run directory
    #[arg(value_name = "RUN")]
    pub(crate) run: PathBuf,
    /// A file of input lines; `-` is standard input
    #[arg(value_name = "FILE", default_value = "-")]
    pub(crate) input: PathBuf,
    /// Forecast what follows the last rows of a table in place of lines, by the columns of the
    /// run's recipe. Where some are known beforehand, rows with nothing in the column that is
    /// forecast say what is known of what is yet to come
    #[arg(long, value_name = "FILE", conflicts_with_all = ["input", "top_k", "n_best", "attention"])]
    pub(crate) table: Option<PathBuf>,
    /// How many answers to give where the task ranks them; 5 unless told otherwise
    #[arg(
        long,
        value_name = "K",
        value_parser = clap::value_parser!(u16).range(1..=1000)
    )]
    pub(crate) top_k: Option<u16>,
    /// Print this many answers a line where the task ranks whole texts: line, rank,
    /// score and text, parted by tabs
    #[arg(
        long,
        value_name = "N",
        conflicts_with = "top_k",
        value_parser = clap::value_parser!(u16).range(1..=1000)
    )]
    pub(crate) n_best: Option<u16>,
    /// Draw what the network looked at while it wrote the answer to the first line
    #[arg(long, value_name = "OUT.svg")]
    pub(crate) attention: Option<PathBuf>,
    /// The weights to answer with; bf16 and int8 after `recurra quantize`
    #[arg(long, value_name = "PRECISION", default_value = "f32")]
    pub(crate) precision: PrecisionName,
    /// Replace one of the recipe's values under `decode`, as in
    /// decode.replace_unknown=true
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub(crate) overrides: Vec<String>,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Lines that begin with a slash: /reset forgets what was said, /temperature T draws
answers (/temperature 0 no longer), /quit ends.

Examples:
  recurra chat runs/chat-ko
  printf '안녕\\n심심해\\n' | recurra chat runs/chat-ko --temperature 0.7")]
pub(crate) struct Chat {
    /// The run directory
    #[arg(value_name = "RUN")]
    pub(crate) run: PathBuf,
    /// Draw answers: above 1 more even, below 1 more greedy; 0 draws none [default: the
    /// run's search]
    #[arg(long, value_name = "T", allow_negative_numbers = true)]
    pub(crate) temperature: Option<f64>,
    /// How many earlier turns are read before a line
    #[arg(long, value_name = "N", default_value = "0")]
    pub(crate) history: u16,
    /// Seed of the draws
    #[arg(long, value_name = "N", default_value = "0")]
    pub(crate) seed: u64,
    /// The weights to answer with; bf16 and int8 after `recurra quantize`
    #[arg(long, value_name = "PRECISION", default_value = "f32")]
    pub(crate) precision: PrecisionName,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Each word is left out in turn: its effect is how much the log-odds of the class
fall without it.

Examples:
  recurra explain runs/sentiment-small 'the food was great and the staff were rude'
  recurra explain runs/imdb \"$(cat review.txt)\" --svg review.svg")]
pub(crate) struct Explain {
    /// The run directory
    #[arg(value_name = "RUN")]
    pub(crate) run: PathBuf,
    /// The text; without it, standard input
    #[arg(value_name = "TEXT")]
    pub(crate) text: Option<String>,
    /// Also draw the text with its words marked
    #[arg(long, value_name = "OUT.svg")]
    pub(crate) svg: Option<PathBuf>,
    /// How many words to list
    #[arg(
        long,
        value_name = "N",
        default_value = "10",
        value_parser = clap::value_parser!(u16).range(1..=1000)
    )]
    pub(crate) top: u16,
}

#[derive(Debug, Args)]
#[command(after_help = "\
FILE is a table (TSV, CSV), or JSON lines when its name has .jsonl in it; plain, .gz
or .zst. It is read once, in memory that does not grow with it. Rows without a
text, a group or a date are counted, and listed in bad_rows.csv.

Examples:
  recurra monitor runs/reviews reviews.csv --text review --group product --date day
  recurra monitor runs/airline-brands tweets.csv.gz --text text \\
    --mentions united,jetblue --date tweet_created")]
pub(crate) struct Monitor {
    /// The run directory of a classifier
    #[arg(value_name = "RUN")]
    pub(crate) run: PathBuf,
    /// The table
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// The column of the texts (name, or number from 1)
    #[arg(long, value_name = "COLUMN", default_value = "text")]
    pub(crate) text: String,
    /// The column of what texts belong to
    #[arg(long, value_name = "COLUMN", conflicts_with = "mentions")]
    pub(crate) group: Option<String>,
    /// Names, each a word or several: a text belongs to the one that comes first in it
    #[arg(long, value_name = "NAME,NAME", value_delimiter = ',')]
    pub(crate) mentions: Vec<String>,
    /// The column of the dates
    #[arg(long, value_name = "COLUMN")]
    pub(crate) date: Option<String>,
    /// In 3/4/2020 the day comes first
    #[arg(long, requires = "date")]
    pub(crate) day_first: bool,
    /// The class whose share is drawn [default: positive, or the last]
    #[arg(long, value_name = "NAME")]
    pub(crate) class: Option<String>,
    /// The folder to write report.html, groups.csv and bad_rows.csv into
    #[arg(long, value_name = "DIR", default_value = "monitor")]
    pub(crate) out: PathBuf,
}

#[derive(Debug, Args)]
#[command(after_help = "\
A text is written as it is made, the prime before it; a tune as MIDI and as a picture too.

Examples:
  recurra generate runs/shakespeare-char --prime 'ROMEO:' --length 500
  recurra generate runs/ptb-small --prime 'the company said' --stop '\\n' --json
  recurra generate runs/folk-tunes --prime tune.mid --length 128 --out more.mid
  recurra generate runs/folk-tunes --prime 'C4:2 D4:2 E4:2 C4:2' --seed 7")]
pub(crate) struct Generate {
    /// The run directory
    #[arg(value_name = "RUN")]
    pub(crate) run: PathBuf,
    /// What to go on with: a text, in which \n is the end of a line; of a music run, a
    /// .mid file or notes such as 'C4:2 E4+G4 -'
    #[arg(long, value_name = "TEXT|FILE")]
    pub(crate) prime: Option<String>,
    /// Most steps to make: words, letters or Jamo of a text, steps of a tune
    #[arg(long, value_name = "N", default_value = "200")]
    pub(crate) length: usize,
    /// Below 1 the likely becomes likelier, above 1 less so; 0 takes the likeliest
    #[arg(long, value_name = "T", default_value = "0.8")]
    pub(crate) temperature: f64,
    /// Of a text: draw from the K likeliest words, letters or Jamo
    #[arg(long, value_name = "K")]
    pub(crate) top_k: Option<usize>,
    /// Of a text: draw from the fewest that have this much probability together
    #[arg(long, value_name = "P", default_value = "1")]
    pub(crate) top_p: f64,
    /// Of a text: end behind this, which may be given more than once; \n is the end of a
    /// line
    #[arg(long, value_name = "TEXT")]
    pub(crate) stop: Vec<String>,
    /// Another seed makes another sequence
    #[arg(long, value_name = "N", default_value = "0")]
    pub(crate) seed: u64,
    /// The weights to step with; bf16 and int8 after `recurra quantize`
    #[arg(long, value_name = "PRECISION", default_value = "f32")]
    pub(crate) precision: PrecisionName,
    /// The file to write; a tune has to end in .mid [default: none for a text,
    /// generated.mid in the run directory for a tune]
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  recurra quantize runs/word-completion --to int8
  echo wor | recurra predict runs/word-completion --precision int8")]
pub(crate) struct Quantize {
    /// The run directory
    #[arg(value_name = "RUN")]
    pub(crate) run: PathBuf,
    /// What to keep the weights in
    #[arg(long, value_name = "PRECISION")]
    pub(crate) to: Narrow,
}

/// The precisions by the names that are typed.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum PrecisionName {
    F32,
    Bf16,
    Int8,
}

/// Those that a run has still to be quantised to.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Narrow {
    Bf16,
    Int8,
}

impl From<PrecisionName> for Precision {
    fn from(name: PrecisionName) -> Self {
        match name {
            PrecisionName::F32 => Self::F32,
            PrecisionName::Bf16 => Self::Bf16,
            PrecisionName::Int8 => Self::Int8,
        }
    }
}

impl From<Narrow> for Precision {
    fn from(name: Narrow) -> Self {
        match name {
            Narrow::Bf16 => Self::Bf16,
            Narrow::Int8 => Self::Int8,
        }
    }
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  recurra inspect word-completion --graph out.svg
  recurra inspect runs/shakespeare-char --neuron 7 --text play.txt --page out.html")]
pub(crate) struct Inspect {
    /// A run directory, a built-in recipe's name, or a recipe file
    #[arg(value_name = "RUN|RECIPE")]
    pub(crate) subject: String,
    /// Draw the computation graph, unrolled over time
    #[arg(long, value_name = "OUT.svg")]
    pub(crate) graph: Option<PathBuf>,
    /// Draw this one of several networks, as in "GRU, adding-200"
    #[arg(long, value_name = "NAME", requires = "graph")]
    pub(crate) network: Option<String>,
    /// Draw the same layers in another of the five topologies
    #[arg(long, value_name = "TOPOLOGY", requires = "graph")]
    pub(crate) topology: Option<TopologyName>,
    /// Show what a neuron of a language model's run does, counted from 0; may be
    /// given more than once
    #[arg(long, value_name = "K", requires = "text", requires = "page")]
    pub(crate) neuron: Vec<usize>,
    /// The neuron's layer, counted from 1 [default: the top one]
    #[arg(long, value_name = "L", requires = "neuron")]
    pub(crate) layer: Option<usize>,
    /// The text that the network reads
    #[arg(long, value_name = "FILE", requires = "neuron")]
    pub(crate) text: Option<PathBuf>,
    /// Write the text, coloured by the neuron's state, as a page
    #[arg(long, value_name = "OUT.html", requires = "neuron")]
    pub(crate) page: Option<PathBuf>,
}

/// The topologies by the names that are typed.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum TopologyName {
    OneToOne,
    OneToMany,
    ManyToOne,
    ManyToMany,
    EncoderDecoder,
}

impl From<TopologyName> for Topology {
    fn from(name: TopologyName) -> Self {
        match name {
            TopologyName::OneToOne => Self::OneToOne,
            TopologyName::OneToMany => Self::OneToMany,
            TopologyName::ManyToOne => Self::ManyToOne,
            TopologyName::ManyToMany => Self::ManyToManyAligned,
            TopologyName::EncoderDecoder => Self::ManyToManyEncoderDecoder,
        }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Data {
    /// Count pairs of texts, and list what is wrong with them by line
    Check(DataCheck),
}

#[derive(Debug, Args)]
#[command(after_help = "\
Files may be plain, .gz or .zst. Two files belong together line by line; one file
is a table (TSV or CSV), or JSON lines when its name has .jsonl in it.

Examples:
  recurra data check train.en.gz train.de.gz
  recurra data check pairs.tsv --source 1 --target 2
  recurra data check my-recipe.toml
  recurra data check multi30k-en-de --data path/to/multi30k")]
pub(crate) struct DataCheck {
    /// A known data set's name, a recipe that translates (its name or a .toml file), a file of
    /// pairs, or the file of the source side
    #[arg(value_name = "NAME|RECIPE|FILE")]
    pub(crate) first: PathBuf,
    /// The file of the target side
    #[arg(value_name = "FILE")]
    pub(crate) second: Option<PathBuf>,
    /// Column (name, or number from 1) or JSON key of the source side
    #[arg(long, value_name = "COLUMN", conflicts_with = "second")]
    pub(crate) source: Option<String>,
    /// Column (name, or number from 1) or JSON key of the target side
    #[arg(long, value_name = "COLUMN", conflicts_with = "second")]
    pub(crate) target: Option<String>,
    /// Where the data of a known data set or a recipe is [default: in the folder RECURRA_DATA,
    /// or where the recipe says]
    #[arg(long, value_name = "PATH")]
    pub(crate) data: Option<PathBuf>,
    /// Seed of the split of a known data set or a recipe [default: 1, or the recipe's]
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
}

#[derive(Debug, Args)]
pub(crate) struct Report {
    /// The run directory
    #[arg(value_name = "RUN")]
    pub(crate) run: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// The shell
    #[arg(value_name = "SHELL")]
    pub(crate) shell: Shell,
}
