//! `recurra recipes`: what is built in.

use crate::commands::Ending;
use crate::error::CliError;
use crate::output::Output;
use crate::table::{Align, Table};
use recurra::RecipeSource;
use recurra::recipe::embedded;
use serde_json::json;

pub(crate) fn run(output: &mut Output<'_>) -> Result<Ending, CliError> {
    let mut objects = Vec::new();
    let mut table = Table::new([
        ("recipe", Align::Left),
        ("task", Align::Left),
        ("", Align::Left),
    ]);
    for built_in in embedded() {
        let recipe = RecipeSource::find(built_in.name)?.resolve(&[])?;
        table.row([built_in.name, recipe.task(), recipe.about()]);
        objects.push(json!({
            "name": built_in.name,
            "task": recipe.task(),
            "about": recipe.about(),
        }));
    }
    if output.json() {
        output.object(&json!({ "recipes": objects }))?;
    } else {
        output.line(table.lines(0).join("\n"))?;
    }
    Ok(Ending::Fine)
}
