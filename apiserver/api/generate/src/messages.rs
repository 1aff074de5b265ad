//! Messages, fields and markers of k8s-pb, read from its source: prost writes one shape of line, so no parser of Rust is needed.

use std::{fs, path::Path};

use anyhow::{Context, Result, bail};

/// A protobuf message.
pub(crate) struct Message {
    /// Its module, e.g. `["api", "apps", "v1"]`.
    pub(crate) module: Vec<String>,
    /// As prost spells it, e.g. `PodIp`.
    pub(crate) name: String,
    /// The first word of its documentation, which is the name in Go.
    pub(crate) documented: String,
    pub(crate) fields: Vec<Field>,
}

/// A field of a message.
pub(crate) struct Field {
    /// Without the raw-identifier prefix.
    pub(crate) name: String,
    pub(crate) number: u32,
    pub(crate) shape: Shape,
    pub(crate) value: Value,
    /// Lines of the documentation that begin with a plus sign, without it.
    pub(crate) markers: Vec<String>,
}

#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Shape {
    One,
    List,
    Map,
}

pub(crate) enum Value {
    /// `string`, `int32`, `int64`, `bool`, `bytes`, `double`.
    Scalar(&'static str),
    /// Module and name.
    Message(Vec<String>, String),
}

impl Field {
    /// The text behind `name=`.
    pub(crate) fn marker(&self, name: &str) -> Option<&str> {
        self.markers.iter().find_map(|marker| marker.strip_prefix(name)?.strip_prefix('='))
    }

    pub(crate) fn markers<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.markers.iter().filter_map(move |marker| marker.strip_prefix(name)?.strip_prefix('='))
    }
}

/// Every message below the package's `src`.
pub(crate) fn read(package: &Path) -> Result<Vec<Message>> {
    let mut messages = Vec::new();
    walk(&package.join("src"), &mut Vec::new(), &mut messages)?;
    messages.sort_by(|a, b| (&a.module, &a.name).cmp(&(&b.module, &b.name)));
    Ok(messages)
}

fn walk(directory: &Path, module: &mut Vec<String>, messages: &mut Vec<Message>) -> Result<()> {
    let entries = fs::read_dir(directory).with_context(|| format!("cannot list `{}`", directory.display()))?;
    for entry in entries {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() {
            module.push(name);
            walk(&path, module, messages)?;
            module.pop();
        } else if name == "mod.rs" {
            let text = fs::read_to_string(&path).with_context(|| format!("cannot read `{}`", path.display()))?;
            parse(&text, module, messages).with_context(|| format!("cannot parse `{}`", path.display()))?;
        }
    }
    Ok(())
}

fn parse(text: &str, module: &[String], messages: &mut Vec<Message>) -> Result<()> {
    let mut documentation: Vec<&str> = Vec::new();
    let mut tag = String::new();
    let mut lines = text.lines().map(str::trim);
    let mut open = None;
    while let Some(line) = lines.next() {
        if let Some(comment) = line.strip_prefix("///") {
            documentation.push(comment.trim());
        } else if let Some(rest) = line.strip_prefix("pub struct ") {
            let name = rest.split([' ', '{']).next().unwrap_or_default().to_owned();
            let documented = documentation.first().and_then(|l| l.split(' ').next()).unwrap_or_default().to_owned();
            documentation.clear();
            let message = Message { module: module.to_vec(), name, documented, fields: Vec::new() };
            if rest.ends_with("{}") {
                messages.push(message);
            } else {
                open = Some(message);
            }
        } else if line.starts_with("#[prost(") {
            tag = line.to_owned();
        } else if line == "}" {
            messages.extend(open.take());
            documentation.clear();
        } else if let (Some(message), Some(rest)) = (&mut open, line.strip_prefix("pub ")) {
            let mut declaration = rest.to_owned();
            while !declaration.ends_with(',') || declaration.matches('<').count() > declaration.matches('>').count() {
                declaration.push_str(lines.next().context("a field without an end")?);
            }
            message.fields.push(field(&declaration, &tag, &documentation, module)?);
            documentation.clear();
        }
    }
    Ok(())
}

/// `declaration` is `name: type,`; `tag` the prost attribute above it.
fn field(declaration: &str, tag: &str, documentation: &[&str], module: &[String]) -> Result<Field> {
    let (name, ty) = declaration.split_once(':').context("a field without a type")?;
    let number = tag.split("tag = \"").nth(1).and_then(|t| t.split('"').next()).context("a field without a tag")?;
    let attribute = tag.trim_start_matches("#[prost(");
    let shape = match attribute {
        a if a.starts_with("btree_map") => Shape::Map,
        a if a.contains("repeated") => Shape::List,
        _ => Shape::One,
    };
    let kind = match attribute.strip_prefix("btree_map = \"string, ") {
        Some(value) => value.split('"').next(),
        None => attribute.split([',', ' ']).next(),
    };
    let value = match kind.unwrap_or_default() {
        "message" => reference(ty, module)?,
        "string" => Value::Scalar("string"),
        "int32" => Value::Scalar("int32"),
        "int64" => Value::Scalar("int64"),
        "bool" => Value::Scalar("bool"),
        "bytes" => Value::Scalar("bytes"),
        "double" => Value::Scalar("double"),
        other => bail!("`{name}` has the unknown type `{other}`"),
    };
    let markers = documentation.iter().filter_map(|line| Some(line.strip_prefix('+')?.to_owned())).collect();
    Ok(Field { name: name.trim_start_matches("r#").to_owned(), number: number.parse()?, shape, value, markers })
}

/// The message inside `Option`, `Box`, `Vec` or the value of a map; `super` is taken from `module`.
fn reference(ty: &str, module: &[String]) -> Result<Value> {
    let inner = ty.trim().trim_end_matches([',', '>', ' ']);
    let inner = inner.rsplit(['<', ',', ' ']).next().unwrap_or_default();
    let mut path: Vec<String> = module.to_vec();
    let mut segments: Vec<&str> = inner.split("::").collect();
    let name = segments.pop().context("a reference without a name")?.to_owned();
    for segment in segments {
        if segment == "super" {
            path.pop();
        } else {
            path.push(segment.to_owned());
        }
    }
    Ok(Value::Message(path, name))
}
