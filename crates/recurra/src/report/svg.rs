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

#[cfg(test)]
pub(crate) mod tests {
    /// Fails unless the markup is a tree of closed tags with quoted attributes and only the
    /// entities that XML knows, and no number went wrong in it.
    pub(crate) fn assert_well_formed(svg: &str) {
        let mut open = Vec::new();
        let mut rest = svg;
        while let Some(start) = rest.find('<') {
            assert_entities(&rest[..start]);
            let end = rest[start..]
                .find('>')
                .map(|at| start + at)
                .expect("a tag ends");
            let tag = &rest[start + 1..end];
            rest = &rest[end + 1..];
            if let Some(name) = tag.strip_prefix('/') {
                assert_eq!(open.pop(), Some(name), "closed out of order");
                continue;
            }
            let name = tag.split([' ', '/']).next().unwrap_or_default();
            assert!(
                !name.is_empty() && name.chars().all(char::is_alphanumeric),
                "<{tag}>"
            );
            let attributes = tag[name.len()..].trim_end_matches('/');
            assert_attributes(attributes);
            if !tag.ends_with('/') {
                open.push(name);
            }
        }
        assert!(open.is_empty(), "never closed: {open:?}");
        assert!(rest.trim().is_empty());
        for wrong in ["NaN", "\"inf", "-inf", " inf"] {
            assert!(!svg.contains(wrong), "{wrong} in the markup");
        }
    }

    fn assert_attributes(text: &str) {
        let mut names = Vec::new();
        let mut rest = text.trim();
        while !rest.is_empty() {
            let (name, value) = rest.split_once("=\"").expect("an attribute has a value");
            let (value, after) = value.split_once('"').expect("a value ends");
            assert!(!names.contains(&name), "{name} twice in {text}");
            names.push(name);
            assert_entities(value);
            rest = after.trim_start();
        }
    }

    fn assert_entities(text: &str) {
        for after in text.split('&').skip(1) {
            let name = after.split(';').next().unwrap_or_default();
            assert!(
                ["amp", "lt", "gt", "quot", "apos", "#39"].contains(&name),
                "&{name};"
            );
        }
        assert!(
            !text.contains(|c: char| c.is_control() && c != '\n'),
            "control character"
        );
    }

    #[test]
    #[should_panic(expected = "closed out of order")]
    fn checker_sees_crossed_tags() {
        assert_well_formed("<a><b></a></b>");
    }
}
