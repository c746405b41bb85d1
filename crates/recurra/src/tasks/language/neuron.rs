//! What one neuron does while a text is read, as a page.

use super::infer::{Language, open};
use crate::recipe::Recipe;
use crate::report::html::{Block, Page, Section, ShadedText};
use crate::verbs::finished;
use crate::{Error, Precision};
use recurra_data::Specials;
use recurra_nn::Mode;
use recurra_nn::weights::values;
use std::path::Path;

/// Longer texts make a page that no browser likes.
const MOST_UNITS: usize = 50_000;

/// Which neurons are looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NeuronOptions {
    /// The layer, counted from 1; the top one when absent.
    pub layer: Option<usize>,
    /// The neurons of the layer, counted from 0, a section of the page each.
    pub neurons: Vec<usize>,
    /// What the network reads.
    pub text: String,
}

/// A self-contained page that shows a text as neurons of a language model see it.
///
/// Each unit is coloured by the neuron's state when it has been read: `tanh(c)` for cells that have
/// a cell state, `h` for the others. Red is above zero, blue below.
///
/// # Errors
/// [`Error::NotOfTask`] for a run of another task, [`Error::Config`] for a layer or neuron that there
/// is not or a text that is empty or too long, and what is wrong with the run.
///
/// # Source
/// Karpathy, Johnson and Fei-Fei 2015, "Visualizing and understanding recurrent networks".
pub fn neuron_page(dir: &Path, options: &NeuronOptions) -> Result<Page, Error> {
    let (run, recipe) = finished(dir)?;
    let Recipe::Language(recipe) = &recipe else {
        return Err(Error::NotOfTask {
            dir: dir.to_owned(),
            task: recipe.task(),
            why: "reads no running text; language runs do",
        });
    };
    let model = open(recipe, &run, Precision::F32)?;
    let num_layers = model.model().stack().layers.len();
    let layer = options.layer.unwrap_or(num_layers);
    if !(1..=num_layers).contains(&layer) {
        return Err(Error::config(
            "--layer",
            format!("1 to {num_layers}"),
            layer,
        ));
    }
    let width = model.model().stack().layers[layer - 1].cells()[0].state_size();
    if let Some(neuron) = options.neurons.iter().find(|&&neuron| neuron >= width) {
        let want = format!("0 to {}, layer {layer}'s", width - 1);
        return Err(Error::config("--neuron", want, neuron));
    }
    let units = units(&model, &options.text);
    if !(1..=MOST_UNITS).contains(&units.len()) {
        let want = format!("a text of 1 to {MOST_UNITS} units");
        return Err(Error::config("--text", want, units.len()));
    }
    let states = model.states(&options.text, layer - 1)?;
    let writing = model.cutter().writing();
    let section = |&neuron: &usize| {
        let pieces = units.iter().zip(&states).map(|(unit, state)| {
            let piece = match unit.as_str() {
                "\n" => unit.clone(),
                unit => writing.behind(unit).into_owned(),
            };
            (piece, f64::from(state[neuron]))
        });
        let shaded = ShadedText {
            pieces: pieces.collect(),
        };
        Section::new(
            format!("Layer {layer}, neuron {neuron}"),
            vec![Block::Shaded(shaded)],
        )
    };
    let mut sections = vec![Section::new(
        "How to read this",
        vec![Block::Prose(
            "Each piece of the text is coloured by the neuron's state once the network has read \
             it: red above zero, blue below, the stronger the closer to one. Point at a piece to \
             see the number."
                .to_owned(),
        )],
    )];
    sections.extend(options.neurons.iter().map(section));
    Ok(Page {
        title: "A neuron at work".to_owned(),
        subtitle: format!("{}: {}", dir.display(), recipe.about),
        lang: "en".to_owned(),
        sections,
    })
}

/// The text's units, line ends among them.
fn units(model: &Language, text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.split('\n').collect();
    let mut units = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        if index > 0 {
            units.push("\n".to_owned());
        }
        units.extend(model.segment(line));
    }
    units
}

impl Language {
    /// The state of a layer, counted from 0, behind each unit of a text, `[units][state_size]`.
    pub(super) fn states(&self, text: &str, layer: usize) -> Result<Vec<Vec<f32>>, Error> {
        let prime = self.prime(text);
        debug_assert_eq!(prime.ids.first(), Some(&Specials::STANDARD.eos));
        let mut state = None;
        let mut states = Vec::with_capacity(prime.ids.len());
        for id in prime.ids {
            let x = self.model().embed(id)?;
            let (_, next) = self
                .model()
                .stack()
                .forward(x, None, state.take(), Mode::Eval)?;
            let of_layer = &next.layers[layer].forward;
            states.push(match &of_layer.cell {
                Some(cell) => values(&cell.clone().tanh()),
                None => values(&of_layer.hidden),
            });
            state = Some(next);
        }
        states.remove(0); // behind the line end before the text
        Ok(states)
    }
}
