//! The samples that the binary carries, so that a first look needs no toolchain and no registry.

/// One sample: the name of its image, its module, its manifest.
pub(crate) struct Sample {
    pub(crate) name: &'static str,
    pub(crate) image: &'static str,
    pub(crate) wasm: &'static [u8],
    pub(crate) manifest: &'static str,
}

pub(crate) static ALL: &[Sample] = &[
    Sample {
        name: "hello",
        image: "coracle.dev/samples/hello:v1",
        wasm: include_bytes!("../samples/hello/hello.wasm"),
        manifest: include_str!("../samples/hello/manifest.yaml"),
    },
    Sample {
        name: "board",
        image: "coracle.dev/samples/board:v1",
        wasm: include_bytes!("../samples/board/board.wasm"),
        manifest: include_str!("../samples/board/manifest.yaml"),
    },
];
