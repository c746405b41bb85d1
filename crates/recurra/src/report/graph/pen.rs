//! Nodes, edges and texts of the figure.

use std::fmt::Write as _;

use super::math::{self, Symbol};
use crate::report::{
    text::{FONT_STACK, escape},
    theme::Color,
};

pub(crate) type Point = (f64, f64);

/// Radius of a round node.
pub(crate) const RADIUS: f64 = 19.0;
/// Radius of a node that adds or joins.
pub(crate) const SMALL_RADIUS: f64 = 10.0;
/// Half the width and half the height of the box of `f_W`.
pub(crate) const BOX: Point = (23.0, 17.0);

const HEAD: f64 = 7.0;
const CORNER: f64 = 9.0;

/// What a node stands for: decides shape and colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Node {
    Input,
    Function,
    State,
    Output,
    Loss,
    Weight,
    Add,
    Gate,
    Join,
    Context,
}

/// What an edge stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Edge {
    /// Input to function, function to state, state to output.
    Forward,
    /// A state to the next step.
    Recurrent,
    /// Weights to a function.
    Weight,
    /// An output to the next input.
    Feedback,
    /// Around a layer.
    Residual,
    /// The encoder's states to attention.
    Attention,
    /// Between neighbouring outputs.
    Chain,
    /// To a loss, and to the sum of losses.
    Loss,
}

impl Edge {
    fn name(self) -> &'static str {
        match self {
            Self::Forward => "forward",
            Self::Recurrent => "recurrent",
            Self::Weight => "weight",
            Self::Feedback => "feedback",
            Self::Residual => "residual",
            Self::Attention => "attention",
            Self::Chain => "chain",
            Self::Loss => "loss",
        }
    }

    fn color(self) -> Color {
        match self {
            Self::Forward => Color::Muted,
            Self::Recurrent => Color::Green,
            Self::Weight => Color::Orange,
            Self::Feedback | Self::Chain => Color::Blue,
            Self::Residual => Color::Sky,
            Self::Attention => Color::Vermilion,
            Self::Loss => Color::Purple,
        }
    }
}

/// Which way an edge arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Heading {
    Up,
    Right,
    Left,
}

impl Heading {
    fn unit(self) -> Point {
        match self {
            Self::Up => (0.0, -1.0),
            Self::Right => (1.0, 0.0),
            Self::Left => (-1.0, 0.0),
        }
    }
}

/// Collects markup in layers: what is drawn later lies on top.
#[derive(Debug, Default)]
pub(crate) struct Pen {
    bands: String,
    edges: String,
    nodes: String,
}

impl Pen {
    pub(crate) fn finish(self, dy: f64) -> String {
        let Self {
            bands,
            edges,
            nodes,
        } = self;
        format!("<g transform=\"translate(0 {dy:.1})\">\n{bands}{edges}{nodes}</g>\n")
    }

    /// The background of a layer.
    pub(crate) fn band(&mut self, (left, top): Point, (right, bottom): Point) {
        let _ = writeln!(
            self.bands,
            "<rect {} x=\"{left:.1}\" y=\"{top:.1}\" width=\"{:.1}\" height=\"{:.1}\" rx=\"12\"/>",
            Color::Band.fill(),
            right - left,
            bottom - top
        );
    }

