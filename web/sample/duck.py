"""Renders the picture that the page opens with: a rubber duck at the end of a jetty, which exists nowhere but here. The duck is a
signed distance, the boards are painted from noise, the lake is an image at infinity; light comes from a low sun and a sky, with one
bounce between duck and boards, through a lens of finite width. What there is, and where, is in duck_scene.py; how it is seen is here.
numpy alone computes it; OpenCV reads and writes images.

    python duck.py OUT.jpg [--width 1500] [--spp 24] [--workers 2] [--labels]

With --labels OUT.png is a grey PNG instead: 1 where a pixel's centre sees the duck, 0 elsewhere (exact, through a pinhole).
"""
import argparse, os, sys
os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.dont_write_bytecode = True                                              # this folder is copied to the site as it is
from multiprocessing import get_context
import cv2
import numpy as np
from duck_scene import (
    AHEAD, BLACK, CENTRE, CU, EYE_AT, F, FOCUS, FOV, LENS, MEAN_WOOD, ORANGE, RADIUS, RIGHT, SLOPE, SU, SUN,
    SUN_LIGHT, SUN_SIZE, T1, T2, UP, WET, WOOD, YELLOW, beyond, bilinear, clip01, column, distance, dot, local, local_point, normal,
    normalise, on_board, parts, sky, step, unit, world)

args = argparse.ArgumentParser()
args.add_argument("out"); args.add_argument("--width", type=int, default=1500); args.add_argument("--spp", type=int, default=24)
args.add_argument("--workers", type=int, default=2); args.add_argument("--labels", action="store_true")
args = args.parse_args()
W, H = args.width, args.width * 2 // 3


def rays(px, py, lens=None):
    """World rays through pixel positions; `lens` are points of the unit disc."""
    k = F(np.tan(FOV / 2) * 2 / W)
    d = column(AHEAD) + column(RIGHT) * ((px - W / 2) * k) - column(UP) * ((py - H / 2) * k)
    o = np.broadcast_to(column(EYE_AT), d.shape)
    if lens is not None:
        o = column(EYE_AT) + (column(RIGHT) * lens[0] + column(UP) * lens[1]) * LENS
        d = column(EYE_AT) + d * FOCUS - o
    return o.astype(F), normalise(d.astype(F))


def trace(o, d, steps=56, near=F(.0), eps=F(.0012), slack=F(.93)):
    """Distance along unit rays to the duck, inf where they miss."""
    q = o - CENTRE; b = dot(q, d); c = dot(q, q) - RADIUS * RADIUS; disc = b * b - c
    out = np.full(o.shape[1], np.inf, F)
    root = np.sqrt(np.maximum(disc, 0)); t = np.maximum(-b - root, near); far = -b + root
    i = np.flatnonzero((disc > 0) & (far > t))
    t, far, oi, di = t[i], far[i], o[:, i], d[:, i]
    for _ in range(steps):
        if not len(i): break
        r = distance(oi + t * di); hit = r < eps
        out[i[hit]] = t[hit]
        t = t + r * slack
        keep = ~hit & (t < far)
        i, t, far, oi, di = i[keep], t[keep], far[keep], oi[:, keep], di[:, keep]
    return out


class Draw:
    """Uniform numbers in pairs: a two-dimensional lattice of `n` points, turned by chance for every pixel and pair."""
    def __init__(self, rng, m, n, pairs=8):
        self.turn = rng.random((pairs, 2, m), F); self.order = np.stack([rng.permutation(n) for _ in range(pairs)]); self.which = slice(None)

    def at(self, k): self.k = k; return self
    def of(self, which): d = object.__new__(Draw); d.turn, d.order, d.k, d.which = self.turn, self.order, self.k, which; return d

    def __call__(self, pair):
        i = self.order[pair, self.k]; u = self.turn[pair][:, self.which] + np.array([[i * .7548776662 % 1], [i * .5698402910 % 1]], F)
        return u - np.floor(u)


def around(n, u, v):
    """A direction about the normals with density cos/pi."""
    a = F(2 * np.pi) * u; z = F(1) - F(2) * v; r = np.sqrt(np.maximum(1 - z * z, 0))
    return normalise(n * F(1.0005) + np.stack([r * np.cos(a), r * np.sin(a), z]))


