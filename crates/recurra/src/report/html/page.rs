//! The page itself.

use std::fmt::Write as _;

use super::shaded::{self, ShadedText};
use super::tables::{MetricTable, PredictionTable, Table};
use super::tagged::{self, TaggedText};
use crate::report::{
    svg::Svg,
    text::{FONT_STACK, escape},
};

/// The style sheet of every page.
const STYLE: &str = include_str!("page.css");

/// A report that stands alone.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Page {
    /// Its heading and the name of the browser tab.
    pub title: String,
    /// The line under the heading; empty for none.
    pub subtitle: String,
    /// Language of the texts as a BCP 47 tag, such as `en` or `ko`; empty for `en`.
    pub lang: String,
    /// The sections, from top to bottom.
    pub sections: Vec<Section>,
}

/// Blocks under a heading.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Section {
    /// The heading.
    pub title: String,
    /// What is under it.
    pub blocks: Vec<Block>,
}

impl Section {
    /// A section with these blocks.
    pub fn new(title: impl Into<String>, blocks: Vec<Block>) -> Self {
        Self {
            title: title.into(),
            blocks,
        }
    }
}

/// One thing on a page.
#[derive(Clone, Debug, PartialEq)]
pub enum Block {
    /// Paragraphs, parted by empty lines. Text between backquotes is set as code.
    Prose(String),
    /// Names and their values, such as the facts of a run.
    KeyValues(Vec<(String, String)>),
    /// Metrics beside baselines.
    Metrics(MetricTable),
    /// Any table.
    Table(Table),
    /// Inputs and what the model makes of them.
    Predictions(PredictionTable),
    /// Sentences with labels in colour.
    Tagged(Vec<TaggedText>),
    /// Text coloured piece by piece.
    Shaded(ShadedText),
    /// A chart or graph.
    Chart(Svg),
    /// Text as it is, such as the resolved recipe.
    Preformatted(String),
}

impl Page {
    /// Writes the page.
    pub fn to_html(&self) -> String {
        let lang = if self.lang.is_empty() {
            "en"
        } else {
            &self.lang
        };
        let title = escape(&self.title);
        let mut out = format!(
            "<!DOCTYPE html>\n<html lang=\"{}\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n<title>{title}</title>\n\
             <style>\nbody{{font-family:{FONT_STACK}}}\n{STYLE}{}</style>\n</head>\n<body>\n\
             <header>\n<h1>{title}</h1>\n",
            escape(lang),
            self.shades()
        );
        if !self.subtitle.is_empty() {
            let _ = writeln!(out, "<p class=\"subtitle\">{}</p>", escape(&self.subtitle));
        }
        out.push_str("</header>\n");
        self.write_contents(&mut out);
        out.push_str("<main>\n");
        for (number, section) in self.sections.iter().enumerate() {
            let _ = writeln!(
                out,
                "<section id=\"section-{}\">\n<h2>{}</h2>",
                number + 1,
                escape(&section.title)
            );
            for block in &section.blocks {
                block.write(&mut out);
            }
            out.push_str("</section>\n");
        }
        out.push_str("</main>\n</body>\n</html>\n");
        out
    }

    /// The styles of shaded text, for a page that has some.
    fn shades(&self) -> String {
        let mut blocks = self.sections.iter().flat_map(|section| &section.blocks);
        let has_some = blocks.any(|block| matches!(block, Block::Shaded(_)));
        has_some.then(shaded::style_sheet).unwrap_or_default()
    }

    /// Links to the sections of a page that is longer than a glance.
    fn write_contents(&self, out: &mut String) {
        if self.sections.len() < 4 {
            return;
        }
        out.push_str("<nav><ul>\n");
        for (number, section) in self.sections.iter().enumerate() {
            let title = escape(&section.title);
            let _ = writeln!(
                out,
                "<li><a href=\"#section-{}\">{title}</a></li>",
                number + 1
            );
        }
        out.push_str("</ul></nav>\n");
    }
}

impl Block {
    fn write(&self, out: &mut String) {
        match self {
            Self::Prose(text) => write_prose(out, text),
            Self::KeyValues(pairs) => {
                out.push_str("<dl>\n");
                for (key, value) in pairs {
                    let (key, value) = (escape(key), with_code(value));
                    let _ = writeln!(out, "<div><dt>{key}</dt><dd>{value}</dd></div>");
                }
                out.push_str("</dl>\n");
            }
            Self::Metrics(table) => table.write(out),
            Self::Table(table) => table.write(out),
            Self::Predictions(table) => table.write(out),
            Self::Tagged(texts) => tagged::write(out, texts),
            Self::Shaded(text) => text.write(out),
            Self::Chart(svg) => {
                let _ = writeln!(out, "<figure>{svg}</figure>");
            }
            Self::Preformatted(text) => {
                let _ = writeln!(out, "<pre><code>{}</code></pre>", escape(text));
            }
        }
    }
}

fn write_prose(out: &mut String, text: &str) {
    for paragraph in text
        .split("\n\n")
        .map(str::trim)
        .filter(|text| !text.is_empty())
    {
        let _ = writeln!(out, "<p>{}</p>", with_code(paragraph));
    }
}

/// Text whose backquoted pieces are code.
pub(super) fn with_code(text: &str) -> String {
    // An odd number of backquotes leaves the last one as it is.
    let pieces: Vec<_> = text.split('`').collect();
    let paired = (pieces.len() - 1) / 2 * 2;
    let mut out = String::new();
    for (index, piece) in pieces.iter().enumerate() {
        let piece = escape(piece);
        if index % 2 == 1 && index < paired {
            let _ = write!(out, "<code>{piece}</code>");
        } else if index > paired {
            let _ = write!(out, "`{piece}");
        } else {
            out.push_str(&piece);
        }
    }
    out
}
