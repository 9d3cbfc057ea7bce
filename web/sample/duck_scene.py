"""The scene of duck.py: a rubber duck, which is a signed distance, a jetty, which is painted from noise, the sky that lights both, and
what lies beyond. Everything about what is there and where; how it is seen is in duck.py.
"""
import cv2
import numpy as np

F = np.float32
cv2.setNumThreads(1)


# ---- arithmetic -------------------------------------------------------------------------------------------------------------
def linear(h):
    v = np.array([int(h[i:i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(v <= .04045, v / 12.92, ((v + .055) / 1.055) ** 2.4).astype(F)


def unit(*v): v = np.array(v, F); return v / np.linalg.norm(v)
def clip01(x): return np.clip(x, 0, 1)
def step(a, b, x): x = clip01((x - a) / (b - a)); return x * x * (3 - 2 * x)
def dot(a, b): return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
def normalise(v): return v / np.sqrt(np.maximum(dot(v, v), 1e-12))
def column(c): return np.asarray(c, F).reshape(3, 1)


def table(seed, n=256): return np.random.default_rng(seed).normal(size=(n, n)).astype(F)
def bilinear(img, x, y):
    """Looks up [h, w] or [h, w, c], wrapped."""
    h, w = img.shape[:2]; i, j = np.floor(y).astype(np.int32), np.floor(x).astype(np.int32); f, g = (y - i).astype(F), (x - j).astype(F)
    i, j, k, l = i % h, j % w, (i + 1) % h, (j + 1) % w
    if img.ndim == 3: f, g = f[..., None], g[..., None]
    return (img[i, j] * (1 - g) + img[i, l] * g) * (1 - f) + (img[k, j] * (1 - g) + img[k, l] * g) * f


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
YELLOW, ORANGE, BLACK = column(linear("#ffc20a") * .93), column(linear("#f0641a") * .95), column((.012, .010, .010))


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


# ---- the boards -------------------------------------------------------------------------------------------------------------
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


# ---- what lies beyond: the far shore and the lake, an image at infinity, blurred by the lens ------------------------------
def beyond(width, height):
    rng = np.random.default_rng(21)
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
    depth = np.maximum(yy - horizon, 0) / 260
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
    return np.maximum(cv2.resize(out, (width, height), interpolation=cv2.INTER_LINEAR if width >= 1500 else cv2.INTER_AREA), 0)
