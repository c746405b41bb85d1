//! Draws a [`Plan`]: layers first, then what enters and leaves them.

use super::{
    Graph, Topology,
    math::{Over, Symbol},
    pen::{BOX, Edge, Heading, Node, Pen, Point, RADIUS, SMALL_RADIUS},
    plan::{Column, Part, Plan, Track},
};
use crate::report::{
    svg::{Frame, Svg},
    text,
};

/// How far beside a column its lanes run.
const LANE: f64 = 38.0;
const OUTER_LANE: f64 = 48.0;
/// Beside the middle of `f_W`, where weights come in.
const TAP: f64 = 14.0;

pub(crate) fn draw(graph: &Graph) -> Svg {
    let plan = Plan::new(graph);
    let mut figure = Figure {
        graph,
        plan: &plan,
        pen: Pen::default(),
    };
    for part in &plan.parts {
        figure.inputs(part);
        for layer in 0..plan.rows.len() {
            figure.layer(part, layer);
        }
        figure.outputs(part);
    }
    figure.bridge();
    figure.captions();

    let title_height = 40.0;
    let dy = title_height - plan.top;
    let mut y = plan.input_y + RADIUS + 30.0;
    for note in notes(graph, &plan) {
        figure.pen.math(&note, (16.0, y), 15.0);
        y += 22.0;
    }
    figure.pen.text(
        graph.topology.name(),
        (16.0, plan.top - 20.0),
        "start",
        15.0,
        true,
    );
    let names: Vec<_> = plan
        .layers
        .iter()
        .map(|layer| layer.name.as_str())
        .collect();
    let description = format!(
        "Computation graph unrolled over time, {}. Layers from the input up: {}.",
        graph.topology.name(),
        names.join(", ")
    );
    let frame = Frame {
        width: plan.width.max(520.0).ceil() as u32,
        height: (y + dy).ceil() as u32,
        scale: 1,
        title: graph.topology.name(),
        description: &description,
    };
    Svg::frame(frame, &figure.pen.finish(dy))
}

/// Lines under the figure; see [`super::math::line`].
fn notes(graph: &Graph, plan: &Plan) -> Vec<String> {
    let equation = match graph.topology {
        Topology::OneToOne => "*h* = *f*_{*W*}(*x*): no time, so nothing recurs",
        Topology::OneToMany => {
            "*h*_{*t*} = *f*_{*W*}(*h*_{*t*−1}, *y*_{*t*−1}), with *x* in place of *y*_{0}, \
             and the same *W* at every step"
        }
        Topology::ManyToManyEncoderDecoder => {
            "*h*_{*t*} = *f*_{*W*}(*h*_{*t*−1}, *x*_{*t*}),  *s*_{*t*} = *f*_{*U*}(*s*_{*t*−1}, \
             *y*_{*t*−1}): each with the same weights at every step; *y*_{0} is the start symbol"
        }
        _ => "*h*_{*t*} = *f*_{*W*}(*h*_{*t*−1}, *x*_{*t*}), with the same *W* at every step",
    };
    let mut notes = vec![equation.to_owned()];
    let mut more = Vec::new();
    if plan.elided {
        more.push(format!("*T* = {}", graph.steps));
    }
    if plan.rows.iter().any(|row| row.backward.is_some()) {
        more.push("∥ joins both directions".to_owned());
    }
    if plan.rows.iter().any(|row| row.add.is_some()) {
        more.push("+ adds the layer’s input".to_owned());
    }
    if !more.is_empty() {
        notes.push(more.join(";  "));
    }
    notes
}

