//! The sheet that charts are drawn on: pixels with fractions, colours by role.
//!
//! plotters places elements on whole units and knows one fixed colour per element. So a unit here
//! is a tenth of a pixel, and each colour handed to plotters is a code for a [`Color`] and a
//! [`Dash`], which [`Canvas::finish`] turns into a class of the style sheet.

use plotters::{
    coord::Shift,
    element::{Circle, PathElement, Rectangle},
    prelude::{DrawingArea, FontFamily, IntoDrawingArea, SVGBackend},
    style::{
        FontStyle, IntoFont, RGBColor, ShapeStyle, TextStyle,
        text_anchor::{HPos, Pos, VPos},
    },
};

use crate::report::{
    svg::{Frame, Svg},
    text::{self, FONT_STACK},
    theme::Color,
};

/// Units per pixel.
const SCALE: u32 = 10;

/// plotters divides font sizes by this, against the line height of the usual font.
const FONT_FACTOR: f64 = 1.24;

/// A line pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Dash {
    Solid,
    Long,
    Dots,
    Mixed,
    Fine,
}

impl Dash {
    const ALL: [Self; 5] = [Self::Solid, Self::Long, Self::Dots, Self::Mixed, Self::Fine];

    /// Lengths of dash and gap in units, and the cap that goes with them.
    fn attributes(self) -> &'static str {
        match self {
            Self::Solid => " stroke-linecap=\"round\" stroke-linejoin=\"round\"",
            Self::Long => " stroke-dasharray=\"80 40\" stroke-linejoin=\"round\"",
            Self::Dots => {
                " stroke-dasharray=\"1 42\" stroke-linecap=\"round\" stroke-linejoin=\"round\""
            }
            Self::Mixed => " stroke-dasharray=\"90 35 18 35\" stroke-linejoin=\"round\"",
            Self::Fine => " stroke-dasharray=\"30 30\"",
        }
    }
}

/// How a line is drawn; width in pixels.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pen {
    pub(crate) color: Color,
    pub(crate) width: f64,
    pub(crate) dash: Dash,
}

/// Which side of a text its point is at.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Anchor {
    Start,
    Middle,
    End,
}

/// How a text is set; size in pixels.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Type {
    pub(crate) size: f64,
    pub(crate) color: Color,
    pub(crate) bold: bool,
    pub(crate) anchor: Anchor,
}

impl Type {
    pub(crate) const TITLE: Self = Self {
        size: 15.0,
        color: Color::Ink,
        bold: true,
        anchor: Anchor::Start,
    };
    pub(crate) const NAME: Self = Self {
        size: 12.5,
        color: Color::Ink,
        bold: false,
        anchor: Anchor::Start,
    };
    pub(crate) const LABEL: Self = Self {
        size: 12.0,
        color: Color::Muted,
        bold: false,
        anchor: Anchor::Start,
    };
    pub(crate) const NOTE: Self = Self {
        size: 11.5,
        color: Color::Muted,
        bold: false,
        anchor: Anchor::Start,
    };

    pub(crate) fn anchor(self, anchor: Anchor) -> Self {
        Self { anchor, ..self }
    }

    pub(crate) fn bold(self) -> Self {
        Self { bold: true, ..self }
    }

    /// The size to guess widths with.
    pub(crate) fn measure(self) -> f64 {
        if self.bold {
            self.size * text::BOLD
        } else {
            self.size
        }
    }
}

/// Places are in pixels from the top left.
pub(crate) type Point = (f64, f64);

const WRITES_TO_MEMORY: &str = "the SVG backend writes to a String, which cannot fail";

/// Runs `draw` on an empty sheet of this size and makes a drawing of it.
pub(crate) fn paint(
    width: u32,
    height: u32,
    title: &str,
    description: &str,
    draw: impl FnOnce(&Canvas<'_>),
) -> Svg {
    let mut raw = String::new();
    {
        let area =
            SVGBackend::with_string(&mut raw, (width * SCALE, height * SCALE)).into_drawing_area();
        let canvas = Canvas { area };
        draw(&canvas);
        canvas.area.present().expect(WRITES_TO_MEMORY);
    }
    let frame = Frame {
        width,
        height,
        scale: SCALE,
        title,
        description,
    };
    Svg::frame(frame, &themed(elements(&raw)))
}

/// See [`paint`].
pub(crate) struct Canvas<'a> {
    area: DrawingArea<SVGBackend<'a>, Shift>,
}

