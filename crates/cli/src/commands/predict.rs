//! `recurra predict`: one line in, one line out, at once.

use crate::args::Predict;
use crate::commands::Ending;
use crate::error::CliError;
use crate::output::{Output, notice};
use recurra::fitting::write_atomic;
use recurra::report::AlignmentMap;
use recurra::{Error, PredictOptions, Prediction, Predictor, RankedText};
use serde_json::{Value, json};
use std::fs::File;
use std::io::{BufRead, BufReader, IsTerminal, Read, stdin};
use std::path::Path;

/// The longest line that is read: a bound on memory, whatever comes.
const MAX_LINE_BYTES: usize = 1 << 20;
/// Answers of a task that ranks them, where nobody says how many.
const TOP_K: u16 = 5;

pub(crate) fn run(args: &Predict, output: &mut Output<'_>) -> Result<Ending, CliError> {
    let predictor = recurra::open_with(&args.run, args.precision.into(), &args.overrides)
        .map_err(CliError::of_request)?;
    if let Some(path) = &args.table {
        return continue_table(predictor.as_ref(), path, output);
    }
    let lines = InputLines::open(&args.input)?;
    let options = PredictOptions {
        top_k: args.n_best.or(args.top_k).unwrap_or(TOP_K).into(),
    };
    let mut answerer = Answerer {
        predictor: predictor.as_ref(),
        options,
        wants_top_k: args.top_k.is_some(),
        first_alignment: None,
    };
    let ending = if output.json() {
        answer_as_json(&mut answerer, lines, output)
    } else if args.n_best.is_some() {
        answer_with_ranks(&mut answerer, lines, output)
    } else {
        answer(&mut answerer, lines, output)
    }?;
    if let Some(place) = &args.attention {
        draw(answerer.first_alignment, place)?;
    }
    Ok(ending)
}

/// What follows the last rows of a table: a line for each of its series.
fn continue_table(
    predictor: &dyn Predictor,
    path: &Path,
    output: &mut Output<'_>,
) -> Result<Ending, CliError> {
    let answers = predictor
        .continue_table(path)
        .map_err(CliError::of_request)?;
    let mut objects = Vec::with_capacity(answers.len());
    for (name, answer) in answers {
        let place = match &name[..] {
            "" => String::new(),
            name => format!("series `{name}`: "),
        };
        for text in &answer.notices {
            notice(format_args!("{place}{text}"));
        }
        if !output.json() {
            match &name[..] {
                "" => output.line(answer.text)?,
                name => output.line(format_args!("{name}\t{}", answer.text))?,
            }
            continue;
        }
        let mut object = json!({ "series": name, "notices": answer.notices });
        if let (Value::Object(said), Some(object)) = (answer.json, object.as_object_mut()) {
            object.extend(said);
        }
        objects.push(object);
    }
    if output.json() {
        output.json_line("", &json!({ "predictions": objects }))?;
    }
    Ok(Ending::Fine)
}

fn draw(alignment: Option<AlignmentMap>, place: &Path) -> Result<(), CliError> {
    match alignment {
        Some(map) => {
            write_atomic(place, map.to_svg().as_str().as_bytes())?;
            notice(format_args!("attention: {}", place.display()));
        }
        None => notice("attention: no answer has any; nothing is drawn"),
    }
    Ok(())
}

/// A predictor, and what its first answer with attention looked at.
struct Answerer<'a> {
    predictor: &'a dyn Predictor,
    options: PredictOptions,
    /// Whether `--top-k` was given, and nobody has been told yet that it changes nothing.
    wants_top_k: bool,
    first_alignment: Option<AlignmentMap>,
}

impl Answerer<'_> {
    /// The answer to a line, or what is wrong with the line; both are told on standard error.
    fn answer(&mut self, line: &InputLine) -> Result<Result<Prediction, String>, CliError> {
        let number = line.number;
        let answer = match &line.text {
            Ok(text) => self.predictor.predict(text, number, self.options),
            Err(message) => Err(Error::Input {
                line: number,
                message: message.clone(),
            }),
        };
        match answer {
            Ok(prediction) => {
                for text in &prediction.notices {
                    notice(format_args!("line {number}: {text}"));
                }
                if self.first_alignment.is_none() {
                    self.first_alignment.clone_from(&prediction.alignment);
                }
                Ok(Ok(prediction))
            }
            Err(Error::Input { line, message }) => {
                notice(format_args!("line {line}: {message}"));
                Ok(Err(message))
            }
            Err(other) => Err(other.into()),
        }
    }
}

