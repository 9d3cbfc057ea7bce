//! How long each operation took, by its name and by block.

/// Milliseconds of every operation, in the order of the list.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Timings {
    /// Operation name and its milliseconds.
    pub ops: Vec<(String, f64)>,
}

impl Timings {
    /// Milliseconds of all operations.
    pub fn total_ms(&self) -> f64 {
        self.ops.iter().map(|(_, ms)| ms).sum()
    }

    /// Milliseconds by block (`down_blocks.0`, `mid_block`, `encoder.down_blocks.1`, `conv_in`), in order of appearance.
    pub fn by_block(&self) -> Vec<(String, f64)> {
        let mut blocks: Vec<(String, f64)> = Vec::new();
        for (name, ms) in &self.ops {
            let block = block_of(name);
            match blocks.iter_mut().find(|(known, _)| known == block) {
                Some((_, sum)) => *sum += ms,
                None => blocks.push((block.to_owned(), *ms)),
            }
        }
        blocks
    }
}

/// The part of an operation's name that says which block it belongs to: through the first `…block` or the first
/// `…blocks.N` or `layers.N`, or the first component alone.
fn block_of(name: &str) -> &str {
    let mut end = 0;
    let mut is_numbered = false;
    for part in name.split('.') {
        end += part.len() + usize::from(end > 0);
        if is_numbered || part.ends_with("block") {
            return &name[..end];
        }
        is_numbered = part.ends_with("blocks") || part == "layers";
    }
    name.split('.').next().unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fall_into_blocks() {
        for (name, block) in [
            ("conv_in", "conv_in"),
            ("down_blocks.0.resnets.0.conv1", "down_blocks.0"),
            ("mid_block.attentions.0.transformer_blocks.0.attn1.to_q", "mid_block"),
            ("encoder.down_blocks.1.resnets.0.norm1", "encoder.down_blocks.1"),
            ("encoder.mid_block.resnets.0.conv2", "encoder.mid_block"),
            ("text_model.encoder.layers.3.mlp.fc1", "text_model.encoder.layers.3"),
            ("time_embedding.linear_1", "time_embedding"),
            ("", ""),
        ] {
            assert_eq!(block_of(name), block);
        }
    }

    #[test]
    fn blocks_add_up() {
        let op = |name: &str, ms| (name.to_owned(), ms);
        let timings = Timings {
            ops: vec![
                op("conv_in", 1.0),
                op("mid_block.a", 2.0),
                op("conv_out", 8.0),
                op("mid_block.b", 4.0),
            ],
        };
        assert_eq!(timings.by_block(), [op("conv_in", 1.0), op("mid_block", 6.0), op("conv_out", 8.0)]);
        assert_eq!(timings.total_ms(), 15.0);
    }
}
