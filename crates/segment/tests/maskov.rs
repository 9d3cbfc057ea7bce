//! Our method as a whole on made-up attention: what a click may change, sizes, odd photos and odd points.

mod scene;

use maskov_segment::evaluation::{iou, next_click};
use maskov_segment::{
    AttentionMap, CpuSolver, MaskovSettings, Method, PromptPoint, RgbImage, Segmenter, SolveSize,
};
use pollster::block_on;
use scene::{RESOLUTION, attention, photo, truth};

type CpuSession = Segmenter<'static, CpuSolver>;

fn session_with(settings: MaskovSettings, attention: AttentionMap, photo: RgbImage<'static>) -> CpuSession {
    let method = Method::Maskov(settings);
    let solver = CpuSolver::new(method.settings(0.65)).unwrap();
    block_on(Segmenter::new(solver, method, attention, photo, SolveSize::CPU, &mut ())).unwrap()
}

fn session(width: u32, height: u32) -> CpuSession {
    session_with(MaskovSettings::default(), attention(), photo(width, height))
}

fn mask(session: &mut CpuSession, points: &[PromptPoint]) -> Vec<u8> {
    block_on(session.segment(points, &mut ())).unwrap().mask.pixels
}

/// Clicks where a person would, on the scene's object.
fn simulated(session: &mut CpuSession, width: u32, height: u32, clicks: usize) -> Vec<PromptPoint> {
    let truth = truth(width, height);
    let (mut points, mut prediction) = (Vec::new(), vec![0; truth.len()]);
    for _ in 0..clicks {
        points.push(next_click(&prediction, &truth, width as usize, |_| false).unwrap());
        prediction = mask(session, &points);
    }
    points
}

fn flat(width: u32, height: u32) -> RgbImage<'static> {
    RgbImage::new(width, height, vec![90; (width * height * 3) as usize]).unwrap()
}

#[test]
fn one_click_takes_the_object_to_the_pixel_at_every_size_of_the_photo() {
    // At the size of maps, above it (the edge band), and above the size that is solved (the refinement).
    for (width, height) in [(240, 180), (480, 360), (1200, 900)] {
        let mut session = session(width, height);
        assert_eq!(mask(&mut session, &[]), vec![0; (width * height) as usize], "no point, no object");
        let got = mask(&mut session, &[PromptPoint::new(width * 45 / 100, height / 2, true)]);
        let reached = iou(&got, &truth(width, height));
        assert!(reached > 0.98, "{width}×{height}: {reached}");
    }
}

#[test]
fn a_click_only_changes_what_it_speaks_of() {
    for (width, height) in [(160, 120), (400, 300)] {
        let mut session = session(width, height);
        let mut points = vec![PromptPoint::new(width * 45 / 100, height / 2, true)];
        let mut before = mask(&mut session, &points);
        for (x, y, foreground) in
            [(0.05, 0.1, true), (0.9, 0.9, true), (0.9, 0.85, false), (0.45, 0.6, false), (0.5, 0.5, true)]
        {
            let at = |share: f64, length: u32| (share * f64::from(length)) as u32;
            points.push(PromptPoint::new(at(x, width), at(y, height), foreground));
            let now = mask(&mut session, &points);
            let grew = before.iter().zip(&now).any(|(before, now)| before < now);
            let shrank = before.iter().zip(&now).any(|(before, now)| before > now);
            assert!(if foreground { !shrank } else { !grew }, "{width}×{height}: {x}, {y}, {foreground}");
            let pixel = points.last().map(|point| (point.y * width + point.x) as usize).unwrap();
            assert_eq!(now[pixel] != 0, foreground, "a clicked pixel is what it was said to be");
            before = now;
        }
    }
}

#[test]
fn what_was_asked_before_makes_no_difference() {
    let (width, height) = (330, 220);
    let mut warm = session(width, height);
    let points = simulated(&mut warm, width, height, 4);
    let sized = PromptPoint { size: Some(0.05), ..points[1] };
    let lists: [&[PromptPoint]; 5] =
        [&points[..3], &points[..1], &[points[0], sized, points[2]], &points, &points[1..]];
    for list in lists {
        let fresh = block_on(session(width, height).segment(list, &mut ())).unwrap();
        assert_eq!(block_on(warm.segment(list, &mut ())).unwrap(), fresh);
    }
}

#[test]
fn a_point_takes_as_much_as_its_size_says() {
    let mut session = session(200, 150);
    let at = PromptPoint::new(90, 75, true);
    let mut last = 0.0;
    for size in [0.002, 0.01, 0.05, 0.1, 0.3, 0.6, 0.85] {
        let sized = PromptPoint { size: Some(size), ..at };
        let made = block_on(session.segment(&[sized], &mut ())).unwrap();
        assert_eq!(made.sizes, [size]);
        assert!(made.mask.area() >= last, "size {size} covers {} after {last}", made.mask.area());
        last = made.mask.area();
    }
    assert!(last > 0.7, "an object of most of the photo: {last}");
}

