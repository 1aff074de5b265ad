#!/usr/bin/env bash
# Builds the guests of samples/ and tests/guests/ from source. `build.sh` writes <name>.wasm and <name>.wasm.sha256 (digest, then the compiler);
# `build.sh --check` rebuilds and compares where the compiler is the recorded one. Needs `rustup target add wasm32-wasip2`.
set -euo pipefail
cd "$(dirname "$0")"
check=${1:-}
compiler=$(rustc --version)
for manifest in */Cargo.toml ../tests/guests/*/Cargo.toml; do
  folder=$(dirname "$manifest")
  name=$(basename "$folder")
  target=${CARGO_TARGET_DIR:-$PWD/$folder/target}/guests
  # paths of this machine must not reach the file, or no two machines build the same bytes
  export RUSTFLAGS="--remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=/cargo --remap-path-prefix=$(dirname "$PWD")=/coracle"
  (cd "$folder" && CARGO_TARGET_DIR=$target cargo build --quiet --release --locked --target wasm32-wasip2)
  built=$target/wasm32-wasip2/release/$name.wasm
  digest=$(sha256sum "$built" | cut -d' ' -f1)
  if [ "$check" = --check ]; then
    read -r recorded by < "$folder/$name.wasm.sha256"
    actual=$(sha256sum "$folder/$name.wasm" | cut -d' ' -f1)
    [ "$actual" = "$recorded" ] || { echo "$folder/$name.wasm is not the file its digest was taken of" >&2; exit 1; }
    if [ "$by" != "$compiler" ]; then
      echo "$name: builds; not compared, it was recorded with $by"
    elif [ "$digest" != "$recorded" ]; then
      echo "$name: the source builds $digest, recorded is $recorded" >&2
      exit 1
    else
      echo "$name: the source builds the recorded file"
    fi
  else
    cp "$built" "$folder/$name.wasm"
    echo "$digest $compiler" > "$folder/$name.wasm.sha256"
    echo "$folder/$name.wasm: $(stat -c %s "$built") bytes"
  fi
done