/// Several answers a line, each with its line, rank and score.
fn answer_with_ranks(
    answerer: &mut Answerer<'_>,
    lines: InputLines,
    output: &mut Output<'_>,
) -> Result<Ending, CliError> {
    let mut ending = Ending::Fine;
    let wanted = answerer.options.top_k;
    let mut fewer_told = false;
    for line in lines {
        let line = line?;
        let Ok(prediction) = answerer.answer(&line)? else {
            ending = Ending::Incomplete;
            continue;
        };
        if prediction.ranked.is_empty() && !prediction.text.is_empty() {
            notice("--n-best: this run's task ranks no texts; see --top-k");
            return Ok(Ending::Incomplete);
        }
        let count = prediction.ranked.len();
        if !fewer_told && (1..wanted).contains(&count) {
            notice(format_args!(
                "--n-best {wanted}: line {} has no more than {count}; a run that searches with a \
                 beam finds more with `--set decode.search.width={wanted}`",
                line.number
            ));
            fewer_told = true;
        }
        for (rank, RankedText { text, score }) in (1..).zip(&prediction.ranked) {
            output.line(format_args!("{}\t{rank}\t{score:.4}\t{text}", line.number))?;
        }
    }
    Ok(ending)
}

/// The best answer to each line.
fn answer(
    answerer: &mut Answerer<'_>,
    lines: InputLines,
    output: &mut Output<'_>,
) -> Result<Ending, CliError> {
    let mut ending = Ending::Fine;
    for line in lines {
        match answerer.answer(&line?)? {
            Ok(prediction) => {
                if answerer.wants_top_k && !prediction.ranked.is_empty() {
                    notice("--top-k: of whole texts the best is printed; see --n-best");
                    answerer.wants_top_k = false;
                }
                output.line(prediction.text)?;
            }
            // So that output lines still belong to input lines.
            Err(_) => {
                ending = Ending::Incomplete;
                output.line("")?;
            }
        }
    }
    Ok(ending)
}

/// One object, written as its parts become known.
fn answer_as_json(
    answerer: &mut Answerer<'_>,
    lines: InputLines,
    output: &mut Output<'_>,
) -> Result<Ending, CliError> {
    let mut ending = Ending::Fine;
    let mut before = "{\"predictions\": [\n";
    let mut failure = None;
    for line in lines {
        let answered = line.and_then(|line| {
            let answer = answerer.answer(&line)?;
            Ok((line, answer))
        });
        let (line, answer) = match answered {
            Ok(answered) => answered,
            // What is begun is brought to its end all the same.
            Err(error) => {
                failure = Some(error);
                break;
            }
        };
        if answer.is_err() {
            ending = Ending::Incomplete;
        }
        let object = answer_object(&line, answer);
        output.json_line(before, &object)?;
        before = ",";
    }
    if before != "," {
        output.line(before.trim_end())?;
    }
    match failure {
        None => output.line("]}")?,
        Some(error) => {
            output.json_line("], \"error\": ", &error.chain().join(": "))?;
            output.line("}")?;
            notice(format_args!("error: {}", error.chain().join(": ")));
            ending = Ending::Incomplete;
        }
    }
    Ok(ending)
}

/// What the task says, with the line's number; or the line and what is wrong with it.
fn answer_object(line: &InputLine, answer: Result<Prediction, String>) -> Value {
    match answer {
        Ok(prediction) => {
            let mut object = json!({ "line": line.number, "notices": prediction.notices });
            match (prediction.json, object.as_object_mut()) {
                (Value::Object(said), Some(object)) => object.extend(said),
                (said, _) => object["prediction"] = said,
            }
            object
        }
        Err(message) => json!({
            "line": line.number,
            "input": line.text.as_deref().ok(),
            "error": message,
        }),
    }
}

/// A line of input; its text, or why it has none.
#[derive(Debug)]
pub(crate) struct InputLine {
    pub(crate) number: usize,
    pub(crate) text: Result<String, String>,
}

/// Input lines as they come; a bad one does not end them.
pub(crate) struct InputLines {
    origin: String,
    reader: Box<dyn BufRead>,
    number: usize,
}

impl InputLines {
    pub(crate) fn open(path: &Path) -> Result<Self, CliError> {
        if path == Path::new("-") {
            if stdin().is_terminal() {
                notice("reading lines from the terminal; Ctrl-D ends");
            }
            return Ok(Self::new("standard input", Box::new(stdin().lock())));
        }
        let origin = path.display().to_string();
        match File::open(path) {
            Ok(file) => Ok(Self::new(origin, Box::new(BufReader::new(file)))),
            Err(source) => Err(CliError::Read { origin, source }),
        }
    }

