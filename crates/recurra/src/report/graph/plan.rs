//! Where everything goes: columns are time steps, rows are layers.

use super::{
    Asks, AttentionLabel, DecoderLabel, Detour, Graph, LayerDirection, LayerLabel, Topology,
    pen::{BOX, RADIUS, SMALL_RADIUS},
};
use crate::report::text;

/// Up to this many steps are drawn in full.
const MOST_STEPS: usize = 5;
/// The same for each half of an encoder-decoder.
const MOST_STEPS_OF_HALF: usize = 3;
const PITCH: f64 = 118.0;
const MARGIN: f64 = 16.0;

/// A time step, or the dots for those left out.
#[derive(Debug)]
pub(crate) struct Column {
    pub(crate) x: f64,
    /// The index, such as `2` or `T`; `None` for the dots.
    pub(crate) index: Option<String>,
}

/// A run of steps that share weights: the whole network, or the encoder or decoder of one.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) name: &'static str,
    /// Letters of its states and of its weights.
    pub(crate) state: &'static str,
    pub(crate) weight: &'static str,
    pub(crate) left: f64,
    pub(crate) right: f64,
    pub(crate) columns: Vec<Column>,
    /// The index after the last one, where a backward layer starts.
    pub(crate) after_last: String,
    pub(crate) is_decoder: bool,
    pub(crate) layers: Vec<LayerLabel>,
    pub(crate) rows: Vec<Row>,
    pub(crate) attention: Option<Attending>,
}

/// Where attention stands in a decoder.
#[derive(Debug)]
pub(crate) struct Attending {
    /// The layer below it, whose state asks.
    pub(crate) after: usize,
    pub(crate) bottom: f64,
    pub(crate) top: f64,
    /// Along which the encoder's states come.
    pub(crate) rail: f64,
    /// The middle of its nodes.
    pub(crate) y: f64,
}

impl Attending {
    fn above(floor: f64, after: usize) -> Self {
        let rail = floor - 20.0;
        let y = rail - 18.0 - RADIUS;
        Self {
            after,
            bottom: floor,
            top: y - RADIUS - 22.0,
            rail,
            y,
        }
    }
}

impl Part {
    pub(crate) fn first(&self) -> &Column {
        self.columns.first().expect("a part has at least one step")
    }

    pub(crate) fn last(&self) -> &Column {
        self.columns.last().expect("a part has at least one step")
    }

    pub(crate) fn weight_x(&self) -> f64 {
        self.left + 36.0
    }
}

/// Heights of one direction of a layer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Track {
    pub(crate) rail: f64,
    pub(crate) function: f64,
    pub(crate) state: f64,
}

impl Track {
    fn above(floor: f64) -> Self {
        let rail = floor - 19.0;
        let function = rail - 15.0 - BOX.1;
        Self {
            rail,
            function,
            state: function - BOX.1 - 25.0 - RADIUS,
        }
    }
}

/// Heights of a layer; y grows downwards, so `top` is the smallest.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) bottom: f64,
    pub(crate) top: f64,
    pub(crate) forward: Track,
    /// The backward direction and where both are joined.
    pub(crate) backward: Option<(Track, f64)>,
    /// Where the input is added.
    pub(crate) add: Option<f64>,
}

impl Row {
    fn above(floor: f64, layer: &LayerLabel, bidirectional: bool) -> Self {
        let bottom = floor;
        let forward = Track::above(floor - 8.0);
        let mut highest = forward.state - RADIUS;
        let backward = bidirectional.then(|| {
            let track = Track::above(highest - 8.0);
            let join = track.state - RADIUS - 30.0 - SMALL_RADIUS;
            highest = join - SMALL_RADIUS;
            (track, join)
        });
        let add = (layer.detour != Detour::None).then_some(highest - 16.0 - SMALL_RADIUS);
        highest = add.map_or(highest, |add| add - SMALL_RADIUS);
        Self {
            bottom,
            top: highest - 24.0,
            forward,
            backward,
            add,
        }
    }
}

/// Layers over each other, and what attends between or above them.
#[derive(Debug, Default)]
struct Tower {
    layers: Vec<LayerLabel>,
    rows: Vec<Row>,
    attention: Option<Attending>,
}

