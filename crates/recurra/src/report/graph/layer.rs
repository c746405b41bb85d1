//! Draws the layers of a [`Plan`](super::plan::Plan).

use super::{
    Detour, Topology,
    figure::Figure,
    math::{Over, Symbol},
    pen::{BOX, Edge, Heading, Node, Pen, RADIUS, SMALL_RADIUS},
    plan::{Column, Part, Track},
};
use crate::report::text;

/// How far beside a column its lanes run.
const LANE: f64 = 38.0;
const OUTER_LANE: f64 = 48.0;
/// Beside the middle of `f_W`, where weights come in.
const TAP: f64 = 14.0;

/// Names of one direction of one layer.
struct Names<'a> {
    part: &'a Part,
    sup: String,
    over: Option<Over>,
}

impl Names<'_> {
    fn symbol(&self, letter: &'static str, sub: &str) -> Symbol {
        Symbol {
            letter,
            sub: sub.into(),
            sup: self.sup.clone(),
            over: self.over,
        }
    }

    fn state(&self, index: &str) -> Symbol {
        self.symbol(self.part.state, index)
    }
}

impl Figure<'_> {
    pub(crate) fn layer(&mut self, part: &Part, layer: usize) {
        let row = &part.rows[layer];
        self.pen
            .band((part.left, row.top), (part.right, row.bottom));
        let name = match (part.name, part.layers[layer].name.as_str()) {
            ("", name) | (name, "") => name.to_owned(),
            (part, name) => format!("{part}: {name}"),
        };
        let room = part.first().x - part.left - 20.0;
        let name = text::fit(&name, 12.0 * text::BOLD, room);
        self.pen.text(
            &name,
            (part.left + 12.0, row.top + 14.0),
            "start",
            12.0,
            true,
        );

        let sup = if part.rows.len() > 1 {
            format!("({})", layer + 1)
        } else {
            String::new()
        };
        let backward = row.backward.filter(|_| !part.is_decoder);
        let over = |over| backward.is_some().then_some(over);
        let forward = Names {
            part,
            sup: sup.clone(),
            over: over(Over::Right),
        };

        let backward = backward.map(|(track, _)| {
            (
                Names {
                    part,
                    sup,
                    over: over(Over::Left),
                },
                track,
            )
        });
        self.weights(&forward, row.forward);
        if let Some((names, track)) = &backward {
            self.weights(names, *track);
        }
        for (number, column) in part.columns.iter().enumerate() {
            if column.index.is_some() {
                self.column(part, layer, number, column);
            }
        }
        self.recur_forward(&forward, row.forward);
        if let Some((names, track)) = &backward {
            self.recur_backward(names, *track);
            self.track_nodes(names, *track);
        }
        self.track_nodes(&forward, row.forward);
    }

    /// Edges that run upwards within one step of one layer.
    fn column(&mut self, part: &Part, layer: usize, number: usize, column: &Column) {
        let row = &part.rows[layer];
        let x = column.x;
        let up = |pen: &mut Pen, from: f64, to: f64| {
            pen.edge(Edge::Forward, &[(x, from), (x, to)], Heading::Up);
        };
        let has_port = self.plan.has_port(self.graph, part, layer, number);
        let joined = row.backward.filter(|_| !part.is_decoder);
        let Track {
            function, state, ..
        } = row.forward;
        let source = match layer.checked_sub(1) {
            Some(below) => self.port(part, below),
            None if self.has_input(part, number) => self.plan.input_y - RADIUS,
            None => self.plan.feedback_y,
        };
        if layer == 0 && !self.has_input(part, number) {
            // The feedback edge comes all the way.
        } else {
            up(&mut self.pen, source, function + BOX.1);
        }
        up(&mut self.pen, function - BOX.1, state + RADIUS);
        // Two forks at different heights, so that their lanes do not run into each other.
        let fork = (x, row.bottom - 14.0);
        let residual_fork = (x, row.bottom - 5.0);
        let mut output = state - RADIUS;

        if let Some((track, join)) = joined {
            self.pen.branch(Edge::Forward, fork);
            // Past the forward direction to the right.
            let entry = track.function + BOX.1;
            let knee = entry + 9.0;
            let path = [
                fork,
                (x + LANE, fork.1),
                (x + LANE, knee),
                (x + TAP, knee),
                (x + TAP, entry),
            ];
            self.pen.edge(Edge::Forward, &path, Heading::Up);
            up(&mut self.pen, track.function - BOX.1, track.state + RADIUS);
            if has_port {
                self.join(part, layer, number, (state, track.state, join));
            }
            output = join - SMALL_RADIUS;
        }
        if !has_port {
            return;
        }
        if let Some(add) = row.add {
            self.pen.branch(Edge::Residual, residual_fork);
            let lane = x + if joined.is_some() { OUTER_LANE } else { LANE };
            let from = residual_fork;
            let path = [from, (lane, from.1), (lane, add), (x + SMALL_RADIUS, add)];
            self.pen.edge(Edge::Residual, &path, Heading::Left);
            up(&mut self.pen, output, add + SMALL_RADIUS);
            let node = match part.layers[layer].detour {
                Detour::Gated => Node::Gate,
                _ => Node::Add,
            };
            self.pen.node(node, (x, add), &Symbol::default());
        }
    }

    /// Brings both directions together. A summary of the whole sequence takes each direction's own
    /// last state: the forward one's at the last step, the backward one's at the first.
    fn join(&mut self, part: &Part, layer: usize, number: usize, heights: (f64, f64, f64)) {
        let (state, back_state, join) = heights;
        let x = part.columns[number].x;
        let is_summary = layer + 1 == part.rows.len()
            && !self.plan.attends()
            && self.plan.pool_y.is_none()
            && matches!(
                self.graph.topology,
                Topology::ManyToOne | Topology::ManyToManyEncoderDecoder
            );
        let lane = x - LANE;
        let from = (x - RADIUS, state);
        if is_summary && number > 0 {
            let knee = join + SMALL_RADIUS + 13.0;
            let path = [
                from,
                (lane, state),
                (lane, knee),
                (x, knee),
                (x, join + SMALL_RADIUS),
            ];
            self.pen.edge(Edge::Forward, &path, Heading::Up);
            let first = part.first().x;
            let path = [
                (first, back_state - RADIUS),
                (first, join),
                (x - SMALL_RADIUS, join),
            ];
            self.pen.edge(Edge::Forward, &path, Heading::Right);
        } else {
            let path = [from, (lane, state), (lane, join), (x - SMALL_RADIUS, join)];
            self.pen.edge(Edge::Forward, &path, Heading::Right);
            let path = [(x, back_state - RADIUS), (x, join + SMALL_RADIUS)];
            self.pen.edge(Edge::Forward, &path, Heading::Up);
        }
        self.pen.node(Node::Join, (x, join), &Symbol::default());
    }

    /// Where upwards leaves what the layer above reads: behind attention, if that is between.
    pub(crate) fn port(&self, part: &Part, layer: usize) -> f64 {
        match &part.attention {
            Some(attention) if attention.after == layer => attention.y - RADIUS,
            _ => self.own_port(part, layer),
        }
    }

    /// Where the output of a layer leaves upwards.
    pub(crate) fn own_port(&self, part: &Part, layer: usize) -> f64 {
        let row = &part.rows[layer];
        let joined = row.backward.filter(|_| !part.is_decoder);
        match (row.add, joined) {
            (Some(add), _) => add - SMALL_RADIUS,
            (None, Some((_, join))) => join - SMALL_RADIUS,
            (None, None) => row.forward.state - RADIUS,
        }
    }

    fn weights(&mut self, names: &Names<'_>, track: Track) {
        let part = names.part;
        let at = (part.weight_x(), track.rail);
        let end = part.last().x - TAP;
        self.pen.rail(Edge::Weight, &[at, (end - 8.0, track.rail)]);
        for column in part.columns.iter().filter(|column| column.index.is_some()) {
            let x = column.x - TAP;
            let path = [
                (x - 9.0, track.rail),
                (x, track.rail),
                (x, track.function + BOX.1),
            ];
            self.pen.edge(Edge::Weight, &path, Heading::Up);
        }
        let symbol = Symbol {
            sub: String::new(),
            ..names.symbol(part.weight, "")
        };
        self.pen.node(Node::Weight, at, &symbol);
    }

    fn recur_forward(&mut self, names: &Names<'_>, track: Track) {
        let part = names.part;
        if self.graph.topology == Topology::OneToOne {
            return;
        }
        if !part.is_decoder {
            let start = (part.first().x - 72.0, track.state);
            self.pen.node(Node::State, start, &names.state("0"));
            let to = (part.first().x - BOX.0, track.function);
            self.pen.curve(
                Edge::Recurrent,
                (start.0 + RADIUS, start.1),
                to,
                Heading::Right,
            );
        }
        let middle = f64::midpoint(track.function, track.state);
        for pair in part.columns.windows(2) {
            let from = match pair[0].index {
                Some(_) => (pair[0].x + RADIUS, track.state),
                None => (pair[0].x + 13.0, middle),
            };
            let to = match pair[1].index {
                Some(_) => (pair[1].x - BOX.0, track.function),
                None => (pair[1].x - 13.0, middle),
            };
            self.pen.curve(Edge::Recurrent, from, to, Heading::Right);
        }
    }

    fn recur_backward(&mut self, names: &Names<'_>, track: Track) {
        let part = names.part;
        let start = (part.last().x + 72.0, track.state);
        self.pen
            .node(Node::State, start, &names.state(&part.after_last));
        let to = (part.last().x + BOX.0, track.function);
        self.pen.curve(
            Edge::Recurrent,
            (start.0 - RADIUS, start.1),
            to,
            Heading::Left,
        );
        let middle = f64::midpoint(track.function, track.state);
        for pair in part.columns.windows(2) {
            let from = match pair[1].index {
                Some(_) => (pair[1].x - RADIUS, track.state),
                None => (pair[1].x - 13.0, middle),
            };
            let to = match pair[0].index {
                Some(_) => (pair[0].x + BOX.0, track.function),
                None => (pair[0].x + 13.0, middle),
            };
            self.pen.curve(Edge::Recurrent, from, to, Heading::Left);
        }
    }

    fn track_nodes(&mut self, names: &Names<'_>, track: Track) {
        for column in &names.part.columns {
            let Some(index) = &column.index else {
                self.pen
                    .dots((column.x, f64::midpoint(track.function, track.state)));
                continue;
            };
            let function = Symbol::new("f").sub(names.part.weight);
            self.pen
                .node(Node::Function, (column.x, track.function), &function);
            self.pen
                .node(Node::State, (column.x, track.state), &names.state(index));
        }
    }
}
