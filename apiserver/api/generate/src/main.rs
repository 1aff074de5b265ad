//! Makes the schema table of the `api` crate from published packages:
//! `coracle-generate <k8s-pb source> <_definitions.json of kubernetes-validate> <table.txt>`.

/// What the JSON definitions know of a type.
mod definitions;
/// The closed sets of strings, which neither package carries.
mod enums;
/// Messages, fields and markers of k8s-pb.
mod messages;
/// The fields whose zero is not the same as nothing.
mod pointers;
/// Types with a JSON form of their own.
mod shapes;
/// Both sources become one table.
mod table;

use std::{env, fs, io::Write, path::PathBuf};

use anyhow::{Context, Result, bail};

fn main() -> Result<()> {
    let arguments: Vec<PathBuf> = env::args_os().skip(1).map(PathBuf::from).collect();
    let [messages, definitions, output] = arguments.as_slice() else {
        bail!("usage: coracle-generate <k8s-pb source> <_definitions.json> <table.txt>");
    };
    let messages = messages::read(messages)?;
    let definitions = definitions::read(definitions)?;
    let table = table::build(&messages, &definitions)?;
    fs::write(output, table.text).with_context(|| format!("cannot write `{}`", output.display()))?;
    // for the person who runs this: where the two sources disagree
    Ok(writeln!(std::io::stdout(), "{}", table.doubts.join("\n"))?)
}
