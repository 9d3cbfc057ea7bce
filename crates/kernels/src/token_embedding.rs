//! Rows of a token table plus the position table: the first layer of a text encoder.
//!
//! | tensor | shape | layout |
//! |---|---|---|
//! | ids | `[n]` | u32, each below `vocabulary` |
//! | tokens | `[vocabulary, channels]` | f32, row-major |
//! | positions | `[at least n, channels]` | f32, row-major |
//! | y | `[n, channels]` | f32, row-major |
//!
//! A vocabulary of 49,408 × 768 does not fit a binding: for a fixed prompt, pass the rows that occur, with ids into
//! those.

use bytemuck::{Pod, Zeroable};
use maskov_gpu::{Bind, Buffer, Kernel, Pass, Result, groups_1d};

use crate::require;

/// One invocation per value of `y`.
pub static KERNEL: Kernel = Kernel {
    name: "token_embedding",
    wgsl: wgsl!("common/index", "token_embedding"),
    binds: &[Bind::Uniform, Bind::Read, Bind::Read, Bind::Read, Bind::ReadWrite],
    workgroup: [256, 1, 1],
};

/// Must match `struct Params` in shaders/token_embedding.wgsl.
#[repr(C)]
#[derive(Clone, Copy, Pod, Zeroable)]
struct Params {
    len: u32,
    channels: u32,
}

/// Records the embedding of `ids`. Errors: [`GpuError::Shape`](maskov_gpu::GpuError::Shape) where buffers are too short
/// or an id is not in the table.
pub fn token_embedding(
    pass: &mut Pass<'_>,
    ids: &[u32],
    tokens: &Buffer,
    positions: &Buffer,
    channels: usize,
    y: &Buffer,
) -> Result<()> {
    let len = ids.len() * channels;
    let lens = [tokens.len(), positions.len(), y.len()];
    let known = ids.iter().all(|&id| (id as usize + 1) * channels <= lens[0]);
    require(&KERNEL, known && lens[1] >= len && lens[2] >= len, || {
        format!("{lens:?} words for {} × {channels} and the ids {ids:?}", ids.len())
    })?;
    let ids = pass.gpu().upload("token ids", ids)?;
    let params = Params { len: len as u32, channels: channels as u32 };
    let buffers = [(&ids).into(), tokens.into(), positions.into(), y.into()];
    pass.dispatch(&KERNEL, &[], &params, &buffers, groups_1d(len, KERNEL.workgroup[0]))
}

/// What the kernel means.
pub fn token_embedding_cpu(ids: &[u32], tokens: &[f32], positions: &[f32], channels: usize, y: &mut [f32]) {
    for ((id, position), y) in
        ids.iter().zip(positions.chunks_exact(channels)).zip(y.chunks_exact_mut(channels))
    {
        let token = &tokens[*id as usize * channels..][..channels];
        for ((token, position), y) in token.iter().zip(position).zip(y) {
            *y = token + position;
        }
    }
}

#[cfg(test)]
mod tests {
    use maskov_gpu::testing::{Guarded, Seeded, Tolerance, assert_close, gpu};

    use super::*;

    #[wasm_bindgen_test::wasm_bindgen_test(unsupported = pollster::test)]
    async fn token_embedding_matches_cpu() {
        let gpu = gpu().await;
        // [n, vocabulary, channels]
        for [n, vocabulary, channels] in [[1, 1, 1], [5, 9, 51], [2, 3, 128], [1, 300, 257], [77, 1000, 32]] {
            let mut seeded = Seeded::new(19);
            let tokens = seeded.values(vocabulary * channels);
            let positions = seeded.values((n + 1) * channels);
            let ids: Vec<u32> = (0..n).map(|_| seeded.below(vocabulary as u32)).collect();
            let [tokens_buffer, positions_buffer] =
                [&tokens, &positions].map(|values| gpu.upload("table", values).expect("fits"));
            let y = Guarded::new(&gpu, n * channels);
            let mut pass = gpu.pass();
            token_embedding(&mut pass, &ids, &tokens_buffer, &positions_buffer, channels, &y.buffer)
                .expect("shapes fit");
            pass.submit().expect("the device works");
            let mut expected = vec![0.0; n * channels];
            token_embedding_cpu(&ids, &tokens, &positions, channels, &mut expected);
            let what = format!("{n} of {vocabulary} × {channels}");
            assert_close(&what, &y.read(&gpu).await, &expected, Tolerance::EXACT);
        }
    }

    #[wasm_bindgen_test::wasm_bindgen_test(unsupported = pollster::test)]
    async fn an_unknown_token_is_refused() {
        let gpu = gpu().await;
        let table = gpu.create("tokens", 12).expect("fits");
        let y = gpu.create("y", 12).expect("fits");
        let error = token_embedding(&mut gpu.pass(), &[0, 3], &table, &table, 4, &y)
            .expect_err("the table has 3 tokens");
        assert!(error.to_string().contains("[0, 3]"), "{error}");
    }
}
