// Where a pixel lies on one axis of the low-resolution map; must match `axis_words` in
// crates/kernels/src/upsample_guide.rs.

struct AxisPixel {
    lower: u32,     // the lower of the two cells that bilinear upsampling reads
    origin: u32,    // the first cell of the pixel's window of 8
    fraction: f32,  // the share of the upper cell
}
