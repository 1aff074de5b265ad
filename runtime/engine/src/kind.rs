//! Which of three kinds of guest some bytes are.
use crate::Error;
use wasmparser::{Encoding, ExternalKind, Parser, Payload};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum GuestKind {
    /// A component that exports `wasi:http/incoming-handler`: called per request.
    Handler,
    /// A component that exports `wasi:cli/run`: a process.
    Command,
    /// A core wasip1 module with `_start`: a process without sockets.
    Core,
}

impl GuestKind {
    /// Reads the outermost exports and no code, so it is cheap for large guests too.
    pub fn of(wasm: &[u8]) -> Result<GuestKind, Error> {
        if !wasm.starts_with(b"\0asm") || wasm.len() < 8 {
            return Err(Error::NotWasm(beginning(wasm)));
        }
        match wasm[4..8] {
            [1, 0, 0, 0] | [0x0d, 0, 1, 0] => GuestKind::from_exports(&exports(wasm)?),
            _ => Err(Error::Unsupported(format!("its version field is {:02x?}", &wasm[4..8]))),
        }
    }

    pub(crate) fn from_exports(exports: &Exports) -> Result<GuestKind, Error> {
        let has = |interface: &str| exports.names.iter().any(|name| name.split('@').next() == Some(interface));
        match exports.component {
            true if has("wasi:http/incoming-handler") => Ok(GuestKind::Handler),
            true if has("wasi:cli/run") => Ok(GuestKind::Command),
            true => {
                Err(Error::Unsupported("a component must export `wasi:http/incoming-handler` or `wasi:cli/run`".to_owned()))
            }
            false if has("_start") => Ok(GuestKind::Core),
            false => Err(Error::Unsupported("a core module must export `_start`; hint: build for wasm32-wasip1".to_owned())),
        }
    }
}

pub(crate) struct Exports {
    pub(crate) component: bool,
    pub(crate) names: Vec<String>,
}

fn exports(wasm: &[u8]) -> Result<Exports, Error> {
    let mut depth = 0usize;
    let mut found = Exports { component: false, names: Vec::new() };
    for payload in Parser::new(0).parse_all(wasm) {
        match payload.map_err(unreadable)? {
            Payload::Version { encoding, .. } => {
                if depth == 0 {
                    found.component = encoding == Encoding::Component;
                }
                depth += 1;
            }
            Payload::End(_) => depth -= 1,
            Payload::ComponentExportSection(section) if depth == 1 => {
                for export in section {
                    found.names.push(export.map_err(unreadable)?.name.0.to_owned());
                }
            }
            Payload::ExportSection(section) if depth == 1 => {
                for export in section {
                    let export = export.map_err(unreadable)?;
                    if export.kind == ExternalKind::Func {
                        found.names.push(export.name.to_owned());
                    }
                }
            }
            _ => {}
        }
    }
    Ok(found)
}

fn unreadable(error: wasmparser::BinaryReaderError) -> Error {
    Error::Unsupported(error.message().to_owned())
}

/// The first bytes, as a hint to what was handed in instead (an ELF file, a tarball, an HTML page).
fn beginning(bytes: &[u8]) -> String {
    match bytes {
        [] => "nothing".to_owned(),
        _ => format!("`{}`", bytes[..bytes.len().min(8)].escape_ascii()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(text: &str) -> Result<GuestKind, Error> {
        GuestKind::of(&wat::parse_str(text).unwrap())
    }

    #[test]
    fn three_kinds() {
        assert_eq!(of(r#"(module (func (export "_start")))"#).unwrap(), GuestKind::Core);
        let component = |name: &str| of(&format!(r#"(component (instance $i) (export "{name}" (instance $i)))"#));
        assert_eq!(component("wasi:http/incoming-handler@0.2.0").unwrap(), GuestKind::Handler);
        assert_eq!(component("wasi:cli/run@0.2.6").unwrap(), GuestKind::Command);
    }

    #[test]
    fn others_are_refused_with_a_reason() {
        let library = of(r#"(module (func (export "add")))"#).unwrap_err().to_string();
        assert!(library.contains("`_start`"), "{library}");
        let nested = of(r#"(component (core module (func (export "_start"))))"#).unwrap_err().to_string();
        assert!(nested.contains("wasi:cli/run"), "a nested module's exports do not count: {nested}");
        assert_eq!(
            GuestKind::of(b"\x7fELF\x02\x01").unwrap_err().to_string(),
            r"not a WebAssembly binary: it begins with `\x7fELF\x02\x01`"
        );
    }

    proptest! {
        #[test]
        fn bytes_never_panic(tail in proptest::collection::vec(any::<u8>(), 0..200), component: bool) {
            let mut wasm = if component { b"\0asm\x0d\0\x01\0".to_vec() } else { b"\0asm\x01\0\0\0".to_vec() };
            wasm.extend(tail);
            prop_assert!(GuestKind::of(&wasm).is_err());
        }
    }
}
