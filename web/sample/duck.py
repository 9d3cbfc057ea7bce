"""Renders the picture that the page opens with: a rubber duck at the end of a jetty, which exists nowhere but here. The duck is a
signed distance, the boards are painted from noise, the lake is an image at infinity; light comes from a low sun and a sky, with one
bounce between duck and boards, through a lens of finite width. numpy alone computes it; OpenCV reads and writes images.

    python duck.py OUT.jpg [--width 1500] [--spp 24] [--workers 2] [--labels]

With --labels OUT.png is a grey PNG instead: 1 where a pixel's centre sees the duck, 0 elsewhere (exact, through a pinhole).
"""
import argparse, os
os.environ.setdefault("OMP_NUM_THREADS", "1")
from multiprocessing import get_context
import cv2
import numpy as np

F = np.float32
args = argparse.ArgumentParser()
args.add_argument("out"); args.add_argument("--width", type=int, default=1500); args.add_argument("--spp", type=int, default=24)
args.add_argument("--workers", type=int, default=2); args.add_argument("--labels", action="store_true")
args = args.parse_args()
W, H = args.width, args.width * 2 // 3
cv2.setNumThreads(1)


def linear(h):
    v = np.array([int(h[i:i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(v <= .04045, v / 12.92, ((v + .055) / 1.055) ** 2.4).astype(F)


def unit(*v): v = np.array(v, F); return v / np.linalg.norm(v)
def clip01(x): return np.clip(x, 0, 1)
def step(a, b, x): x = clip01((x - a) / (b - a)); return x * x * (3 - 2 * x)
def dot(a, b): return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
def normalise(v): return v / np.sqrt(np.maximum(dot(v, v), 1e-12))
def column(c): return np.asarray(c, F).reshape(3, 1)


# ---- the duck: forward is +x, up is +z, it stands on z = 0 ------------------------------------------------------------------
def ball(x, y, z, r): return np.sqrt(x * x + y * y + z * z) - r


def ellipsoid(x, y, z, a, b, c):
    x, y, z = x / F(a), y / F(b), z / F(c)
    k = np.sqrt(x * x + y * y + z * z)
    x, y, z = x / F(a), y / F(b), z / F(c)
    return k * (k - 1) / np.maximum(np.sqrt(x * x + y * y + z * z), 1e-6)


def smin(a, b, k):
    h = np.maximum(F(k) - np.abs(a - b), 0) / F(k)
    return np.minimum(a, b) - h * h * F(k * .25)


def turned(x, z, a):
    c, s = F(np.cos(a)), F(np.sin(a)); return c * x + s * z, c * z - s * x


def cone(x, y, z, a, b, r, s):
    d = np.subtract(b, a); h = clip01(((x - F(a[0])) * F(d[0]) + (y - F(a[1])) * F(d[1]) + (z - F(a[2])) * F(d[2])) / F(d @ d))
    return ball(x - F(a[0]) - h * F(d[0]), y - F(a[1]) - h * F(d[1]), z - F(a[2]) - h * F(d[2]), r + (s - r) * h)


HEAD = (.34, 0, 1.07)
HEAD_TURN = .22
EYE = .350 * np.array([np.cos(.27) * np.cos(.62), np.cos(.27) * np.sin(.62), np.sin(.27)])


def parts(p):
    """Distances to body, beak and eyes."""
    x, y, z = p
    w = np.abs(y)
    body = ellipsoid(x + F(.08), y, z - F(.42), .74, .57, .44)
    body = smin(body, ball(x - F(.28), y, z - F(.47), .43), .22)
    body = smin(body, cone(x, y * F(.72), z, (-.45, 0, .54), (-.97, 0, .97), .28, .05), .2)
    wx, wz = turned(x + F(.05), z - F(.50), -.20)
    wing = ellipsoid(wx, w - F(.50), wz, .37, .115, .215)
    for k, (tx, tz, l) in enumerate(((-.25, .115, .22), (-.28, .0, .19), (-.24, -.105, .16))):
        fx, fz = turned(wx - F(tx), wz - F(tz), -.16 + .16 * k)
        wing = smin(wing, ellipsoid(fx, w - F(.505 - .012 * k), fz, l, .075, .08), .035)
    body = smin(body, wing, .028)
    neck = ball(x - F(HEAD[0]), y, z - F(HEAD[2]), .385)
    body = smin(body, neck, .13)
    body = -smin(-body, z, .05)                                             # it sits flat
    hx, hy = turned(x - F(HEAD[0]), y, HEAD_TURN); hz = z - F(HEAD[2])
    bend = F(.9) * np.maximum(hx - F(.36), 0) ** 2
    ux, uz = turned(hx - F(.40), hz + F(.055) - bend, .10)
    beak = ellipsoid(ux, hy, uz, .255, .20, .062)
    lx, lz = turned(hx - F(.36), hz + F(.135), -.12)
    beak = smin(beak, ellipsoid(lx, hy, lz, .20, .155, .05), .015)
    ew = np.abs(hy)
    eye = ball(hx - F(EYE[0]), ew - F(EYE[1]), hz - F(EYE[2]), .077)
    return body, beak, eye


def distance(p):
    body, beak, eye = parts(p)
    return np.minimum(smin(body, beak, .025), eye)


def normal(p, e=F(.0015)):
    n = np.zeros_like(p)
    for s in ((1, -1, -1), (-1, -1, 1), (-1, 1, -1), (1, 1, 1)):
        s = column(s); n += s * distance(p + e * s)
    return normalise(n)


CENTRE, RADIUS = column((-.02, 0, .70)), F(1.16)


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


YAW = np.deg2rad(180 + 33)
C, S = F(np.cos(YAW)), F(np.sin(YAW))
PLACE = np.array([.24, 0, 0], F)
def local(v): return np.stack([C * v[0] + S * v[1], C * v[1] - S * v[0], v[2]])
def world(v): return np.stack([C * v[0] - S * v[1], C * v[1] + S * v[0], v[2]])
def local_point(p): return local(p - column(PLACE))


# ---- camera and light -------------------------------------------------------------------------------------------------------
EYE_AT, LOOK_AT = np.array([0, -9.0, 1.60], F), np.array([0, 0, .80], F)
FOV, LENS = np.deg2rad(23.5), F(.105)
AHEAD = unit(*(LOOK_AT - EYE_AT)); RIGHT = unit(*np.cross(AHEAD, [0, 0, 1])); UP = np.cross(RIGHT, AHEAD).astype(F)
FOCUS = F(8.5)
SUN = unit(-.84, .30, .44); SUN_SIZE = F(.055)
SUN_LIGHT = column((5.2, 3.9, 2.5))


def rays(px, py, lens=None):
    """World rays through pixel positions; `lens` are points of the unit disc."""
    k = F(np.tan(FOV / 2) * 2 / W)
    d = column(AHEAD) + column(RIGHT) * ((px - W / 2) * k) - column(UP) * ((py - H / 2) * k)
    o = np.broadcast_to(column(EYE_AT), d.shape)
    if lens is not None:
        o = column(EYE_AT) + (column(RIGHT) * lens[0] + column(UP) * lens[1]) * LENS
        d = column(EYE_AT) + d * FOCUS - o
    return o.astype(F), normalise(d.astype(F))


def table(seed, n=256): return np.random.default_rng(seed).normal(size=(n, n)).astype(F)
def bilinear(img, x, y):
    """Looks up [h, w] or [h, w, c], wrapped."""
    h, w = img.shape[:2]; i, j = np.floor(y).astype(np.int32), np.floor(x).astype(np.int32); f, g = (y - i).astype(F), (x - j).astype(F)
    i, j, k, l = i % h, j % w, (i + 1) % h, (j + 1) % w
    if img.ndim == 3: f, g = f[..., None], g[..., None]
    return (img[i, j] * (1 - g) + img[i, l] * g) * (1 - f) + (img[k, j] * (1 - g) + img[k, l] * g) * f


T1, T2 = table(1), table(2)


CLOUD = column(unit(-.66, -.50, .56))                                                       # what glints in its eye


def sky(d, cloud=False):
    """Radiance from above the horizon and from the lake below it: what duck and boards are lit by and mirror."""
    up = d[2]; a = np.arctan2(d[1], d[0])
    ridge = F(.16) + F(.05) * bilinear(T1, a * F(6), a * 0 + 3) + F(.02) * bilinear(T1, a * F(25), a * 0 + 9)
    glow = np.maximum(dot(column(SUN), d), 0)
    heaven = column((.95, .88, .78)) * (1 - step(0, .55, up)) + column((.42, .58, .86)) * step(0, .55, up)
    heaven = heaven * F(.72) + column((2.4, 1.7, .9)) * glow ** 12 + column((1.6, 1.4, 1.1)) * glow ** 3 * F(.5)
    if cloud: heaven = heaven + column((8.5, 8.2, 7.8)) * step(.945, .985, dot(CLOUD, d))
    tree = column((.045, .065, .028)) + column((.16, .13, .03)) * glow ** 2 + column((.02, .03, .012)) * bilinear(T2, a * F(30), up * F(60))
    lake = column((.10, .16, .17)) + column((.5, .38, .2)) * glow ** 4
    t = step(-.02, .02, up - ridge)
    out = tree * (1 - t) + heaven * t
    return np.where(up < 0, lake, np.maximum(out, 0)).astype(F)


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


# ---- the boards -------------------------------------------------------------------------------------------------------------
def noise(h, w, ny, nx, rng, octaves=4, gain=.5):
    out = np.zeros((h, w), F); a = F(1)
    for _ in range(octaves):
        g = rng.normal(size=(max(2, int(ny)) + 3, max(2, int(nx)) + 3)).astype(F)
        big = cv2.resize(g, (w * g.shape[1] // (g.shape[1] - 2) + 1, h * g.shape[0] // (g.shape[0] - 2) + 1), interpolation=cv2.INTER_CUBIC)
        out += a * big[:h, :w]; a *= gain; ny *= 2; nx *= 2
        if ny > h or nx > w: break
    return out


def mix(t, *colours):
    t = clip01(t)[..., None] * (len(colours) - 1); i = np.minimum(t.astype(int), len(colours) - 2); f = (t - i).astype(F)
    c = np.array(colours, F)
    return c[i[..., 0]] * (1 - f) + c[i[..., 0] + 1] * f


TEXEL = F(.003); BOARD = .74; GAP = .030
U0, U1, V0, V1 = -4.2, 4.2, -4.1, 3.32
TURN = np.deg2rad(-11)
CU, SU = F(np.cos(TURN)), F(np.sin(TURN))
def to_board(x, y): return CU * x + SU * y, CU * y - SU * x


def boards():
    """Albedo, height slopes, wetness of the jetty in its own coordinates [v, u]."""
    rng = np.random.default_rng(11)
    n_v, n_u = int((V1 - V0) / TEXEL), int((U1 - U0) / TEXEL)
    albedo = np.zeros((n_v, n_u, 3), F); height = np.zeros((n_v, n_u), F); wet = np.zeros((n_v, n_u), F)
    edges = np.arange(V0 - .4, V1 + .01, BOARD); edges = edges + (V1 - edges[-1])
    v = V0 + (np.arange(n_v) + .5) * TEXEL; u = U0 + (np.arange(n_u) + .5) * TEXEL
    damp = noise(n_v, n_u, 5, 6, rng, 4)
    for e in edges[::-1]:
        rows = np.flatnonzero((v >= e - BOARD) & (v < e))
        if not len(rows): continue
        h = len(rows); vv = (v[rows] - (e - BOARD))[:, None]                            # across the board, from its near edge
        inside = np.minimum(vv - GAP / 2, BOARD - GAP / 2 - vv) + .004 * noise(h, n_u, 2, 60, rng, 3)
        warp = noise(h, n_u, 2, 5, rng, 3)
        for _ in range(3):                                                             # knots push the grain aside
            ku, kv, r = rng.uniform(U0, U1), rng.uniform(.15, BOARD - .15), rng.uniform(.03, .05)
            q = np.sqrt(((u[None] - ku) / 2.2) ** 2 + (vv - kv) ** 2) / r
            warp = warp + 1.6 * np.exp(-q * .55)
        ring = np.sin((vv / BOARD * 9 + warp * 1.5 + rng.uniform(0, 9)) * 2 * np.pi * .8)
        fibre = noise(h, n_u, h / 3, 14, rng, 2, .7) * .6 + noise(h, n_u, h / 6, 5, rng, 2)
        crack = noise(h, n_u, h / 5, 4, rng, 1); crack = clip01(crack - 2.0) * 2
        stain = noise(h, n_u, 2, 9, rng, 4)
        tone = .50 + .13 * ring + .12 * fibre + .10 * stain + rng.normal() * .10
        c = mix(tone, linear("#4a3a2d"), linear("#85694f"), linear("#b2946f"), linear("#d2b690"))
        grey = clip01(.45 + .3 * noise(h, n_u, 3, 8, rng, 3))[..., None]
        c = c * (1 - .55 * grey) + c.mean(-1, keepdims=True) * np.array([1.04, 1.0, .94], F) * .55 * grey
        c *= 1 - .75 * clip01(crack)[..., None]
        moss = clip01(noise(h, n_u, 4, 40, rng, 4) * .6 + .9 - inside / .035)[..., None] * .55
        c = c * (1 - moss) + linear("#3c4a1c") * (.7 + .3 * noise(h, n_u, h / 4, 900, rng, 1))[..., None] * moss
        lift = rng.normal() * .004
        bevel = np.sqrt(clip01(1 - clip01(1 - inside / .03) ** 2))
        z = lift + .030 * (bevel - 1) + .0022 * fibre + .0012 * ring - .007 * clip01(crack) + .003 * stain
        hole = step(.004, -.012, inside)
        c *= (1 - .96 * hole)[..., None]
        nails = (np.arange(U0 + .55, U1, 1.9)[:, None] + rng.normal(size=(5, 1)) * .02, rng.normal(size=5) * .01)
        for ku in nails[0].ravel():
            for kv in (BOARD * .2, BOARD * .8):
                q = np.sqrt((u[None] - ku) ** 2 + (vv - kv) ** 2); run = np.exp(-np.abs(vv - kv) / .014) * np.exp(-np.abs(u[None] - ku) / .10)
                c *= 1 - run[..., None] * np.array([.35, .5, .6], F)
                disc = step(.019, .016, q)[..., None]
                c = c * (1 - disc) + linear("#4a3a30") * (.8 + .3 * noise(h, n_u, h / 3, 900, rng, 1))[..., None] * disc
                z = z - .004 * step(.03, .018, q) + .005 * disc[..., 0] * clip01(1 - q / .03)
        albedo[rows] = np.maximum(c, .004); height[rows] = z
        wet[rows] = clip01(.5 + .42 * damp[rows] + .15 * stain - 1.2 * clip01(1 - inside / .03)) * (1 - hole)
    wet = step(.30, .80, wet)
    albedo *= (1 - .42 * wet)[..., None]
    sv, su = np.gradient(cv2.GaussianBlur(height, (0, 0), .8), TEXEL)
    return albedo, np.stack([su, sv], -1).astype(F), wet


WOOD, SLOPE, WET = boards()
MEAN_WOOD = column(WOOD[::9, ::9].reshape(-1, 3).mean(0))


def on_board(x, y):
    u, v = to_board(x, y)
    return (u > U0) & (u < U1) & (v > V0) & (v < V1), (u - F(U0)) / TEXEL, (v - F(V0)) / TEXEL


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
YELLOW, ORANGE, BLACK = column(linear("#ffc20a") * .93), column(linear("#f0641a") * .95), column((.012, .010, .010))


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


# ---- what lies beyond: the far shore and the lake, an image at infinity, blurred by the lens ------------------------------
def beyond():
    rng = np.random.default_rng(21); s = W / 1500
    pad = 120; w, h = 1500 + 2 * pad, 1000 + 2 * pad                                            # always at its own size, then scaled
    yy, xx = np.mgrid[0:h, 0:w].astype(F); xx -= pad; yy -= pad
    k = np.tan(FOV / 2) * 2 / 1500
    horizon = 500 + float(np.tan(np.arcsin(AHEAD[2])) / k)
    sun_x = -150
    near_sun = np.exp(-((xx - sun_x) / 620) ** 2)
    img = np.zeros((h, w, 3), F)
    # shore
    leaf = noise(h, w, 12, 16, rng, 5, .62); mass = noise(h, w, 3, 5, rng, 3)
    t = clip01(.42 + .16 * leaf + .20 * mass)
    shore = mix(t, linear("#0d1a10"), linear("#22391c"), linear("#4c6a2a"), linear("#93a445"))
    shore *= (.75 + 1.1 * near_sun)[..., None]
    shore += np.array([.55, .40, .16], F) * (near_sun ** 1.5)[..., None] * .55
    img[:] = shore
    gaps = rng.random((h, w)) < 1 / 2600; power = rng.gamma(1.2, 1, (h, w)).astype(F)
    high = np.exp(-((yy - horizon + 330) / 260) ** 2)
    spark = gaps * power * (high * .9 + .1) * (.25 + 1.6 * near_sun)
    tint = mix(rng.random((h, w)), np.array([1.0, .62, .20]), np.array([1.0, .86, .45]), np.array([.75, .95, .55]), np.array([.7, .9, 1.0]))
    img += spark[..., None] * tint * 330
    # lake
    below = yy > horizon; depth = np.maximum(yy - horizon, 0) / 260
    mirror = img[np.clip((2 * (horizon + pad) - (yy + pad)).astype(int), 0, h - 1), np.clip((xx + pad).astype(int), 0, w - 1)]
    ripple = noise(h, w, 150, 9, rng, 2, .6)
    water = mix(clip01(.35 + .22 * ripple + .25 * depth), linear("#16343a"), linear("#2f5c62"), linear("#7fa3a0"))
    water = water * (.8 + .9 * near_sun)[..., None] + .35 * cv2.GaussianBlur(np.minimum(mirror, 2), (0, 0), 6)
    glitter = (rng.random((h, w)) < 1 / 1500) * rng.gamma(1.0, 1, (h, w)).astype(F) * np.exp(-((xx - sun_x - 160) / 420) ** 2) * np.exp(-((depth - .45) / .45) ** 2)
    water += glitter[..., None] * np.array([1, .80, .48], F) * 420
    shade = step(-10, 10, yy - horizon)[..., None]
    img = img * (1 - shade) + water * shade
    # the lens: a disc with a slightly brighter rim
    r = float(LENS / FOCUS / k); n = int(r) + 3; gy, gx = np.mgrid[-n:n + 1, -n:n + 1]
    q = np.sqrt(gx * gx + gy * gy); disc = clip01(r - q + .5) * (.86 + .14 * step(r * .7, r, q)); disc /= disc.sum()
    ff = np.fft.rfft2; size = (h + 2 * n, w + 2 * n)
    kernel = ff(disc, size)
    out = np.stack([np.fft.irfft2(ff(img[..., c], size) * kernel, size)[n:n + h, n:n + w] for c in range(3)], -1)
    out = out[pad:-pad, pad:-pad].astype(F)
    return np.maximum(cv2.resize(out, (W, H), interpolation=cv2.INTER_LINEAR if W >= 1500 else cv2.INTER_AREA), 0)


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

BACK = beyond()
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
