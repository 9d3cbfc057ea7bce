//! JPEG files of every layout (ITU T.81), from coefficients: which sampling, which scans in which order, restart
//! markers, and progressive refinement. To be read beside annexes A, F and G; not fast and not small.

/// A scan: which components, and which part of their coefficients.
#[derive(Debug, Clone)]
pub struct Scan {
    pub components: Vec<usize>,
    /// First and last coefficient, in zigzag order.
    pub band: (usize, usize),
    /// The bit that was last sent (0: none was) and the bit that this scan ends with.
    pub bits: (u8, u8),
}

pub fn scan(components: &[usize], band: (usize, usize), bits: (u8, u8)) -> Scan {
    Scan { components: components.to_vec(), band, bits }
}

#[derive(Debug, Clone)]
pub struct Layout {
    pub size: (usize, usize),
    /// Per component, across and down.
    pub sampling: Vec<(usize, usize)>,
    pub is_progressive: bool,
    /// MCUs between restart markers; 0 for none.
    pub restart_interval: u16,
    pub scans: Vec<Scan>,
}

impl Layout {
    fn largest_sampling(&self) -> (usize, usize) {
        let (across, down): (Vec<_>, Vec<_>) = self.sampling.iter().copied().unzip();
        (across.into_iter().max().unwrap(), down.into_iter().max().unwrap())
    }

    fn mcus(&self) -> (usize, usize) {
        let largest = self.largest_sampling();
        (self.size.0.div_ceil(8 * largest.0), self.size.1.div_ceil(8 * largest.1))
    }

    /// Blocks of a component that hold pixels (A.1.1), which is what a scan of its own has.
    pub fn blocks_alone(&self, component: usize) -> (usize, usize) {
        let (largest, own) = (self.largest_sampling(), self.sampling[component]);
        let blocks = |len: usize, own: usize, largest: usize| (len * own).div_ceil(largest).div_ceil(8);
        (blocks(self.size.0, own.0, largest.0), blocks(self.size.1, own.1, largest.1))
    }
}

type Block = [i32; 64];

/// A component's blocks: slow waves with a little of the first coefficients, other ones in every component, so that
/// a block in a wrong place or a component in place of another shows.
fn content(component: usize, x: usize, y: usize, sampling: (usize, usize), largest: (usize, usize)) -> Block {
    // Places of the whole picture, so that a component looks the same at every sampling.
    let (u, v) = ((x * largest.0) as f64 / sampling.0 as f64, (y * largest.1) as f64 / sampling.1 as f64);
    let phase = component as f64 * 1.7;
    let mut block = [0; 64];
    block[0] = (90.0 * (0.55 * u + 0.35 * v + phase).sin()) as i32;
    block[1] = (6.0 * (0.9 * u + phase).cos()) as i32;
    block[2] = (6.0 * (0.8 * v + phase).sin()) as i32;
    block[5] = (x as i32 % 3) - 1;
    // Far behind a run of more than sixteen zeros.
    block[40] = (y as i32 % 3) - 1;
    block
}

/// One quantisation step for all coefficients.
const STEP: u8 = 5;

pub fn jpeg(layout: &Layout) -> Vec<u8> {
    let mut file = vec![0xff, 0xd8];
    segment(&mut file, 0xdb, &[&[0], [STEP; 64].as_slice()].concat());
    let mut frame = vec![8];
    frame.extend((layout.size.1 as u16).to_be_bytes());
    frame.extend((layout.size.0 as u16).to_be_bytes());
    frame.push(layout.sampling.len() as u8);
    for (at, sampling) in layout.sampling.iter().enumerate() {
        frame.extend([at as u8 + 1, (sampling.0 << 4 | sampling.1) as u8, 0]);
    }
    segment(&mut file, if layout.is_progressive { 0xc2 } else { 0xc0 }, &frame);
    // Codes that are their symbols: DC in 4 bits, AC in 8.
    let table = |class: u8, code_len: usize, symbols: std::ops::Range<u8>| {
        let mut lens = [0; 16];
        lens[code_len - 1] = symbols.len() as u8;
        [&[class << 4], lens.as_slice(), &symbols.collect::<Vec<_>>()].concat()
    };
    segment(&mut file, 0xc4, &table(0, 4, 0..12));
    segment(&mut file, 0xc4, &table(1, 8, 0..255));
    if layout.restart_interval > 0 {
        segment(&mut file, 0xdd, &layout.restart_interval.to_be_bytes());
    }
    for scan in &layout.scans {
        let mut header = vec![scan.components.len() as u8];
        header.extend(scan.components.iter().flat_map(|&component| [component as u8 + 1, 0]));
        header.extend([scan.band.0 as u8, scan.band.1 as u8, scan.bits.0 << 4 | scan.bits.1]);
        segment(&mut file, 0xda, &header);
        write_scan(&mut file, layout, scan);
    }
    file.extend([0xff, 0xd9]);
    file
}

fn segment(file: &mut Vec<u8>, marker: u8, content: &[u8]) {
    file.extend([0xff, marker]);
    file.extend((content.len() as u16 + 2).to_be_bytes());
    file.extend(content);
}

