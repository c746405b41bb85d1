//! `recurra doctor`: the machine as Recurra sees it.

use crate::commands::Ending;
use crate::error::CliError;
use crate::output::Output;
use crate::table::{Align, Table};
use serde_json::json;

const ALLOCATOR: &str = "mimalloc";

pub(crate) fn run(output: &mut Output<'_>) -> Result<Ending, CliError> {
    let doctor = recurra::doctor();
    if output.json() {
        let mut object = json!(doctor);
        object["allocator"] = json!(ALLOCATOR);
        output.object(&object)?;
        return Ok(Ending::Fine);
    }
    let mut table = Table::new([("", Align::Left), ("", Align::Left)]);
    table.row(["version", doctor.version]);
    table.row(["platform", &doctor.platform]);
    table.row(["CPU features", &doctor.cpu_features.join(", ")]);
    let others = doctor.available.join(", ");
    table.row(["kernels", &format!("{} (of {others})", doctor.kernels)]);
    table.row([
        "threads",
        &format!("{} ({} CPUs)", doctor.threads, doctor.cpus),
    ]);
    table.row(["tensors", doctor.tensors]);
    table.row(["allocator", ALLOCATOR]);
    output.line(table.lines(0).join("\n").trim_start())?;
    if let Some(notice) = doctor.notice {
        output.line(format_args!("note: {notice}"))?;
    }
    Ok(Ending::Fine)
}
