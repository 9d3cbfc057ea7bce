//! Rows of a token table plus the position table: the first layer of a text encoder.
//!
//! | tensor | shape | layout |
//! |---|---|---|
//! | ids | `[n]` | u32, each below `vocabulary` |
//! | tokens | `[vocabulary, channels]` | f32, row-major |
//! | positions | `[at least n, channels]` | f32, row-major |
//! | y | `[n, channels]` | f32, row-major |

/// What the kernel means.
pub fn token_embedding_cpu(ids: &[u32], tokens: &[f32], positions: &[f32], channels: usize, y: &mut [f32]) {
    for ((id, position), y) in ids
        .iter()
        .zip(positions.chunks_exact(channels))
        .zip(y.chunks_exact_mut(channels))
    {
        let token = &tokens[*id as usize * channels..][..channels];
        for ((token, position), y) in token.iter().zip(position).zip(y) {
            *y = token + position;
        }
    }
}