impl Tower {
    fn new(layers: &[LayerLabel], reads_ahead: bool, attention: Option<&AttentionLabel>) -> Self {
        let mut tower = Self {
            layers: layers.to_vec(),
            ..Self::default()
        };
        if layers.is_empty() {
            tower.layers.push(LayerLabel::default());
        }
        let after = attention.map(|attention| match attention.asks {
            Asks::Top => tower.layers.len() - 1,
            Asks::Bottom | Asks::BottomBefore => 0,
        });
        let mut floor = 0.0;
        for (index, layer) in tower.layers.iter().enumerate() {
            let both = reads_ahead && layer.direction == LayerDirection::Bidirectional;
            let row = Row::above(floor, layer, both);
            floor = row.top - 20.0;
            tower.rows.push(row);
            if after == Some(index) {
                let attending = Attending::above(floor, index);
                floor = attending.top - 20.0;
                tower.attention = Some(attending);
            }
        }
        tower
    }

    /// The top of the highest band.
    fn ceiling(&self) -> f64 {
        let rows = self.rows.last().map_or(0.0, |row| row.top);
        self.attention
            .as_ref()
            .map_or(rows, |one| rows.min(one.top))
    }
}

/// The whole figure, with the top of the lowest layer's floor at y = 0.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) parts: Vec<Part>,
    /// Height of the lane along which the encoder's states go to the decoder's attention.
    pub(crate) memory_y: f64,
    /// Height of the lane along which outputs come back as inputs.
    pub(crate) feedback_y: f64,
    pub(crate) input_y: f64,
    /// Height of the lane that all states of the top layer go to, where they are pooled.
    pub(crate) pool_y: Option<f64>,
    pub(crate) output_y: f64,
    pub(crate) loss_y: Option<f64>,
    /// Place of the sum of losses.
    pub(crate) total: Option<(f64, f64)>,
    pub(crate) width: f64,
    pub(crate) top: f64,
    pub(crate) elided: bool,
}

impl Plan {
    pub(crate) fn new(graph: &Graph) -> Self {
        let topology = graph.topology;
        let reads_ahead = !matches!(topology, Topology::OneToOne | Topology::OneToMany);
        let tower = Tower::new(&graph.layers, reads_ahead, None);
        let any_both = tower.rows.iter().any(|row| row.backward.is_some());
        let same = DecoderLabel {
            layers: graph.layers.clone(),
            attention: None,
        };
        let label = graph.decoder.as_ref().unwrap_or(&same);
        let writer = (topology == Topology::ManyToManyEncoderDecoder)
            .then(|| Tower::new(&label.layers, false, label.attention.as_ref()));
        let memory_y = tower.ceiling() - 16.0;
        let mut ceiling = tower.ceiling();
        if let Some(writer) = &writer {
            ceiling = ceiling.min(writer.ceiling());
            if writer.attention.is_some() {
                ceiling = ceiling.min(memory_y);
            }
        }
        let pool_y = graph.pooling().map(|_| ceiling - 20.0);
        let output_y = pool_y.unwrap_or(ceiling) - 26.0 - RADIUS;
        let loss_y = graph
            .loss_label
            .as_ref()
            .map(|_| output_y - 2.0 * RADIUS - 28.0);

        let steps = if topology == Topology::OneToOne {
            1
        } else {
            graph.steps.max(1)
        };
        let most = match topology {
            Topology::ManyToManyEncoderDecoder => MOST_STEPS_OF_HALF,
            _ => MOST_STEPS,
        };
        let indices = indices(topology, steps, most);
        let zone = left_zone(graph, &tower.layers);
        let right_zone = if any_both { 104.0 } else { 64.0 };
        let mut main = part(MARGIN, zone, right_zone, &indices, "");
        main.after_last = if steps > most {
            "T+1".into()
        } else {
            (steps + 1).to_string()
        };
        let Tower { layers, rows, .. } = tower;
        let main = Part {
            layers,
            rows,
            ..main
        };
        let parts = match writer {
            Some(writer) => {
                let attention = label.attention.iter().map(|one| one.name.as_str());
                let names = writer.layers.iter().map(|layer| layer.name.as_str());
                let decoder_zone = (names.chain(attention))
                    .map(|name| text::width(name, 12.0) * text::BOLD + 110.0)
                    .fold(130.0, f64::max);
                let decoder = part(main.right + 26.0, decoder_zone, 64.0, &indices, "′");
                vec![
                    Part {
                        name: "encoder",
                        ..main
                    },
                    Part {
                        name: "decoder",
                        state: "s",
                        weight: "U",
                        is_decoder: true,
                        layers: writer.layers,
                        rows: writer.rows,
                        attention: writer.attention,
                        ..decoder
                    },
                ]
            }
            None => vec![main],
        };
        let last_part = parts.last().expect("there is at least one part");
        let losses_are_summed = matches!(
            topology,
            Topology::OneToMany | Topology::ManyToManyAligned | Topology::ManyToManyEncoderDecoder
        );
        let total = loss_y
            .filter(|_| losses_are_summed)
            .map(|y| (last_part.last().x + 92.0, y - RADIUS - 30.0));
        let right = total.map_or(last_part.right, |(x, _)| last_part.right.max(x + 40.0));
        let top = match (total, loss_y) {
            (Some((_, y)), _) => y - RADIUS,
            (None, Some(y)) => y - RADIUS,
            (None, None) => output_y - RADIUS,
        };
        Self {
            memory_y,
            feedback_y: 20.0,
            input_y: 40.0 + RADIUS,
            pool_y,
            output_y,
            loss_y,
            total,
            width: right + MARGIN,
            top,
            elided: steps > most,
            parts,
        }
    }

