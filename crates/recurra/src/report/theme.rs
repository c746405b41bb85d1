//! The colours of every drawing, light and dark, and the style sheet that chooses between them.

use std::fmt::Write as _;

use super::text::FONT_STACK;

/// A colour by its role; what it looks like depends on the reader's light or dark setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Color {
    Paper,
    Ink,
    Muted,
    Grid,
    Axis,
    // Okabe & Ito's palette, in an order whose neighbours differ most. Its yellow is left out:
    // it cannot be seen on white.
    Blue,
    Vermilion,
    Green,
    Purple,
    Orange,
    Sky,
    // Tints behind the nodes of a graph.
    Band,
    BlueTint,
    VermilionTint,
    GreenTint,
    PurpleTint,
    OrangeTint,
}

struct Shade {
    color: Color,
    name: &'static str,
    light: &'static str,
    dark: &'static str,
}

const fn shade(color: Color, name: &'static str, light: &'static str, dark: &'static str) -> Shade {
    Shade {
        color,
        name,
        light,
        dark,
    }
}

/// In the order of [`Color`].
///
/// # Source
/// Okabe & Ito 2008, "Color universal design"; the dark ones are the same hues made lighter.
const SHADES: [Shade; 17] = [
    shade(Color::Paper, "paper", "#ffffff", "#15181c"),
    shade(Color::Ink, "ink", "#1f2328", "#e8eaed"),
    shade(Color::Muted, "muted", "#57606a", "#a3acb6"),
    shade(Color::Grid, "grid", "#e4e8ec", "#2d333a"),
    shade(Color::Axis, "axis", "#8c959f", "#6e7883"),
    shade(Color::Blue, "blue", "#0072b2", "#56aef0"),
    shade(Color::Vermilion, "vermilion", "#d55e00", "#ff8b4d"),
    shade(Color::Green, "green", "#009e73", "#37cfa3"),
    shade(Color::Purple, "purple", "#cc79a7", "#e6a3cb"),
    shade(Color::Orange, "orange", "#e69f00", "#f5bd4a"),
    shade(Color::Sky, "sky", "#56b4e9", "#a8dcff"),
    shade(Color::Band, "band", "#f5f7f9", "#1d2127"),
    shade(Color::BlueTint, "blue-tint", "#d9ebf7", "#12344e"),
    shade(Color::VermilionTint, "vermilion-tint", "#fbe3d4", "#4d2a15"),
    shade(Color::GreenTint, "green-tint", "#d3efe5", "#0f4034"),
    shade(Color::PurpleTint, "purple-tint", "#f5e2ee", "#452c3c"),
    shade(Color::OrangeTint, "orange-tint", "#fcefcf", "#463509"),
];

/// The colours that series take in turn.
pub(crate) const PALETTE: [Color; 6] = [
    Color::Blue,
    Color::Vermilion,
    Color::Green,
    Color::Purple,
    Color::Orange,
    Color::Sky,
];

impl Color {
    /// The colour with this number in the table, if there is one.
    pub(crate) fn from_index(index: u8) -> Option<Self> {
        SHADES.get(usize::from(index)).map(|shade| shade.color)
    }

    /// Its name in class and variable names.
    pub(crate) fn name(self) -> &'static str {
        SHADES[self as usize].name
    }

    /// The colour that viewers see which know no style sheets.
    pub(crate) fn light(self) -> &'static str {
        SHADES[self as usize].light
    }

    /// Attributes that fill an element: a class for the theme, a plain colour for simple viewers.
    pub(crate) fn fill(self) -> String {
        format!(
            "class=\"rc-fill-{}\" fill=\"{}\"",
            self.name(),
            self.light()
        )
    }
}

/// CSS custom properties of one theme: `--rc-ink:#1f2328;…`.
fn variables(value: impl Fn(&Shade) -> &'static str) -> String {
    SHADES.iter().fold(String::new(), |mut css, shade| {
        let _ = write!(css, "--rc-{}:{};", shade.name, value(shade));
        css
    })
}

/// The style sheet that each drawing carries.
///
/// Colours are variables, so that one media query turns everything dark, and paper stays light.
pub(crate) fn style_sheet() -> String {
    let light = variables(|shade| shade.light);
    let dark = variables(|shade| shade.dark);
    let mut css = format!(
        ".recurra-svg{{color-scheme:light dark;max-width:100%;height:auto;{light}}}\n\
         @media (prefers-color-scheme:dark){{.recurra-svg{{{dark}}}}}\n\
         @media print{{.recurra-svg{{{light}}}}}\n\
         .recurra-svg text{{font-family:{FONT_STACK}}}\n\
         .recurra-svg .rc-math{{font-family:'STIX Two Text','Latin Modern Roman',Cambria,Georgia,'Times New Roman',serif}}\n"
    );
    for Shade { name, .. } in &SHADES {
        let _ = write!(
            css,
            ".rc-fill-{name}{{fill:var(--rc-{name})}}.rc-stroke-{name}{{stroke:var(--rc-{name})}}"
        );
    }
    css
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_is_in_the_order_of_the_colors() {
        for (index, shade) in SHADES.iter().enumerate() {
            assert_eq!(shade.color as usize, index, "{}", shade.name);
        }
    }

    #[test]
    fn style_sheet_has_a_dark_and_a_print_rule() {
        let css = style_sheet();
        assert!(css.contains("@media (prefers-color-scheme:dark)"));
        assert!(css.contains("@media print"));
        assert!(css.contains("--rc-ink:#1f2328") && css.contains("--rc-ink:#e8eaed"));
    }

    /// Relative luminance and contrast of WCAG 2.1.
    fn contrast(a: &str, b: &str) -> f64 {
        let luminance = |hex: &str| {
            let part = |at: usize| {
                let value = f64::from(u8::from_str_radix(&hex[at..at + 2], 16).unwrap()) / 255.0;
                if value <= 0.04045 {
                    value / 12.92
                } else {
                    ((value + 0.055) / 1.055).powf(2.4)
                }
            };
            0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5)
        };
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn text_can_be_read_in_both_themes() {
        let [paper, ink, muted, ..] = &SHADES;
        for text in [ink, muted] {
            assert!(contrast(text.light, paper.light) >= 4.5, "{}", text.name);
            assert!(contrast(text.dark, paper.dark) >= 4.5, "{}", text.name);
        }
    }
}