fn write_scan(file: &mut Vec<u8>, layout: &Layout, scan: &Scan) {
    let (across, down) = match scan.components[..] {
        [alone] => layout.blocks_alone(alone),
        _ => layout.mcus(),
    };
    let mut bits = Bits::default();
    let mut predictors = vec![0; layout.sampling.len()];
    for mcu in 0..across * down {
        let interval = usize::from(layout.restart_interval);
        if interval > 0 && mcu > 0 && mcu % interval == 0 {
            file.extend(bits.take());
            file.extend([0xff, 0xd0 + ((mcu / interval - 1) % 8) as u8]);
            predictors.fill(0);
        }
        let (mcu_x, mcu_y) = (mcu % across, mcu / across);
        for &component in &scan.components {
            let sampling = layout.sampling[component];
            let (wide, high) = if scan.components.len() == 1 { (1, 1) } else { sampling };
            for block in 0..wide * high {
                let (x, y) = (mcu_x * wide + block % wide, mcu_y * high + block / wide);
                let block = content(component, x, y, sampling, layout.largest_sampling());
                write_block(&mut bits, &block, scan, &mut predictors[component]);
            }
        }
    }
    file.extend(bits.take());
}

fn write_block(bits: &mut Bits, block: &Block, scan: &Scan, predictor: &mut i32) {
    let (first, last) = scan.band;
    let low = scan.bits.1;
    let mut from = first;
    if first == 0 {
        if scan.bits.0 == 0 {
            let value = block[0] >> low;
            bits.symbol_and_value(0, 4, value - *predictor);
            *predictor = value;
        } else {
            bits.put((block[0] >> low & 1) as u32, 1);
        }
        from = 1;
    }
    if from > last {
        return;
    }
    if scan.bits.0 == 0 {
        first_pass(bits, block, from..=last, low)
    } else {
        refine(bits, block, from..=last, low)
    }
}

const END_OF_BLOCK: u32 = 0x00;
const SIXTEEN_ZEROS: u32 = 0xf0;

fn first_pass(bits: &mut Bits, block: &Block, band: std::ops::RangeInclusive<usize>, low: u8) {
    let mut zeros = 0;
    for at in band {
        let value = block[at].signum() * (block[at].abs() >> low);
        if value == 0 {
            zeros += 1;
            continue;
        }
        while zeros > 15 {
            bits.put(SIXTEEN_ZEROS, 8);
            zeros -= 16;
        }
        bits.symbol_and_value(zeros, 8, value);
        zeros = 0;
    }
    if zeros > 0 {
        bits.put(END_OF_BLOCK, 8);
    }
}

/// G.1.2.3: new coefficients are ±1; those that are there already get one more bit each, behind the symbol that
/// passes over them.
fn refine(bits: &mut Bits, block: &Block, band: std::ops::RangeInclusive<usize>, low: u8) {
    let sent = |at: usize| block[at].abs() >> low;
    let last_new = band.clone().rev().find(|&at| sent(at) == 1);
    let (mut zeros, mut corrections) = (0, Vec::new());
    for at in band {
        match sent(at) {
            0 => zeros += 1,
            1 => {
                bits.put(zeros << 4 | 1, 8);
                bits.put(u32::from(block[at] > 0), 1);
                corrections.drain(..).for_each(|bit| bits.put(bit, 1));
                zeros = 0;
            }
            more => corrections.push((more & 1) as u32),
        }
        if zeros == 16 && last_new.is_some_and(|last| last > at) {
            bits.put(SIXTEEN_ZEROS, 8);
            corrections.drain(..).for_each(|bit| bits.put(bit, 1));
            zeros = 0;
        }
    }
    if zeros > 0 || !corrections.is_empty() {
        bits.put(END_OF_BLOCK, 8);
        corrections.drain(..).for_each(|bit| bits.put(bit, 1));
    }
}

#[derive(Default)]
struct Bits {
    bits: Vec<bool>,
}

impl Bits {
    fn put(&mut self, value: u32, len: u32) {
        self.bits.extend((0..len).rev().map(|bit| value >> bit & 1 == 1));
    }

    /// A run of zeros and the size of a value in one symbol, then the value (F.1.2).
    fn symbol_and_value(&mut self, zeros: u32, code_len: u32, value: i32) {
        let size = 32 - value.unsigned_abs().leading_zeros();
        self.put(zeros << 4 | size, code_len);
        let stored = if value < 0 { value - 1 } else { value };
        self.put(stored as u32 & ((1 << size) - 1), size);
    }

    /// The bytes, filled up with ones, a zero behind each 0xff.
    fn take(&mut self) -> Vec<u8> {
        let bits = std::mem::take(&mut self.bits);
        let byte =
            |bits: &[bool]| (0..8).fold(0, |byte, at| byte << 1 | u8::from(*bits.get(at).unwrap_or(&true)));
        bits.chunks(8)
            .flat_map(|bits| if byte(bits) == 0xff { vec![0xff, 0] } else { vec![byte(bits)] })
            .collect()
    }
}