    fn new(origin: impl Into<String>, reader: Box<dyn BufRead>) -> Self {
        Self {
            origin: origin.into(),
            reader,
            number: 0,
        }
    }

    fn read(&mut self) -> std::io::Result<Option<InputLine>> {
        let mut bytes = Vec::new();
        let limit = MAX_LINE_BYTES as u64 + 1;
        let mut limited = (&mut self.reader).take(limit);
        if limited.read_until(b'\n', &mut bytes)? == 0 {
            return Ok(None);
        }
        self.number += 1;
        let ended = bytes.pop_if(|last| *last == b'\n').is_some();
        let text = if bytes.len() > MAX_LINE_BYTES && !ended {
            self.reader.skip_until(b'\n')?;
            Err(format!("longer than {MAX_LINE_BYTES} bytes; break it up"))
        } else {
            bytes.pop_if(|last| *last == b'\r');
            String::from_utf8(bytes).map_err(|error| {
                let at = error.utf8_error().valid_up_to();
                let byte = error.as_bytes()[at];
                format!("byte {} is 0x{byte:02x}, which is not UTF-8", at + 1)
            })
        };
        Ok(Some(InputLine {
            number: self.number,
            text,
        }))
    }
}

impl Iterator for InputLines {
    type Item = Result<InputLine, CliError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.read()
            .map_err(|source| CliError::Read {
                origin: self.origin.clone(),
                source,
            })
            .transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    #[derive(Debug)]
    struct Shout;

    impl Predictor for Shout {
        fn predict(
            &self,
            input: &str,
            line: usize,
            _: PredictOptions,
        ) -> Result<Prediction, Error> {
            if input.is_empty() {
                return Err(Error::Input {
                    line,
                    message: "nothing to shout".to_owned(),
                });
            }
            let text = input.to_uppercase();
            Ok(Prediction {
                json: json!({ "shout": text }),
                text,
                notices: Vec::new(),
                ranked: Vec::new(),
                alignment: None,
            })
        }
    }

    fn lines(bytes: impl Into<Vec<u8>>) -> InputLines {
        InputLines::new("test", Box::new(Cursor::new(bytes.into())))
    }

    fn answered(bytes: &[u8], as_json: bool) -> (Ending, String) {
        let mut written = Vec::new();
        let mut output = Output::new(&mut written, as_json);
        let mut answerer = Answerer {
            predictor: &Shout,
            options: PredictOptions { top_k: 1 },
            wants_top_k: false,
            first_alignment: None,
        };
        let answer = if as_json { answer_as_json } else { answer };
        let ending = answer(&mut answerer, lines(bytes), &mut output).unwrap();
        (ending, String::from_utf8(written).unwrap())
    }

    #[test]
    fn every_line_has_its_answer() {
        assert_eq!(
            answered(b"a\r\nb", false),
            (Ending::Fine, "A\nB\n".to_owned())
        );
        assert_eq!(answered(b"", false), (Ending::Fine, String::new()));
    }

    #[test]
    fn a_bad_line_gets_an_empty_one_and_the_rest_go_on() {
        let (ending, text) = answered(b"a\n\n\xff\nb\n", false);
        assert_eq!(ending, Ending::Incomplete);
        assert_eq!(text, "A\n\n\nB\n");
    }

    #[test]
    fn json_is_one_object_whatever_the_lines() {
        let (_, text) = answered(b"a\n\n\xff", true);
        let object: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(object["predictions"][0]["shout"], "A");
        assert_eq!(object["predictions"][1]["error"], "nothing to shout");
        assert_eq!(object["predictions"][2]["input"], Value::Null);
        let (_, none) = answered(b"", true);
        let object: Value = serde_json::from_str(&none).unwrap();
        assert_eq!(object, json!({ "predictions": [] }));
    }

    #[test]
    fn a_line_without_end_is_not_kept_in_memory() {
        let mut bytes = vec![b'x'; MAX_LINE_BYTES + 10];
        bytes.extend(b"\nshort");
        let read: Vec<InputLine> = lines(bytes).map(Result::unwrap).collect();
        assert_eq!(read.len(), 2);
        assert!(
            read[0]
                .text
                .as_ref()
                .is_err_and(|why| why.contains("longer"))
        );
        assert_eq!(read[1].text.as_deref(), Ok("short"));
    }
}
