//! Draws a [`Plan`]: what enters the layers, the layers, and what leaves them.

use super::{
    Asks, Detour, Graph, Topology,
    math::Symbol,
    pen::{BOX, Edge, Heading, Node, Pen, Point, RADIUS, SMALL_RADIUS},
    plan::{Column, Part, Plan},
};
use crate::report::{
    svg::{Frame, Svg},
    text,
};

pub(crate) fn draw(graph: &Graph) -> Svg {
    let plan = Plan::new(graph);
    let mut figure = Figure {
        graph,
        plan: &plan,
        pen: Pen::default(),
    };
    for part in &plan.parts {
        figure.inputs(part);
        for layer in 0..part.rows.len() {
            figure.layer(part, layer);
        }
        figure.outputs(part);
    }
    figure.bridge();
    figure.attention();
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
    let layers = plan.parts.iter().map(|part| {
        let names: Vec<_> = part
            .layers
            .iter()
            .map(|layer| layer.name.as_str())
            .collect();
        names.join(", ")
    });
    let description = format!(
        "Computation graph unrolled over time, {}. Layers from the input up: {}.",
        graph.topology.name(),
        layers.collect::<Vec<_>>().join("; of the decoder: ")
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
    if let Some(attention) = graph
        .decoder
        .as_ref()
        .and_then(|one| one.attention.as_ref())
        && plan.attends()
    {
        notes.push(
            match attention.asks {
                Asks::Top => {
                    "*c*_{*t*}: a mean of the encoder’s states, weighed by how well each fits \
                     *s*_{*t*}; *y*_{*t*} is made of both"
                }
                Asks::Bottom => {
                    "*c*_{*t*}: a mean of the encoder’s states, weighed by how well each fits \
                     the state below; the layers above read both"
                }
                Asks::BottomBefore => {
                    "*c*_{*t*}: a mean of the encoder’s states, weighed by how well each fits \
                     the state below a step before; the layers above read both"
                }
            }
            .to_owned(),
        );
    }
    notes.extend(
        graph
            .pooling()
            .map(|name| format!("*y* is made of the states of all steps: {name}")),
    );
    notes.extend(graph.chain().map(|name| {
        format!("{name}: all *y*_{{*t*}} are chosen together, each beside its neighbours")
    }));
    let mut more = Vec::new();
    if plan.elided {
        more.push(format!("*T* = {}", graph.steps));
    }
    let mut rows = plan.parts.iter().flat_map(|part| &part.rows);
    if rows.any(|row| row.backward.is_some()) {
        more.push("∥ joins both directions".to_owned());
    }
    let passes = |detour: Detour| {
        let mut layers = plan.parts.iter().flat_map(|part| &part.layers);
        layers.any(|layer| layer.detour == detour)
    };
    if passes(Detour::Added) {
        more.push("+ adds the layer’s input".to_owned());
    }
    if passes(Detour::Gated) {
        more.push("the gate mixes the layer’s input in".to_owned());
    }
    if !more.is_empty() {
        notes.push(more.join(";  "));
    }
    notes
}

pub(crate) struct Figure<'a> {
    pub(crate) graph: &'a Graph,
    pub(crate) plan: &'a Plan,
    pub(crate) pen: Pen,
}