def sunwards(u, v):
    a = F(2 * np.pi) * u; r = np.sqrt(v) * SUN_SIZE
    s = unit(-SUN[1], SUN[0], 0); t = np.cross(SUN, s)
    return normalise(column(SUN) + column(s) * (r * np.cos(a)) + column(t) * (r * np.sin(a))).astype(F)


# light on the boards around the duck: (sun's share, open sky's colour) on a grid, the rest of the jetty sees everything
GX0, GY0, GN = F(-1.7), F(-1.6), (330, 225)
GSTEP = F(4.4 / GN[0])


def lit_rows(job):
    j0, j1 = job; rng = np.random.default_rng((5, j0)); n = 40
    x, y = np.meshgrid(GX0 + np.arange(GN[0], dtype=F) * GSTEP, GY0 + np.arange(j0, j1, dtype=F) * GSTEP)
    x, y = x.ravel(), y.ravel(); p = np.stack([x, y, np.full_like(x, .004)]); m = p.shape[1]
    sun = np.zeros(m, F); open_sky = np.zeros((3, m), F); lp = local_point(p)
    inside = distance(lp) < .004
    for k in range(n):
        u, v = rng.random(m, F), (k + rng.random(m, F)) / n
        sun += np.isinf(trace(lp, local(sunwards(u, v.astype(F))), 40, F(.01), F(.003)))
        w = around(np.repeat(column((0, 0, 1)), m, 1), u, rng.random(m, F)); w[2] = np.maximum(w[2], 1e-3); w = normalise(w)
        t = trace(lp, local(w), 40, F(.01), F(.004)); hit = np.isfinite(t); c = sky(w)
        if hit.any():
            q = lp[:, hit] + t[hit] * local(w[:, hit]); nn = world(normal(q))
            c[:, hit] = column((.85, .50, .03)) * (F(.22) * (F(.6) + nn[2]) + SUN_LIGHT * np.maximum(dot(column(SUN), nn), 0) * F(.318))
        open_sky += c
    sun[inside] = 0; open_sky[:, inside] *= .1
    return (sun / n).reshape(j1 - j0, -1), (open_sky.T / n).reshape(j1 - j0, GN[0], 3)


LIGHT = {}


def ground_light(x, y):
    """Irradiance / pi by sun and sky on the level of the boards."""
    i, j = (x - GX0) / GSTEP, (y - GY0) / GSTEP
    inside = (i >= 0) & (j >= 0) & (i < GN[0] - 1) & (j < GN[1] - 1)
    i, j = np.where(inside, i, 0), np.where(inside, j, 0)
    sun = np.where(inside, bilinear(LIGHT["sun"], i, j), 1)
    heaven = np.where(inside[:, None], bilinear(LIGHT["sky"], i, j), LIGHT["far"])
    return sun.astype(F), heaven.T.astype(F)


def simple_ground(p):
    """What a bounced ray sees where it meets z = 0."""
    ok, u, v = on_board(p[0], p[1])
    sun, heaven = ground_light(p[0], p[1])
    return np.where(ok, MEAN_WOOD * (heaven + SUN_LIGHT * SUN[2] * sun * F(1 / np.pi)), column((.10, .16, .17)))


def surroundings(p, w, cloud=False):
    """Radiance along world rays that leave the duck."""
    c = sky(w, cloud); down = w[2] < -1e-3
    if down.any():
        t = p[2, down] / -w[2, down]; c[:, down] = simple_ground(p[:, down] + t * w[:, down])
    h = np.isfinite(trace(local_point(p), local(w), 24, F(.02), F(.004)))
    c[:, h] = c[:, h] * F(.12) + column((.42, .23, .012)) * F(.55)
    return c


# ---- shading ----------------------------------------------------------------------------------------------------------------
def ggx(n, v, l, rough):
    h = normalise(v + l); a2 = rough ** 4; nh = np.maximum(dot(n, h), 0); nl, nv = np.maximum(dot(n, l), 1e-3), np.maximum(dot(n, v), 1e-3)
    d = a2 / (np.pi * (nh * nh * (a2 - 1) + 1) ** 2); k = (rough + 1) ** 2 / 8
    g = 1 / ((nl * (1 - k) + k) * (nv * (1 - k) + k))
    f = F(.04) + F(.96) * (1 - np.maximum(dot(v, h), 0)) ** 5
    return d * g * f / 4 * nl