struct Figure<'a> {
    graph: &'a Graph,
    plan: &'a Plan,
    pen: Pen,
}

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
    fn has_input(&self, part: &Part, column: usize) -> bool {
        match self.graph.topology {
            Topology::OneToMany => column == 0,
            _ => !part.is_decoder || column == 0,
        }
    }

    fn has_output(&self, part: &Part, column: usize) -> bool {
        match self.graph.topology {
            Topology::ManyToOne => column + 1 == part.columns.len(),
            Topology::ManyToManyEncoderDecoder => part.is_decoder,
            _ => true,
        }
    }

    fn feeds_back(&self, part: &Part) -> bool {
        part.is_decoder || self.graph.topology == Topology::OneToMany
    }

    fn inputs(&mut self, part: &Part) {
        let y = self.plan.input_y;
        for (number, column) in part.columns.iter().enumerate() {
            if !self.has_input(part, number) {
                continue;
            }
            let Some(index) = &column.index else {
                self.pen.dots((column.x, y));
                continue;
            };
            let symbol = match self.graph.topology {
                Topology::OneToOne | Topology::OneToMany => Symbol::new("x"),
                _ if part.is_decoder => Symbol::new("y").sub("0"),
                _ => Symbol::new("x").sub(index.as_str()),
            };
            let node = if part.is_decoder {
                Node::Output
            } else {
                Node::Input
            };
            self.pen.node(node, (column.x, y), &symbol);
        }
    }

    fn layer(&mut self, part: &Part, layer: usize) {
        let row = &self.plan.rows[layer];
        self.pen
            .band((part.left, row.top), (part.right, row.bottom));
        let name = match (part.name, self.plan.layers[layer].name.as_str()) {
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

        let sup = if self.plan.rows.len() > 1 {
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
        let row = &self.plan.rows[layer];
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
            self.pen.node(Node::Add, (x, add), &Symbol::default());
        }
    }

    /// Brings both directions together. A summary of the whole sequence takes each direction's own
    /// last state: the forward one's at the last step, the backward one's at the first.
    fn join(&mut self, part: &Part, layer: usize, number: usize, heights: (f64, f64, f64)) {
        let (state, back_state, join) = heights;
        let x = part.columns[number].x;
        let is_summary = layer + 1 == self.plan.rows.len()
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

    /// Where the output of a layer leaves upwards.
    fn port(&self, part: &Part, layer: usize) -> f64 {
        let row = &self.plan.rows[layer];
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

    fn outputs(&mut self, part: &Part) {
        let top = self.plan.rows.len() - 1;
        let y = self.plan.output_y;
        for (number, column) in part.columns.iter().enumerate() {
            if !self.has_output(part, number) {
                continue;
            }
            let x = column.x;
            let Some(index) = &column.index else {
                self.pen.dots((x, y));
                if let Some(loss_y) = self.plan.loss_y {
                    self.pen.dots((x, loss_y));
                }
                continue;
            };
            let index = match self.graph.topology {
                Topology::ManyToOne => "",
                _ => index.as_str(),
            };
            let from = (x, self.port(part, top));
            self.pen
                .edge(Edge::Forward, &[from, (x, y + RADIUS)], Heading::Up);
            self.pen
                .node(Node::Output, (x, y), &Symbol::new("y").sub(index));
            self.loss(x, index);
        }
        if self.feeds_back(part) {
            self.feed_back(part);
        }
    }

    fn loss(&mut self, x: f64, index: &str) {
        let Some(y) = self.plan.loss_y else { return };
        let from = (x, self.plan.output_y - RADIUS);
        self.pen
            .edge(Edge::Loss, &[from, (x, y + RADIUS)], Heading::Up);
        self.pen
            .node(Node::Loss, (x, y), &Symbol::new("L").sub(index));
        if let Some(total) = self.plan.total {
            let path = [(x, y - RADIUS), (x, total.1), (total.0 - RADIUS, total.1)];
            self.pen.edge(Edge::Loss, &path, Heading::Right);
        }
    }

    /// Each output comes back as the next input.
    fn feed_back(&mut self, part: &Part) {
        let (lane_y, output_y) = (self.plan.feedback_y, self.plan.output_y);
        let entry = self.plan.rows[0].forward.function + BOX.1;
        for pair in part.columns.windows(2) {
            let lane = f64::midpoint(pair[0].x, pair[1].x);
            let mut path: Vec<Point> = match pair[0].index {
                Some(_) => {
                    vec![
                        (pair[0].x + RADIUS, output_y),
                        (lane, output_y),
                        (lane, lane_y),
                    ]
                }
                None => vec![(pair[0].x + 14.0, lane_y)],
            };
            if pair[1].index.is_some() {
                path.extend([(pair[1].x, lane_y), (pair[1].x, entry)]);
                self.pen.edge(Edge::Feedback, &path, Heading::Up);
            } else {
                path.push((pair[1].x - 14.0, lane_y));
                self.pen.edge(Edge::Feedback, &path, Heading::Right);
                self.pen.dots((pair[1].x, lane_y));
            }
        }
    }

    /// The encoder's last states start the decoder.
    fn bridge(&mut self) {
        let [encoder, decoder] = &self.plan.parts[..] else {
            return;
        };
        for row in &self.plan.rows {
            let from = match row.backward {
                Some((_, join)) => (encoder.last().x + SMALL_RADIUS, join),
                None => (encoder.last().x + RADIUS, row.forward.state),
            };
            let to = (decoder.first().x - BOX.0, row.forward.function);
            self.pen.curve(Edge::Recurrent, from, to, Heading::Right);
        }
    }

    /// What inputs, outputs and losses are, left of the first of each.
    fn captions(&mut self) {
        let plan = self.plan;
        let first_output = plan.parts.iter().find_map(|part| {
            let number = (0..part.columns.len()).find(|&number| self.has_output(part, number))?;
            Some(part.columns[number].x)
        });
        let output_x = first_output.unwrap_or(plan.parts[0].first().x);
        let mut caption = |label: &str, x: f64, y: f64| {
            let end = x - RADIUS - 10.0;
            let label = text::fit(label, 12.0, end - 8.0);
            self.pen.text(&label, (end, y), "end", 12.0, false);
        };
        caption(
            &self.graph.input_label,
            plan.parts[0].first().x,
            plan.input_y,
        );
        caption(&self.graph.output_label, output_x, plan.output_y);
        if let (Some(label), Some(y)) = (&self.graph.loss_label, plan.loss_y) {
            caption(label, output_x, y);
        }
        if let Some((x, y)) = plan.total {
            self.pen.node(Node::Loss, (x, y), &Symbol::new("L"));
            self.pen
                .math("Σ *L*_{*t*}", (x - 15.0, y + RADIUS + 17.0), 13.0);
        }
    }
}