impl Figure<'_> {
    pub(crate) fn has_input(&self, part: &Part, column: usize) -> bool {
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

    fn outputs(&mut self, part: &Part) {
        let top = part.rows.len() - 1;
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
            let from = match self.plan.pool_y {
                Some(pool_y) => (x, pool_y),
                None => (x, self.port(part, top)),
            };
            self.pen
                .edge(Edge::Forward, &[from, (x, y + RADIUS)], Heading::Up);
            self.pen
                .node(Node::Output, (x, y), &Symbol::new("y").sub(index));
            self.loss(x, index);
        }
        if let Some(pool_y) = self.plan.pool_y {
            self.pool(part, pool_y);
        }
        if self.graph.chain().is_some() {
            self.chain(part);
        }
        if self.feeds_back(part) {
            self.feed_back(part);
        }
    }

    /// All states of the top layer go to one lane.
    fn pool(&mut self, part: &Part, pool_y: f64) {
        let top = part.rows.len() - 1;
        for column in part.columns.iter().filter(|one| one.index.is_some()) {
            let from = (column.x, self.port(part, top));
            self.pen.rail(Edge::Forward, &[from, (column.x, pool_y)]);
            self.pen.branch(Edge::Forward, (column.x, pool_y));
        }
        let lane = [(part.first().x, pool_y), (part.last().x, pool_y)];
        self.pen.rail(Edge::Forward, &lane);
    }

    /// Neighbouring outputs are tied.
    fn chain(&mut self, part: &Part) {
        let y = self.plan.output_y;
        let edge_of = |column: &Column| match column.index {
            Some(_) => RADIUS,
            None => 14.0,
        };
        for pair in part.columns.windows(2) {
            let from = (pair[0].x + edge_of(&pair[0]), y);
            let to = (pair[1].x - edge_of(&pair[1]), y);
            self.pen.rail(Edge::Chain, &[from, to]);
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
        let entry = part.rows[0].forward.function + BOX.1;
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
        for (index, to) in decoder.rows.iter().enumerate() {
            // Where the decoder is deeper, its upper layers start from the encoder's top as well.
            let row = &encoder.rows[index.min(encoder.rows.len() - 1)];
            let from = match row.backward {
                Some((_, join)) => (encoder.last().x + SMALL_RADIUS, join),
                None => (encoder.last().x + RADIUS, row.forward.state),
            };
            let to = (decoder.first().x - BOX.0, to.forward.function);
            self.pen.curve(Edge::Recurrent, from, to, Heading::Right);
        }
    }

    /// What the encoder has read goes to every step of the decoder.
    fn attention(&mut self) {
        let plan = self.plan;
        let [encoder, decoder] = &plan.parts[..] else {
            return;
        };
        let Some(attending) = &decoder.attention else {
            return;
        };
        let top = encoder.rows.len() - 1;
        for column in encoder.columns.iter().filter(|one| one.index.is_some()) {
            let from = (column.x, self.own_port(encoder, top));
            self.pen
                .rail(Edge::Attention, &[from, (column.x, plan.memory_y)]);
            self.pen.branch(Edge::Attention, (column.x, plan.memory_y));
        }
        let between = f64::midpoint(encoder.right, decoder.left);
        let path = [
            (encoder.first().x, plan.memory_y),
            (between, plan.memory_y),
            (between, attending.rail),
            (decoder.last().x - 22.0, attending.rail),
        ];
        self.pen.rail(Edge::Attention, &path);
        self.pen.band(
            (decoder.left, attending.top),
            (decoder.right, attending.bottom),
        );
        let label = self
            .graph
            .decoder
            .as_ref()
            .and_then(|one| one.attention.as_ref());
        if let Some(label) = label {
            let at = (decoder.left + 12.0, attending.top + 14.0);
            let room = decoder.first().x - decoder.left - 20.0;
            let name = text::fit(&label.name, 12.0 * text::BOLD, room);
            self.pen.text(&name, at, "start", 12.0, true);
        }
        for column in &decoder.columns {
            let (x, y) = (column.x, attending.y);
            let Some(index) = &column.index else {
                self.pen.dots((x, y));
                continue;
            };
            let from = (x, self.own_port(decoder, attending.after));
            self.pen
                .edge(Edge::Forward, &[from, (x, y + RADIUS)], Heading::Up);
            let path = [
                (x - 36.0, attending.rail),
                (x - 28.0, attending.rail),
                (x - 28.0, y),
                (x - RADIUS, y),
            ];
            self.pen.edge(Edge::Attention, &path, Heading::Right);
            self.pen
                .node(Node::Context, (x, y), &Symbol::new("c").sub(index.as_str()));
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