    /// A round or square node with a symbol.
    pub(crate) fn node(&mut self, kind: Node, (x, y): Point, symbol: &Symbol) {
        let (name, tint, line) = match kind {
            Node::Input => ("input", Color::VermilionTint, Color::Vermilion),
            Node::Function => ("function", Color::GreenTint, Color::Green),
            Node::State => ("state", Color::GreenTint, Color::Green),
            Node::Output => ("output", Color::BlueTint, Color::Blue),
            Node::Loss => ("loss", Color::PurpleTint, Color::Purple),
            Node::Weight => ("weight", Color::OrangeTint, Color::Orange),
            Node::Add => ("add", Color::Paper, Color::Sky),
            Node::Gate => ("gate", Color::Paper, Color::Sky),
            Node::Join => ("join", Color::Paper, Color::Green),
            Node::Context => ("context", Color::VermilionTint, Color::Vermilion),
        };
        let paint = format!(
            "class=\"rcg-node rcg-{name} rc-fill-{} rc-stroke-{}\" fill=\"{}\" stroke=\"{}\" \
             stroke-width=\"1.5\"",
            tint.name(),
            line.name(),
            tint.light(),
            line.light()
        );
        let _ = match kind {
            Node::Function | Node::Weight => {
                let (half_width, half_height) = if kind == Node::Weight {
                    (21.0, 14.0)
                } else {
                    BOX
                };
                writeln!(
                    self.nodes,
                    "<rect {paint} x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\" rx=\"5\"/>",
                    x - half_width,
                    y - half_height,
                    half_width * 2.0,
                    half_height * 2.0
                )
            }
            _ => {
                let small = matches!(kind, Node::Add | Node::Gate | Node::Join);
                let radius = if small { SMALL_RADIUS } else { RADIUS };
                writeln!(
                    self.nodes,
                    "<circle {paint} cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{radius}\"/>"
                )
            }
        };
        match kind {
            Node::Add => self.strokes(&format!(
                "M{:.1},{y:.1} h10 M{x:.1},{:.1} v10",
                x - 5.0,
                y - 5.0
            )),
            // A slope: so much of the one, so much of the other.
            Node::Gate => self.strokes(&format!(
                "M{:.1},{:.1} l9 -7 M{:.1},{y:.1} h2 M{:.1},{y:.1} h2",
                x - 4.5,
                y + 3.5,
                x - 5.5,
                x + 3.5
            )),
            Node::Join => {
                self.strokes(&format!(
                    "M{:.1},{:.1} v9 M{:.1},{1:.1} v9",
                    x - 2.2,
                    y - 4.5,
                    x + 2.2
                ));
            }
            _ => self.nodes += &math::symbol(symbol, (x, y), 18.0),
        }
    }

    fn strokes(&mut self, path: &str) {
        let _ = writeln!(
            self.nodes,
            "<path class=\"rc-stroke-ink\" stroke=\"{}\" stroke-width=\"1.4\" fill=\"none\" d=\"{path}\"/>",
            Color::Ink.light()
        );
    }

    /// Three dots for the steps that are left out.
    pub(crate) fn dots(&mut self, (x, y): Point) {
        for step in [-7.0, 0.0, 7.0] {
            let _ = writeln!(
                self.nodes,
                "<circle {} cx=\"{:.1}\" cy=\"{y:.1}\" r=\"1.9\"/>",
                Color::Muted.fill(),
                x + step
            );
        }
    }

    /// Plain text; `anchor` as in SVG.
    pub(crate) fn text(&mut self, text: &str, (x, y): Point, anchor: &str, size: f64, bold: bool) {
        let color = if bold { Color::Ink } else { Color::Muted };
        let weight = if bold { " font-weight=\"bold\"" } else { "" };
        let _ = writeln!(
            self.nodes,
            "<text {} font-family=\"{FONT_STACK}\" x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"{anchor}\" \
             font-size=\"{size}\"{weight}>{}</text>",
            color.fill(),
            y + size * 0.36,
            escape(text)
        );
    }

    /// A line of mathematics, see [`math::line`].
    pub(crate) fn math(&mut self, source: &str, at: Point, size: f64) {
        self.nodes += &math::line(source, at, size);
    }

