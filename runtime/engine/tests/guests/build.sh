#!/bin/sh
# Builds the guests of the engine's tests; the results are committed, so that tests need no wasm target.
set -eu
cd "$(dirname "$0")"
export CARGO_TARGET_DIR="${GUESTS_TARGET_DIR:-$PWD/target}"
cargo build --release -p handler --target wasm32-wasip2
cargo build --release -p process --target wasm32-wasip2
cargo build --release -p process --target wasm32-wasip1
cp "$CARGO_TARGET_DIR/wasm32-wasip2/release/handler.wasm" handler.wasm
cp "$CARGO_TARGET_DIR/wasm32-wasip2/release/process.wasm" command.wasm
cp "$CARGO_TARGET_DIR/wasm32-wasip1/release/process.wasm" core.wasm
ls -l ./*.wasm
