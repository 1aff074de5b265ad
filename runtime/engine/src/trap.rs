//! A guest's failure as an exit code and a readable message.
use crate::{Exit, Reason, meter::OutOfMemory};
use wasmtime::{Trap, WasmBacktrace};
use wasmtime_wasi::I32Exit;

/// 128 + SIGABRT, what a native program ends with that aborts.
const ABORTED: i32 = 134;
/// 128 + SIGKILL, what the kernel's out-of-memory killer leaves.
const KILLED: i32 = 137;

/// What wasmtime's error means for the container: an exit by its own will, out of memory, or a trap.
pub(crate) fn exit_of(error: &wasmtime::Error) -> Exit {
    if let Some(I32Exit(code)) = error.downcast_ref::<I32Exit>() {
        return Exit::code(*code);
    }
    if let Some(reason) = error.downcast_ref::<OutOfMemory>() {
        return Exit { code: KILLED, reason: Reason::OomKilled, message: reason.to_string() };
    }
    Exit { code: ABORTED, reason: Reason::Error, message: message(error) }
}

/// The trap first, then where it happened, innermost frame first.
pub(crate) fn message(error: &wasmtime::Error) -> String {
    let cause = match error.downcast_ref::<Trap>() {
        Some(trap) => trap.to_string(),
        None => error.root_cause().to_string(),
    };
    match error.downcast_ref::<WasmBacktrace>() {
        Some(backtrace) => format!("{cause}\n{backtrace}"),
        None => cause,
    }
}
