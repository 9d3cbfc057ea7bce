//! The method as a whole on made-up attention: what is cached, what is refused, odd photos, large photos.

mod scene;

use std::cell::RefCell;
use std::ops::ControlFlow;
use std::rc::Rc;

use maskov_progress::{Observer, Step, Watch};
use maskov_segment::evaluation::iou;
use maskov_segment::{
    AttentionMap, CpuSolver, MaskovSettings, MergeLayer, Method, MethodSettings, PromptPoint, Refinement,
    Result, RgbImage, Scoring, SegmentError, Segmenter, SolveSize, Solver, Transition, TransitionRow,
    Upsampling, Urgency, own_clicked_pixels,
};
use pollster::block_on;
use scene::{attention, photo, truth};

fn point(x: u32, y: u32, foreground: bool) -> PromptPoint {
    PromptPoint::new(x, y, foreground)
}

fn solver() -> CpuSolver {
    CpuSolver::new(MethodSettings::default()).unwrap()
}

fn session(photo: RgbImage<'_>, size: SolveSize) -> Segmenter<'_, CpuSolver> {
    block_on(Segmenter::new(solver(), Method::M2n2, attention(), photo, size, &mut ())).unwrap()
}

/// A CPU solver that writes down what it was asked to do.
struct Counting {
    solver: CpuSolver,
    calls: Rc<RefCell<Vec<&'static str>>>,
}

impl Counting {
    fn note(&self, call: &'static str) {
        self.calls.borrow_mut().push(call);
    }
}

impl Solver for Counting {
    type Attention = AttentionMap;
    type Transition = Transition;
    type Upsampling = Upsampling;
    type Profile = <CpuSolver as Solver>::Profile;

    async fn load_attention(
        &self,
        attention: AttentionMap,
        observer: &mut dyn Observer,
    ) -> Result<Transition> {
        self.solver.load_attention(attention, observer).await
    }

    fn resolution(&self, transition: &Transition) -> usize {
        self.solver.resolution(transition)
    }

    async fn transition_row(&self, transition: &Transition, row: usize) -> Result<TransitionRow> {
        self.solver.transition_row(transition, row).await
    }

    async fn load_photo(
        &self,
        photo: &RgbImage<'_>,
        resolution: usize,
        observer: &mut dyn Observer,
    ) -> Result<Upsampling> {
        self.solver.load_photo(photo, resolution, observer).await
    }

    async fn markov_maps(
        &self,
        transition: &Transition,
        starts: &[Vec<f32>],
        urgency: Urgency,
        observer: &mut dyn Observer,
    ) -> Result<Vec<Vec<f32>>> {
        starts.iter().for_each(|_| self.note("markov_map"));
        self.solver.markov_maps(transition, starts, urgency, observer).await
    }

    async fn upsample(&self, upsampling: &Upsampling, map: &[f32]) -> Result<Vec<f32>> {
        self.note("upsample");
        self.solver.upsample(upsampling, map).await
    }

    async fn profile(&self, distances: &[f32], width: usize) -> Result<Self::Profile> {
        self.note("profile");
        self.solver.profile(distances, width).await
    }

    async fn thresholds(&self, points: &[Scoring<'_, Self::Profile>]) -> Result<Vec<f32>> {
        points.iter().for_each(|_| self.note("threshold"));
        self.solver.thresholds(points).await
    }

    async fn merge(&self, layers: &[MergeLayer<'_, Self::Profile>], pixels: usize) -> Result<Vec<u8>> {
        self.note("merge");
        self.solver.merge(layers, pixels).await
    }
}

#[test]
fn the_tenth_point_costs_one_map_and_removing_one_costs_none() {
    let calls = Rc::new(RefCell::new(Vec::new()));
    let counting = Counting { solver: solver(), calls: calls.clone() };
    let mut session = block_on(Segmenter::new(
        counting,
        Method::M2n2,
        attention(),
        photo(60, 40),
        SolveSize::Exact,
        &mut (),
    ))
    .unwrap();
    let points: Vec<PromptPoint> = (0..10).map(|i| point(3 + 5 * i, 4 + 3 * i, i % 2 == 0)).collect();
    let count = |call: &str| calls.borrow().iter().filter(|&&made| made == call).count();
    let mut segment = |points: &[PromptPoint]| {
        calls.borrow_mut().clear();
        block_on(session.segment(points, &mut ())).unwrap()
    };
    let nine = segment(&points[..9]);
    assert_eq!((count("markov_map"), count("threshold")), (9, 9));
    segment(&points);
    assert_eq!((count("markov_map"), count("upsample"), count("profile")), (1, 1, 1), "one map");
    assert_eq!((count("threshold"), count("merge")), (10, 1));
    assert_eq!(segment(&points[..9]), nine, "a removed point leaves no trace");
    assert_eq!((count("markov_map"), count("threshold"), count("merge")), (0, 9, 1));
}

#[test]
fn prepared_previews_need_no_chain_and_masks_are_still_exact() {
    for method in [Method::M2n2, Method::Maskov(MaskovSettings::default())] {
        let calls = Rc::new(RefCell::new(Vec::new()));
        let counting = Counting { solver: solver(), calls: calls.clone() };
        let chains =
            || std::mem::take(&mut *calls.borrow_mut()).iter().filter(|&&call| call == "markov_map").count();
        let (photo, size) = (photo(90, 70), SolveSize::Exact);
        let mut session =
            block_on(Segmenter::new(counting, method.clone(), attention(), photo.clone(), size, &mut ()))
                .unwrap();
        let tokens = attention().resolution().pow(2);
        let mut told = 0;
        let mut stop_half_way = Watch(|step: Step<'_>| {
            told += usize::from(step.name == "maps for previews");
            if told > tokens / 8 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        let stopped = block_on(session.prepare_previews(&mut stop_half_way));
        assert!(matches!(stopped, Err(SegmentError::Cancelled)), "{stopped:?}");
        let first = chains();
        assert!(0 < first && first < tokens, "{first} of {tokens}");
        block_on(session.prepare_previews(&mut ())).unwrap();
        assert_eq!(first + chains(), tokens, "it goes on where it was stopped");

        // Not near the object's outline, where the maps around a point are of both sides.
        let (points, preview) = (0..9)
            .map(|i| [point(10 + 8 * i, 35, true)])
            .find_map(|points| {
                let preview = block_on(session.preview(&points, &mut ())).unwrap();
                (chains() == 0).then_some((points, preview))
            })
            .expect("somewhere the maps agree");
        let exact = block_on(session.segment_solved(&points, &mut ())).unwrap();
        assert_eq!(chains(), 1, "a click's map is its own");
        let alike = iou(&preview.mask.pixels, &exact.mask.pixels);
        assert!(alike > 0.95, "IoU {alike}");
        let mut unprepared =
            block_on(Segmenter::new(solver(), method, attention(), photo, size, &mut ())).unwrap();
        assert_eq!(exact, block_on(unprepared.segment_solved(&points, &mut ())).unwrap());
        assert_eq!(exact, block_on(session.preview(&points, &mut ())).unwrap(), "what is there is taken");
    }
}

#[test]
fn previews_by_the_papers_method_have_a_size_of_their_own() {
    let (width, height) = (800, 600);
    let mut session = session(photo(width, height), SolveSize::Exact);
    let points = [point(360, 300, true)];
    let preview = block_on(session.preview(&points, &mut ())).unwrap().mask;
    let pixels = preview.width * preview.height;
    assert!((200_000..=250_000).contains(&pixels), "{}×{}", preview.width, preview.height);
    let score = iou(&preview.pixels, &truth(preview.width, preview.height));
    assert!(score > 0.95, "IoU {score}");
    assert_eq!(session.cached_maps(), 0, "a click's map is made at its own size");
    let mask = block_on(session.segment(&points, &mut ())).unwrap().mask;
    assert_eq!((mask.width, mask.height), (width, height));
}

#[test]
fn the_object_under_the_click_is_found() {
    let mut session = session(photo(90, 70), SolveSize::Exact);
    let found = block_on(session.segment(&[point(40, 35, true)], &mut ())).unwrap();
    let score = iou(&found.mask.pixels, &truth(90, 70));
    assert!(score > 0.95, "IoU {score}");
    let empty = block_on(session.segment(&[], &mut ())).unwrap();
    assert!(empty.mask.pixels.iter().all(|pixel| *pixel == 0) && empty.thresholds.is_empty());
}

#[test]
fn clicked_pixels_keep_their_label() {
    for size in [SolveSize::Exact, SolveSize::AtMost(1000)] {
        let mut session = session(photo(90, 70), size);
        // A background click inside the object, and a foreground click outside.
        let points = [point(40, 35, true), point(41, 35, false), point(2, 2, true), point(89, 69, false)];
        let mask = block_on(session.segment(&points, &mut ())).unwrap().mask;
        for point in points {
            let pixel = mask.pixels[(point.y * 90 + point.x) as usize];
            assert_eq!(pixel, u8::from(point.foreground), "{point:?}, {size:?}");
        }
    }
}

#[test]
fn large_photos_are_solved_small_and_follow_their_own_edges() {
    let (width, height) = (800, 600);
    let mut session = session(photo(width, height), SolveSize::AtMost(10_000));
    assert!(session.solved_photo().len() <= 10_000);
    let mask = block_on(session.segment(&[point(360, 300, true)], &mut ())).unwrap().mask;
    assert_eq!((mask.width, mask.height), (width, height));
    // 8 photo pixels to a solved pixel: nearest upscaling of a perfect solved mask can't reach this.
    let score = iou(&mask.pixels, &truth(width, height));
    assert!(score > 0.995, "IoU {score}");
}

#[test]
fn the_solved_mask_is_the_mask_before_its_border_is_refined() {
    let points = [point(40, 35, true), point(2, 2, false)];
    let mut own_size = session(photo(90, 70), SolveSize::Exact);
    let solved = block_on(own_size.segment_solved(&points, &mut ())).unwrap();
    assert_eq!(solved, block_on(own_size.segment(&points, &mut ())).unwrap());

    let mut smaller = session(photo(90, 70), SolveSize::AtMost(1000));
    let solved = block_on(smaller.segment_solved(&points, &mut ())).unwrap();
    let size = (smaller.solved_photo().width(), smaller.solved_photo().height());
    assert_eq!((solved.mask.width, solved.mask.height), size);
    assert!(size.0 < 90 && smaller.cached_maps() == 2);
    let full = block_on(smaller.segment(&points, &mut ())).unwrap();
    assert_eq!((full.mask.width, full.mask.height, full.thresholds), (90, 70, solved.thresholds));
    let photo = photo(90, 70);
    let mut refined = Refinement::new(&photo, smaller.solved_photo(), &solved.mask).mask();
    own_clicked_pixels(&mut refined, &points);
    assert_eq!(full.mask, refined, "nothing but the refinement lies between them");
}

#[test]
fn odd_photos_get_masks_of_their_size() {
    for (width, height) in [(1, 1), (1, 2), (2, 1), (1, 50), (50, 1), (3, 3), (20_000, 10), (7, 3000)] {
        for size in [SolveSize::Exact, SolveSize::AtMost(40)] {
            // The long ones with every sample of their long discs take minutes.
            if size == SolveSize::Exact && width * height > 1000 {
                continue;
            }
            let mut session = session(photo(width, height), size);
            let points =
                [point(0, 0, true), point(width - 1, height - 1, false), point(width / 2, height / 2, true)];
            for clicks in 0..=3 {
                let mask = block_on(session.segment(&points[..clicks], &mut ())).unwrap().mask;
                assert_eq!(mask.pixels.len(), (width * height) as usize, "{width}×{height}");
                assert!(mask.pixels.iter().all(|pixel| *pixel <= 1));
            }
        }
    }
}

#[test]
fn a_panorama_of_20000_by_10_is_solved_at_its_own_size() {
    let settings = MethodSettings { samples_per_cell: Some(4), ..Default::default() };
    let solver = CpuSolver::new(settings).unwrap();
    let mut session = block_on(Segmenter::new(
        solver,
        Method::M2n2,
        attention(),
        photo(20_000, 10),
        SolveSize::CPU,
        &mut (),
    ))
    .unwrap();
    assert_eq!(session.solved_photo().len(), 200_000);
    let mask = block_on(session.segment(&[point(9_000, 5, true)], &mut ())).unwrap().mask;
    let score = iou(&mask.pixels, &truth(20_000, 10));
    // 16 tokens stand on 10 rows, so the outline is coarse: 0.898 when this was written.
    assert!(score > 0.85, "IoU {score}");
}

#[test]
fn points_outside_are_refused_before_any_work() {
    let mut session = session(photo(20, 10), SolveSize::Exact);
    for (x, y) in [(20, 0), (0, 10), (u32::MAX, u32::MAX)] {
        let refused = block_on(session.segment(&[point(5, 5, true), point(x, y, true)], &mut ()));
        assert!(matches!(refused, Err(SegmentError::PointOutside { width: 20, height: 10, .. })));
        assert_eq!(session.cached_maps(), 0);
    }
}

#[test]
fn cancelling_keeps_finished_maps() {
    let mut session = session(photo(30, 30), SolveSize::Exact);
    block_on(session.segment(&[point(5, 5, true)], &mut ())).unwrap();
    let points = [point(5, 5, true), point(15, 15, true), point(25, 25, false)];
    let mut asked = 0;
    let mut stop = Watch(|_: Step<'_>| {
        asked += 1;
        if asked > 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    assert!(matches!(block_on(session.segment(&points, &mut stop)), Err(SegmentError::Cancelled)));
    assert_eq!(session.cached_maps(), 1);
    assert!(block_on(session.segment(&points, &mut ())).is_ok(), "and it can go on");
    let mut stop = Watch(|_: Step<'_>| ControlFlow::Break(()));
    let opening =
        Segmenter::new(solver(), Method::M2n2, attention(), photo(30, 30), SolveSize::Exact, &mut stop);
    assert!(matches!(block_on(opening), Err(SegmentError::Cancelled)));
}

#[test]
fn maps_out_of_use_are_forgotten_in_the_end() {
    let mut session = session(photo(40, 30), SolveSize::Exact);
    for x in 0..40 {
        block_on(session.segment(&[point(x, 7, true)], &mut ())).unwrap();
    }
    assert!(session.cached_maps() <= 17, "{} maps", session.cached_maps());
}