#[test]
fn the_size_of_a_later_point_moves_nothing_else() {
    let (width, height) = (200, 150);
    let mut session = session(width, height);
    let first = PromptPoint::new(90, 75, true);
    let before = mask(&mut session, &[first]);
    let removed = |session: &mut CpuSession, size: f32| {
        let hole = PromptPoint { size: Some(size), ..PromptPoint::new(90, 100, false) };
        let now = mask(session, &[first, hole]);
        assert!(before.iter().zip(&now).all(|(before, now)| now <= before));
        before.iter().zip(&now).filter(|(before, now)| before != now).count()
    };
    let [small, large] = [0.003, 0.03].map(|size| removed(&mut session, size));
    assert!(0 < small && small < large, "{small} pixels, then {large}");
    assert!(large < before.iter().filter(|&&pixel| pixel != 0).count(), "not the whole object");
}

#[test]
fn sizes_beside_their_range_are_taken_for_its_ends() {
    let mut session = session(120, 90);
    let mut of =
        |size: f32| mask(&mut session, &[PromptPoint { size: Some(size), ..PromptPoint::new(54, 45, true) }]);
    let (smallest, largest) = (of(0.001), of(0.9));
    for (size, end) in [(0.0, &smallest), (-3.0, &smallest), (f32::NAN, &smallest), (7.0, &largest)] {
        assert_eq!(&of(size), end, "size {size}");
    }
}

#[test]
fn stops_surround_the_automatic_size() {
    let mut session = session(200, 150);
    let points = [PromptPoint::new(90, 75, true), PromptPoint::new(20, 20, false)];
    for index in [0, 1] {
        let stops = block_on(session.sizes(&points, index, &mut ())).unwrap();
        assert_eq!(stops.iter().filter(|stop| stop.is_automatic).count(), 1);
        assert!(stops.windows(2).all(|pair| pair[0].size < pair[1].size), "{stops:?}");
        let automatic = stops.iter().find(|stop| stop.is_automatic).unwrap();
        let made = block_on(session.segment(&points, &mut ())).unwrap();
        assert_eq!(automatic.area, made.mask.area());
    }
}

#[test]
fn of_two_points_on_one_pixel_the_later_decides() {
    let mut session = session(120, 90);
    let point = |foreground| PromptPoint::new(54, 45, foreground);
    let pixel = 45 * 120 + 54;
    assert_eq!(mask(&mut session, &[point(true), point(false)])[pixel], 0);
    assert_eq!(mask(&mut session, &[point(false), point(true)])[pixel], 1);
}

#[test]
fn odd_photos_and_points_have_masks() {
    let settings = MaskovSettings::default;
    for (width, height) in [(1, 1), (2, 1), (1, 40), (700, 2), (16, 16)] {
        let mut odd = session_with(settings(), attention(), photo(width, height));
        let points = [
            PromptPoint::new(0, 0, true),
            PromptPoint::new(width - 1, height - 1, false),
            PromptPoint::new(0, 0, true),
        ];
        for count in 0..=points.len() {
            let got = mask(&mut odd, &points[..count]);
            assert_eq!(got.len(), (width * height) as usize, "{width}×{height}, {count} points");
        }
        let stops = block_on(odd.sizes(&points[..1], 0, &mut ())).unwrap();
        assert!(!stops.is_empty());
    }
    // One colour and attention that knows nothing: whatever the mask is, the clicks are in it.
    let even = AttentionMap::new(RESOLUTION, vec![1.0; RESOLUTION.pow(4)]).unwrap();
    let mut blank = session_with(settings(), even, flat(90, 60));
    let got = mask(&mut blank, &[PromptPoint::new(10, 10, true), PromptPoint::new(80, 50, false)]);
    assert_eq!((got[10 * 90 + 10], got[50 * 90 + 80]), (1, 0));
}

#[test]
fn where_the_map_says_nothing_the_photo_is_one_thing_and_no_other_size_spills() {
    let (width, height) = (90, 60);
    let even = AttentionMap::new(RESOLUTION, vec![1.0; RESOLUTION.pow(4)]).unwrap();
    let mut session = session_with(MaskovSettings::default(), even, flat(width, height));
    let points = [PromptPoint::new(40, 30, true), PromptPoint::new(80, 50, false)];
    let stops = block_on(session.sizes(&points[..1], 0, &mut ())).unwrap();
    for stop in &stops {
        let expected = if stop.is_automatic { 1.0..=1.0 } else { 0.0..=stop.size };
        assert!(expected.contains(&stop.area), "{stops:?}");
    }
    let both = mask(&mut session, &points);
    assert_eq!((both[30 * 90 + 40], both[50 * 90 + 80]), (1, 0), "another click still counts");
    let all = PromptPoint { size: Some(0.9), ..points[0] };
    assert_eq!(mask(&mut session, &[all])[30 * 90 + 40], 1);
}

#[test]
fn an_object_of_one_pixel_can_be_had() {
    let (width, height) = (90, 60);
    let mut session = session_with(MaskovSettings::default(), attention(), flat(width, height));
    let point = |x, y, foreground| PromptPoint { size: Some(0.001), ..PromptPoint::new(x, y, foreground) };
    let mut points = vec![point(40, 30, true)];
    for (dx, dy) in [(-1, 0), (1, 0), (0, -1), (0, 1), (-1, -1), (1, 1), (-1, 1), (1, -1)] {
        points.push(point((40 + dx) as u32, (30 + dy) as u32, false));
    }
    let got = mask(&mut session, &points);
    assert_eq!(got[30 * width as usize + 40], 1);
    assert_eq!(points[1..].iter().filter(|point| got[(point.y * width + point.x) as usize] != 0).count(), 0);
}