impl Canvas<'_> {
    pub(crate) fn line(&self, points: impl IntoIterator<Item = Point>, pen: Pen) {
        let points: Vec<_> = points.into_iter().map(units).collect();
        let style = ShapeStyle {
            color: code(pen.color, pen.dash).into(),
            filled: false,
            stroke_width: (pen.width * f64::from(SCALE)).round() as u32,
        };
        self.area
            .draw(&PathElement::new(points, style))
            .expect(WRITES_TO_MEMORY);
    }

    pub(crate) fn dot(&self, at: Point, radius: f64, color: Color) {
        self.circle(
            at,
            radius,
            ShapeStyle {
                color: code(color, Dash::Solid).into(),
                filled: true,
                stroke_width: 0,
            },
        );
    }

    /// A ring filled with paper.
    pub(crate) fn ring(&self, at: Point, radius: f64, color: Color) {
        self.dot(at, radius, Color::Paper);
        self.circle(
            at,
            radius,
            ShapeStyle {
                color: code(color, Dash::Solid).into(),
                filled: false,
                stroke_width: 16,
            },
        );
    }

    fn circle(&self, at: Point, radius: f64, style: ShapeStyle) {
        let radius = (radius * f64::from(SCALE)).round() as i32;
        self.area
            .draw(&Circle::new(units(at), radius, style))
            .expect(WRITES_TO_MEMORY);
    }

    pub(crate) fn bar(&self, from: Point, to: Point, color: Color) {
        let style = ShapeStyle {
            color: code(color, Dash::Solid).into(),
            filled: true,
            stroke_width: 0,
        };
        let corners = [units(from), units(to)];
        self.area
            .draw(&Rectangle::new(corners, style))
            .expect(WRITES_TO_MEMORY);
    }

    /// Sets one line of text, its middle at the height of `at`.
    pub(crate) fn text(&self, text: &str, at: Point, kind: Type) {
        let (x, y) = units(at);
        // plotters centres on half an x-height; capitals and Hangul sit better a little lower.
        let y = y + (0.09 * kind.size * f64::from(SCALE)).round() as i32;
        let size = kind.size * f64::from(SCALE) * FONT_FACTOR;
        let font = (FontFamily::Name(FONT_STACK), size).into_font();
        let font = if kind.bold {
            font.style(FontStyle::Bold)
        } else {
            font
        };
        let anchor = match kind.anchor {
            Anchor::Start => HPos::Left,
            Anchor::Middle => HPos::Center,
            Anchor::End => HPos::Right,
        };
        let color = code(kind.color, Dash::Solid);
        let style = TextStyle::from(font)
            .color(&color)
            .pos(Pos::new(anchor, VPos::Center));
        self.area
            .draw_text(&text::clean(text), &style, (x, y))
            .expect(WRITES_TO_MEMORY);
    }
}

fn units((x, y): Point) -> (i32, i32) {
    let unit = |value: f64| (value * f64::from(SCALE)).round() as i32;
    (unit(x), unit(y))
}

/// The colour that stands for a role and a pattern until [`themed`] replaces it.
fn code(color: Color, dash: Dash) -> RGBColor {
    RGBColor(dash as u8, 0xc0, color as u8)
}

/// What is between the root tags that plotters wrote.
fn elements(raw: &str) -> &str {
    let start = raw.find('>').map_or(0, |at| at + 1);
    let end = raw.rfind("</svg>").unwrap_or(raw.len());
    raw[start..end].trim_start()
}

/// Replaces colour codes by classes and light colours.
///
/// Texts cannot be hit: plotters escapes quotes, so `="#` is found in attributes only.
fn themed(body: &str) -> String {
    let mut out = String::with_capacity(body.len() * 2);
    let mut rest = body;
    while let Some(at) = rest.find("=\"#") {
        let (before, after) = rest.split_at(at);
        let property = if before.ends_with("stroke") {
            "stroke"
        } else {
            "fill"
        };
        let hex = after.get(3..9).unwrap_or_default();
        let number = |range| {
            hex.get(range)
                .and_then(|part| u8::from_str_radix(part, 16).ok())
        };
        let color = number(4..6)
            .and_then(Color::from_index)
            .unwrap_or(Color::Ink);
        let dash = number(0..2).and_then(|dash| Dash::ALL.get(usize::from(dash)));
        out.push_str(before.strip_suffix(property).unwrap_or(before));
        out.push_str(&format!(
            "class=\"rc-{property}-{}\" {property}=\"{}\"",
            color.name(),
            color.light()
        ));
        if property == "stroke" {
            out.push_str(dash.map_or("", |dash| dash.attributes()));
        }
        rest = after.get(10..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_become_classes_and_texts_are_left_alone() {
        let svg = paint(20, 10, "t", "d", |canvas| {
            canvas.text("fill=\"#00C001\" <&>", (1.0, 1.0), Type::NOTE);
            let pen = Pen {
                color: Color::Green,
                width: 2.0,
                dash: Dash::Long,
            };
            canvas.line([(0.0, 0.0), (1.25, 2.5)], pen);
        });
        let svg = svg.as_str();
        assert!(svg.contains("class=\"rc-stroke-green\" stroke=\"#009e73\" stroke-dasharray"));
        assert!(svg.contains("class=\"rc-fill-muted\" fill=\"#57606a\""));
        assert!(svg.contains("fill=&quot;#00C001&quot; &lt;&amp;&gt;"));
        assert!(svg.contains("0,0 13,25"));
    }
}
