//! A finished drawing, and the frame around every drawing.

use std::fmt;

use super::{
    text::escape,
    theme::{self, Color},
};

/// A finished SVG drawing that stands alone or inlines into a [`Page`](super::html::Page).
///
/// It follows the reader's light or dark setting and prints light. All text in it is escaped.
#[derive(Clone, PartialEq, Eq)]
pub struct Svg(String);

impl Svg {
    /// The markup.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The markup, owned.
    pub fn into_string(self) -> String {
        self.0
    }

    /// Puts the root element, the style sheet and the background around drawn elements.
    ///
    /// `body` is in units of `1 / scale` pixel.
    pub(crate) fn frame(drawing: Frame<'_>, body: &str) -> Self {
        let Frame {
            width,
            height,
            scale,
            title,
            description,
        } = drawing;
        let (view_width, view_height) = (width * scale, height * scale);
        Self(format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"recurra-svg\" role=\"img\" \
             aria-label=\"{}\" width=\"{width}\" height=\"{height}\" \
             viewBox=\"0 0 {view_width} {view_height}\">\n\
             <desc>{}</desc>\n<style>{}</style>\n\
             <rect {} width=\"{view_width}\" height=\"{view_height}\"/>\n{body}</svg>\n",
            escape(title),
            escape(description),
            theme::style_sheet(),
            Color::Paper.fill(),
        ))
    }
}

/// Size and accessible texts of a drawing; sizes in pixels.
pub(crate) struct Frame<'a> {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) scale: u32,
    pub(crate) title: &'a str,
    pub(crate) description: &'a str,
}

impl fmt::Display for Svg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Svg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Svg({} bytes)", self.0.len())
    }
}

impl From<Svg> for String {
    fn from(svg: Svg) -> Self {
        svg.0
    }
}