def shade_duck(p, d, draw):
    """p, d in the world; p on the duck. Colour without what the surroundings add to it; albedo and that light; normals."""
    m = p.shape[1]; lp = local_point(p); n = normal(lp)
    body, beak, eye = parts(lp)
    is_eye = eye < np.minimum(body, beak); t = step(-.006, .006, body - beak)
    grime = bilinear(T1, lp[0] * 9 + 40, lp[2] * 9 + lp[1] * 7 + 80) * F(.5) + bilinear(T2, lp[0] * 31 + 90, lp[2] * 31 + lp[1] * 23) * F(.3)
    albedo = YELLOW * (1 - t) + ORANGE * t
    albedo = albedo * (1 - F(.05) * clip01(grime)) * (1 - F(.25) * step(.10, .0, lp[2]))
    albedo = np.where(is_eye, BLACK, albedo)
    rough = np.where(is_eye, F(.10), F(.30) + F(.05) * grime)
    bump = np.stack([bilinear(T2, lp[0] * 60 + 11 * k, lp[2] * 60 + lp[1] * 45 + 50 * k) for k in (1, 2, 3)])
    n = normalise(n + F(.006) * np.where(is_eye, 0, 1) * bump)
    n = world(n); v = -d; n = normalise(n + v * np.maximum(F(.02) - dot(n, v), 0))
    s = sunwards(*draw(2)); nl = dot(n, s)
    off = p + n * F(.012)
    open_to = np.zeros(m, F); q = nl > -.35
    start = p + n * F(.05) + column(SUN) * F(.02)
    open_to[q] = np.isinf(trace(local_point(start[:, q]), local(s[:, q]), 40, F(.005), F(.003)))
    wrap = column((.26, .17, .05)); soft = np.maximum((nl + wrap) / (1 + wrap), 0) ** 1.25           # light that wanders in the vinyl
    soft = np.where(is_eye, np.maximum(nl, 0), soft)
    diffuse = SUN_LIGHT * soft * open_to * F(1 / np.pi)
    around_us = surroundings(off, around(n, *draw(3)))
    glow = column((.030, .010, 0)) * (1 - is_eye)                                             # what scatters through the hollow toy
    out = albedo * diffuse + glow
    a = rough * rough; u, ang = draw(4); ang = F(2 * np.pi) * ang                 # a facet for the mirrored surroundings
    r = np.sqrt(a * a * u / np.maximum(1 - u, 1e-3)); r = np.minimum(r, 1.0)
    tx = normalise(np.stack([-n[1], n[0], np.zeros(m, F)]) + column((1e-4, 0, 0))); ty = np.stack([n[1] * tx[2] - n[2] * tx[1], n[2] * tx[0] - n[0] * tx[2], n[0] * tx[1] - n[1] * tx[0]])
    h = normalise(n + (tx * np.cos(ang) + ty * np.sin(ang)) * r)
    w = d - h * (2 * dot(d, h)); w = normalise(w + n * np.maximum(F(.02) - dot(w, n), 0))
    f = F(.04) + F(.96) * (1 - clip01(dot(h, v))) ** 5
    out = out + f * np.minimum(surroundings(off, w, True), np.where(is_eye, F(16), F(6)))
    out = out + SUN_LIGHT * np.minimum(ggx(n, v, s, np.maximum(rough, .16)), 12) * open_to
    return out, albedo, around_us, n