    /// Whether the decoder looks at what the encoder has read.
    pub(crate) fn attends(&self) -> bool {
        self.parts.iter().any(|part| part.attention.is_some())
    }

    /// Whether the output of layer `layer` at column `column` of `part` goes anywhere.
    pub(crate) fn has_port(&self, graph: &Graph, part: &Part, layer: usize, column: usize) -> bool {
        let last = column + 1 == part.columns.len();
        if layer + 1 < part.rows.len() {
            return true;
        }
        match graph.topology {
            Topology::ManyToOne => last || self.pool_y.is_some(),
            // Without attention only a joined last state of the encoder's top is read, by the
            // decoder.
            Topology::ManyToManyEncoderDecoder if !part.is_decoder => {
                self.attends() || (last && part.rows[layer].backward.is_some())
            }
            _ => true,
        }
    }
}

fn part(left: f64, zone: f64, right_zone: f64, indices: &[Option<String>], mark: &str) -> Part {
    let mut x = left + zone;
    let mut columns: Vec<Column> = Vec::new();
    for index in indices {
        // Dots are narrower than a step.
        let narrow = index.is_none() || columns.last().is_some_and(|before| before.index.is_none());
        if !columns.is_empty() {
            x += if narrow { PITCH * 0.78 } else { PITCH };
        }
        // A prime marks the decoder's own length.
        let index = index
            .clone()
            .map(|i| if i == "T" { format!("T{mark}") } else { i });
        columns.push(Column { x, index });
    }
    Part {
        name: "",
        state: "h",
        weight: "W",
        left,
        right: x + right_zone,
        columns,
        after_last: String::new(),
        is_decoder: false,
        layers: Vec::new(),
        rows: Vec::new(),
        attention: None,
    }
}

fn indices(topology: Topology, steps: usize, most: usize) -> Vec<Option<String>> {
    if topology == Topology::OneToOne {
        return vec![Some(String::new())];
    }
    if steps <= most {
        return (1..=steps).map(|index| Some(index.to_string())).collect();
    }
    let shown = if most == MOST_STEPS { 3 } else { 2 };
    let mut indices: Vec<_> = (1..=shown).map(|index| Some(index.to_string())).collect();
    indices.extend([None, Some("T".into())]);
    indices
}

/// Room left of the first step: for the initial state, the weights and the names of the rows.
fn left_zone(graph: &Graph, layers: &[LayerLabel]) -> f64 {
    let names = layers
        .iter()
        .map(|layer| text::width(&layer.name, 12.0) * text::BOLD + 100.0);
    let captions = [&graph.input_label, &graph.output_label]
        .into_iter()
        .chain(&graph.loss_label)
        .map(|label| text::width(label, 12.0) + 34.0);
    let least = if graph.topology == Topology::OneToOne {
        110.0
    } else {
        160.0
    };
    names.chain(captions).fold(least, f64::max).min(300.0)
}
