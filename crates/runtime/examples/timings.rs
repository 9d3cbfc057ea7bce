//! scratch
use maskov_diffusion::*;
use maskov_runtime::*;
use maskov_weights::*;
use pollster::block_on;
fn main() {
    let dir = std::env::args().nth(1).unwrap();
    let r: usize = std::env::args().nth(2).unwrap().parse().unwrap();
    let c = block_on(Checkpoint::open_folder(&dir)).unwrap();
    let s = Settings::parse(&c.settings().unwrap().to_string()).unwrap();
    let configs =
        Configs { unet: UnetConfig::parse(&c.config("unet").unwrap().to_string()).unwrap(), vae: None };
    let m = attention_graph(&configs, &s, r).unwrap();
    let text = vec![0.0; m.graph.tensor(m.graph.find("text_embedding").unwrap()).shape.len()];
    let t = std::time::Instant::now();
    let e = block_on(CpuExecutor::load(&m.graph, &["attention"], &c, &[("text_embedding", &text)], &mut ()))
        .unwrap();
    println!("load {:?}", t.elapsed());
    let image: Vec<f32> = (0..m.image_side * m.image_side * 3).map(|i| (i as f32 * 0.01).sin()).collect();
    let mut best: Option<Timings> = None;
    let mut wall = f64::MAX;
    for _ in 0..12 {
        let t = std::time::Instant::now();
        let o = block_on(e.run(&[("image", &image)], &mut ())).unwrap();
        wall = wall.min(t.elapsed().as_secs_f64() * 1e3);
        best = Some(match best {
            None => o.timings,
            Some(mut b) => {
                for (x, y) in b.ops.iter_mut().zip(&o.timings.ops) {
                    x.1 = x.1.min(y.1)
                }
                b
            }
        });
    }
    let b = best.unwrap();
    println!("wall best {wall:.1} ms, sum of best {:.1}", b.total_ms());
    let mut kinds: std::collections::BTreeMap<String, (f64, usize)> = Default::default();
    for (op, (_, ms)) in m.graph.ops.iter().filter(|o| b.ops.iter().any(|x| x.0 == o.name)).zip(&b.ops) {
        let k = format!("{:?}", op.operation);
        let k = k.split([' ', '{']).next().unwrap().to_owned();
        let e = kinds.entry(k).or_default();
        e.0 += ms;
        e.1 += 1;
    }
    println!("{kinds:?}");
    let mut o = b.ops.clone();
    o.sort_by(|a, b| b.1.total_cmp(&a.1));
    for (n, ms) in &o[..14] {
        println!("{ms:.2} {n}")
    }
    println!("{:?}", b.by_block());
}