def shade_boards(x, y, d, draw):
    """Colour where rays meet the jetty at (x, y, 0); black where it ends is left to the caller."""
    m = len(x); _, u, v = on_board(x, y)
    ju, jv = draw(5)
    j, i = np.clip((u + ju - F(.5)).astype(np.int32), 0, WOOD.shape[1] - 1), np.clip((v + jv - F(.5)).astype(np.int32), 0, WOOD.shape[0] - 1)
    albedo, slope, wet = WOOD[i, j].T, SLOPE[i, j], WET[i, j]
    su, sv = slope[:, 0], slope[:, 1]; gx, gy = CU * su - SU * sv, SU * su + CU * sv
    n = normalise(np.stack([-gx, -gy, np.ones(m, F)]) ); view = -d
    sun, heaven = ground_light(x, y)
    s = sunwards(*draw(2)); nl = np.maximum(dot(n, s), 0)
    out = albedo * (heaven * (F(.55) + F(.45) * n[2]) + SUN_LIGHT * nl * sun * F(1 / np.pi))
    smooth = normalise(np.stack([-gx * F(.35), -gy * F(.35), np.ones(m, F)]))
    rough = F(.62) - F(.34) * wet; a = rough * rough
    q, ang = draw(4); ang = F(2 * np.pi) * ang; r = np.minimum(np.sqrt(a * a * q / np.maximum(1 - q, 1e-3)), 1.2)
    k = n * (1 - wet) + smooth * wet
    h = normalise(k + np.stack([r * np.cos(ang), r * np.sin(ang), np.zeros(m, F)]))
    w = d - h * (2 * dot(d, h)); good = w[2] > .01; w = normalise(np.stack([w[0], w[1], np.maximum(w[2], .01)]))
    f = (F(.03) + F(.97) * (1 - clip01(dot(h, view))) ** 5) * (F(.35) + F(.65) * wet) * good
    c = np.minimum(sky(w), 3); p = np.stack([x, y, np.full(m, .006, F)])
    lp, lw = local_point(p), local(w); t = trace(lp, lw, 28, F(.01), F(.004)); hit = np.isfinite(t)
    if hit.any():
        g = lp[:, hit] + t[hit] * lw[:, hit]; nn = world(normal(g)); body, beak, _ = parts(g)
        c[:, hit] = np.where(beak < body, ORANGE, YELLOW) * (F(.30) + F(.25) * nn[2] + SUN_LIGHT * np.maximum(dot(column(SUN), nn), 0) * F(.318))
    out = out + c * f * (F(.25) + F(.75) * clip01(WOOD[i, j].mean(-1) / .05))
    out = out + SUN_LIGHT * sun * np.minimum(ggx(k, view, s, np.maximum(rough, .3)), 6) * (F(.3) + F(.7) * wet)
    return out


# ---- frames -----------------------------------------------------------------------------------------------------------------
def primary(o, d):
    t = trace(local_point(o), local(d), 72, F(0), F(.0008)); z = np.where(d[2] < -1e-4, o[2] / np.maximum(-d[2], 1e-4), np.inf)
    p = o + np.where(np.isfinite(z), z, 0) * d; ok, _, _ = on_board(p[0], p[1]); ok &= np.isfinite(z)
    return t, np.where(ok, z, np.inf)


def tile(job):
    y0, y1 = job; rng = np.random.default_rng((77, y0))
    yy, xx = np.mgrid[y0:y1, 0:W]; xx, yy = xx.ravel().astype(F), yy.ravel().astype(F); m = len(xx); total, soft = np.zeros((3, m), F), np.zeros((11, m), F); count = args.spp; draw = Draw(rng, m, count)
    for k in range(count):
        draw.at(k); jx, jy = draw(0); px, py = xx + jx, yy + jy
        r, a = draw(1); r, a = np.sqrt(r), F(2 * np.pi) * a
        o, d = rays(px, py, (r * np.cos(a), r * np.sin(a)))
        t, z = primary(o, d)
        c = BACK[np.clip(py.astype(int), 0, H - 1), np.clip(px.astype(int), 0, W - 1)].T.copy()
        duck = t < z; board = ~duck & np.isfinite(z)
        if board.any():
            p = o[:, board] + z[board] * d[:, board]; c[:, board] = shade_boards(p[0], p[1], d[:, board], draw.of(board))
        if duck.any():
            p = o[:, duck] + t[duck] * d[:, duck]; c[:, duck], albedo, light, n = shade_duck(p, d[:, duck], draw.of(duck))
            soft[0:3, duck] += light; soft[3:6, duck] += albedo; soft[6:9, duck] += n; soft[9, duck] += t[duck]; soft[10, duck] += 1
        total += np.minimum(c, 9)
    return np.concatenate([total, soft]).T.reshape(y1 - y0, W, 14) / count