    fn path(&mut self, edge: Edge, path: &str, class: &str) {
        let (dash, width) = match edge {
            Edge::Feedback => (" stroke-dasharray=\"6 4\"", 1.7),
            Edge::Recurrent => ("", 2.0),
            _ => ("", 1.6),
        };
        let (name, color) = (edge.name(), edge.color());
        if !matches!(edge, Edge::Weight | Edge::Loss) {
            // A gap in whatever is crossed shows that the lines do not meet.
            let _ = writeln!(
                self.edges,
                "<path class=\"rc-stroke-band\" stroke=\"{}\" fill=\"none\" stroke-width=\"6\" \
                 d=\"{path}\"/>",
                Color::Band.light()
            );
        }
        let _ = writeln!(
            self.edges,
            "<path class=\"{class}rcg-{name} rc-stroke-{}\" stroke=\"{}\" fill=\"none\" \
             stroke-width=\"{width}\"{dash} d=\"{path}\"/>",
            color.name(),
            color.light()
        );
    }

    /// A line without a head that is part of other edges.
    pub(crate) fn rail(&mut self, edge: Edge, points: &[Point]) {
        self.path(edge, &rounded(points), "rcg-rail ");
    }

    /// An edge along straight segments with round corners, with a head at its end.
    pub(crate) fn edge(&mut self, edge: Edge, points: &[Point], heading: Heading) {
        let Some((&tip, before)) = points.split_last() else {
            return;
        };
        let mut points = before.to_vec();
        points.push(behind(tip, heading));
        self.path(edge, &rounded(&points), "rcg-edge ");
        self.head(edge, tip, heading);
    }

    /// An edge that leaves and arrives level, bending in between.
    pub(crate) fn curve(&mut self, edge: Edge, from: Point, to: Point, heading: Heading) {
        let end = behind(to, heading);
        let reach = (end.0 - from.0) * 0.55;
        let path = format!(
            "M{:.1},{:.1} C{:.1},{:.1} {:.1},{:.1} {:.1},{:.1}",
            from.0,
            from.1,
            from.0 + reach,
            from.1,
            end.0 - reach,
            end.1,
            end.0,
            end.1
        );
        self.path(edge, &path, "rcg-edge ");
        self.head(edge, to, heading);
    }

    fn head(&mut self, edge: Edge, (x, y): Point, heading: Heading) {
        let (dx, dy) = heading.unit();
        let (back_x, back_y) = (x - dx * HEAD * 1.15, y - dy * HEAD * 1.15);
        let (side_x, side_y) = (-dy * HEAD * 0.5, dx * HEAD * 0.5);
        let _ = writeln!(
            self.edges,
            "<path {} d=\"M{x:.1},{y:.1} L{:.1},{:.1} L{:.1},{:.1} Z\"/>",
            edge.color().fill(),
            back_x + side_x,
            back_y + side_y,
            back_x - side_x,
            back_y - side_y
        );
    }

    /// A dot where a line branches off.
    pub(crate) fn branch(&mut self, edge: Edge, (x, y): Point) {
        let _ = writeln!(
            self.nodes,
            "<circle {} cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"2.6\"/>",
            edge.color().fill()
        );
    }
}

fn behind((x, y): Point, heading: Heading) -> Point {
    let (dx, dy) = heading.unit();
    (x - dx * HEAD, y - dy * HEAD)
}

/// A path along level and upright segments with round corners.
fn rounded(points: &[Point]) -> String {
    let Some(first) = points.first() else {
        return String::new();
    };
    let mut path = format!("M{:.1},{:.1}", first.0, first.1);
    for (index, &at) in points.iter().enumerate().skip(1) {
        let Some(&next) = points.get(index + 1) else {
            let _ = write!(path, " L{:.1},{:.1}", at.0, at.1);
            break;
        };
        let toward = |other: Point| {
            let (dx, dy) = (other.0 - at.0, other.1 - at.1);
            let length = dx.hypot(dy).max(1e-9);
            let cut = CORNER.min(length / 2.0) / length;
            (at.0 + dx * cut, at.1 + dy * cut)
        };
        let (start, end) = (toward(points[index - 1]), toward(next));
        let _ = write!(
            path,
            " L{:.1},{:.1} Q{:.1},{:.1} {:.1},{:.1}",
            start.0, start.1, at.0, at.1, end.0, end.1
        );
    }
    path
}