def each(work, jobs):
    if args.workers == 1: return [work(j) for j in jobs]
    with get_context("fork").Pool(args.workers) as pool: return pool.map(work, jobs, 1)


if args.labels:
    out = np.zeros((H, W), np.uint8)
    for y in range(0, H, 16):
        yy, xx = np.mgrid[y:min(y + 16, H), 0:W]
        t, z = primary(*rays(xx.ravel() + F(.5), yy.ravel() + F(.5)))
        out[y:y + 16] = (t < z).reshape(-1, W)
    cv2.imwrite(args.out, out, [cv2.IMWRITE_PNG_COMPRESSION, 9])
    print(f"{W} x {H}, duck {out.mean():.4f}"); raise SystemExit

BACK = beyond(W, H)
rows = each(lit_rows, [(j, min(j + 10, GN[1])) for j in range(0, GN[1], 10)])
LIGHT["sun"], LIGHT["sky"] = np.concatenate([r[0] for r in rows]), np.concatenate([r[1] for r in rows])
LIGHT["sun"], LIGHT["sky"] = cv2.GaussianBlur(LIGHT["sun"], (0, 0), .8), cv2.GaussianBlur(LIGHT["sky"], (0, 0), 1.2)
LIGHT["far"] = np.concatenate([LIGHT["sky"][:3].reshape(-1, 3), LIGHT["sky"][-3:].reshape(-1, 3)]).mean(0)
frame = np.concatenate(each(tile, [(y, min(y + 8, H)) for y in range(0, H, 8)]))


def smoothed(light, n, depth, share):
    """The surroundings' light on the duck varies slowly: an a-trous filter that stops where the surface turns."""
    taps = np.array([1, 4, 6, 4, 1], F) / 16
    for level in range(5):
        total, weight = np.zeros_like(light), np.zeros_like(share)
        for j in range(-2, 3):
            for i in range(-2, 3):
                moved = lambda a: np.roll(a, (j << level, i << level), (0, 1))
                w = taps[j + 2] * taps[i + 2] * moved(share) * clip01((n * moved(n)).sum(-1)) ** 48 * np.exp(-np.abs(depth - moved(depth)) / F(.02 + .01 * (1 << level)))
                total += w[..., None] * moved(light); weight += w
        light = total / np.maximum(weight, 1e-6)[..., None]
    return light


image, share = frame[..., :3], frame[..., 13]
ys, xs = np.flatnonzero(share.any(1)), np.flatnonzero(share.any(0)); box = np.s_[ys[0]:ys[-1] + 1, xs[0]:xs[-1] + 1]
part = frame[box]; q = np.maximum(part[..., 13:], 1e-6); n = part[..., 9:12]; n = n / np.maximum(np.linalg.norm(n, axis=-1, keepdims=True), 1e-6)
image[box] += part[..., 6:9] * smoothed(part[..., 3:6] / q, n, (part[..., 12:13] / q)[..., 0], part[..., 13])

# ---- film -------------------------------------------------------------------------------------------------------------------
rng = np.random.default_rng(3)
bloom = sum(cv2.GaussianBlur(np.minimum(image, 4), (0, 0), W / 1500 * s) for s in (8, 30, 90)) / 3
image = image * .93 + bloom * .07
yy, xx = np.mgrid[0:H, 0:W]; r2 = ((xx / W - .5) ** 2 + ((yy / H - .5) * H / W) ** 2) / .36
image = image * (1 - .38 * r2 ** 1.3)[..., None] * 1.12
a, b, c, d, e = 2.51, .03, 2.43, .59, .14                                                      # a film's shoulder and toe
x = image * .62; image = clip01(x * (a * x + b) / (x * (c * x + d) + e))
srgb = np.where(image <= .0031308, image * 12.92, 1.055 * image ** (1 / 2.4) - .055)
grain = cv2.GaussianBlur(rng.normal(size=(H, W)).astype(F), (0, 0), .6)[..., None] + .35 * rng.normal(size=(H, W, 3))
srgb = srgb + grain * .011 * (1 - .5 * srgb)
out = (clip01(srgb) * 255 + .5).astype(np.uint8)[..., ::-1]
cv2.imwrite(args.out, out, [cv2.IMWRITE_JPEG_QUALITY, 90] if args.out.endswith("jpg") else [])
