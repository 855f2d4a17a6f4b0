"""Predicates on joints (T, 22, 3), metres, Y up, 20 fps: what judge.py verifies of a motion.

A detector gives the intervals [(start, end)] in frames in which it holds; a check passes when there is one. Limits
were set on real clips, see judge.py.
"""

import itertools

import numpy as np

FPS = 20
L, R = 0, 1
ANK, TOE, KNEE, HIP = (7, 8), (10, 11), (4, 5), (1, 2)
SHO, ELB, WRI = (16, 17), (18, 19), (20, 21)
SIDES = {"left": (L,), "right": (R,), None: (L, R), "any": (L, R)}


def smooth(x, n):
    n = min(n, len(x))
    if n < 2:
        return x
    if n % 2 == 0:
        n -= 1
    k = n // 2
    pad = np.concatenate([np.repeat(x[:1], k, 0), x, np.repeat(x[-1:], k, 0)])
    c = np.cumsum(np.concatenate([np.zeros_like(pad[:1]), pad]), 0)
    return (c[n:] - c[:-n]) / n


def runs(mask, min_len=1, gap=0):
    mask = np.asarray(mask, bool)
    edges = np.diff(np.concatenate([[0], mask.astype(int), [0]]))
    out = []
    for a, b in zip(np.flatnonzero(edges == 1), np.flatnonzero(edges == -1), strict=False):
        if out and a - out[-1][1] <= gap:
            out[-1] = (out[-1][0], b)
        else:
            out.append((a, b))
    return [(int(a), int(b)) for a, b in out if b - a >= min_len]


def reversals(x, amp):
    """Turning points of x with at least amp between neighbours (hysteresis)."""
    pts, lo, hi, d = [], x[0], x[0], 0
    for i, v in enumerate(x):
        if d >= 0:
            if v > hi:
                hi, ih = v, i
            if hi - v > amp:
                if d > 0 or hi - lo > amp:
                    pts.append(ih if "ih" in locals() else 0)
                d, lo, il = -1, v, i
        if d <= 0:
            if v < lo:
                lo, il = v, i
            if v - lo > amp:
                if d < 0:
                    pts.append(il)
                d, hi, ih = 1, v, i
    return pts


class F:
    def __init__(self, joints):
        j = smooth(np.asarray(joints, float), 3)
        j = j.copy()
        toes = j[:, TOE, 1]
        j[..., 1] -= np.percentile(toes.min(1), 2)
        self.j, self.T = j, len(j)
        self.leg = np.mean(
            [
                np.linalg.norm(j[:, HIP[s]] - j[:, KNEE[s]], axis=-1)
                + np.linalg.norm(j[:, KNEE[s]] - j[:, ANK[s]], axis=-1)
                for s in (0, 1)
            ]
        )
        self.arm = np.mean(
            [
                np.linalg.norm(j[:, SHO[s]] - j[:, ELB[s]], axis=-1)
                + np.linalg.norm(j[:, ELB[s]] - j[:, WRI[s]], axis=-1)
                for s in (0, 1)
            ]
        )
        self.S = self.leg * 1.13  # standing pelvis height
        across = (j[:, 1] - j[:, 2]) + (j[:, 16] - j[:, 17])
        fwd = np.cross(across, [0, 1, 0])
        fwd[:, 1] = 0
        fwd /= np.maximum(np.linalg.norm(fwd, axis=-1, keepdims=True), 1e-6)
        self.fwd = fwd
        self.left = np.cross([0, 1, 0], fwd)
        self.yaw = np.degrees(np.unwrap(np.arctan2(fwd[:, 0], fwd[:, 2])))
        self.p = j[:, 0]
        g = self.p[:, [0, 2]]
        self.vel = smooth(np.gradient(g, axis=0) * FPS if self.T > 1 else g * 0, 9)
        self.speed = np.linalg.norm(self.vel, axis=-1)
        f = smooth(fwd[:, [0, 2]], 9)
        aside = smooth(self.left[:, [0, 2]], 9)
        self.vf = (self.vel * f).sum(-1)
        self.vl = (self.vel * aside).sum(-1)
        self.toe = [np.minimum(j[:, TOE[s], 1], j[:, ANK[s], 1] - 0.05) for s in (0, 1)]
        self.rest = [np.percentile(t, 10) for t in self.toe]

    def local(self, joint, ref):
        """(left, up, forward) of a joint from a reference joint in the body's frame."""
        d = self.j[:, joint] - self.j[:, ref]
        return np.stack([(d * self.left).sum(-1), d[:, 1], (d * self.fwd).sum(-1)], -1)

    def knee_angle(self, s):
        a = self.j[:, HIP[s]] - self.j[:, KNEE[s]]
        b = self.j[:, ANK[s]] - self.j[:, KNEE[s]]
        c = (a * b).sum(-1) / (np.linalg.norm(a, axis=-1) * np.linalg.norm(b, axis=-1))
        return np.degrees(np.arccos(np.clip(c, -1, 1)))


def vsp(x):
    return np.linalg.norm(np.gradient(x, axis=0) * FPS, axis=-1) if len(x) > 1 else np.zeros(len(x))


# ---- locomotion -------------------------------------------------------------------------------------------------
def _moves(f, thr=0.25, min_s=0.5, min_m=0.4):
    return [
        (a, b)
        for a, b in runs((f.speed > thr) & (f.p[:, 1] > 0.7 * f.S), int(min_s * FPS), 4)
        if np.linalg.norm(np.diff(f.p[a:b, [0, 2]], axis=0), axis=-1).sum() > min_m
    ]


def _dir(f, a, b, d):
    vf, vl, sp = f.vf[a:b].mean(), f.vl[a:b].mean(), f.speed[a:b].mean()
    return {
        None: True,
        "forward": vf > 0.5 * sp,
        "backward": vf < -0.5 * sp,
        "left": vl > 0.5 * sp,
        "right": vl < -0.5 * sp,
        "sideways": abs(vl) > 0.5 * sp,
    }[d]


def move(f, d=None):
    return [i for i in _moves(f) if _dir(f, *i, d)]


def _split(f, d):
    """Stretches of going one way: split a moving interval where the way (as requested) is not held."""
    if d is None:
        return _moves(f)
    v = {"forward": f.vf, "backward": -f.vf, "left": f.vl, "right": -f.vl, "sideways": np.abs(f.vl)}[d]
    out = []
    for a, b in runs((f.speed > 0.2) & (v > 0.5 * f.speed) & (f.p[:, 1] > 0.7 * f.S), int(0.5 * FPS), 4):
        if np.linalg.norm(np.diff(f.p[a:b, [0, 2]], axis=0), axis=-1).sum() > 0.4:
            out.append((a, b))
    return out


def walk(f, d=None):
    return [(a, b) for a, b in _split(f, d) if 0.25 < f.speed[a:b].mean() < 2.1 and not _low(f, a, b)]


def _low(f, a, b):
    return np.median(f.p[a:b, 1]) < 0.6 * f.S


def run(f, d=None):
    """Fast, or at least quick with both feet off the floor now and then."""
    air = (f.toe[0] > f.rest[0] + 0.03) & (f.toe[1] > f.rest[1] + 0.03)
    return [
        (a, b)
        for a, b in _split(f, d)
        if np.percentile(f.speed[a:b], 75) > 1.7
        or (np.percentile(f.speed[a:b], 75) > 1.2 and len(runs(air[a:b], 1)) >= 2)
    ]


def walk_slow(f, d=None):
    return [(a, b) for a, b in walk(f, d) if f.speed[a:b].mean() < 1.1]


def walk_fast(f, d=None):
    return [(a, b) for a, b in walk(f, d) if f.speed[a:b].mean() > 1.3] or run(f, d)


def run_fast(f, d=None):
    return [(a, b) for a, b in run(f, d) if np.percentile(f.speed[a:b], 75) > 2.6]


def run_slow(f, d=None):
    return [(a, b) for a, b in run(f, d) if np.percentile(f.speed[a:b], 75) < 3.0]


def sneak(f, d=None):
    return [
        (a, b)
        for a, b in runs(f.speed > 0.1, 10, 8)
        if f.speed[a:b].mean() < 0.95
        and f.vf[a:b].mean() > 0.4 * f.speed[a:b].mean()
        and np.linalg.norm(f.p[b - 1, [0, 2]] - f.p[a, [0, 2]]) > 0.35
    ]


def toward(f, d):
    """Ends up to a side of where it first faced, or turns to that side on the way."""
    sg = 1 if d == "left" else -1
    g = f.p[:, [0, 2]] - f.p[0, [0, 2]]
    lat = sg * (g @ f.left[:5, [0, 2]].mean(0))
    ok = np.linalg.norm(g[-1]) > 0.4 and lat[-1] > 0.25 * np.linalg.norm(g[-1])
    return [(0, f.T)] if ok else [i for i in turn(f, d, 30) if move(f)]


def circle(f, d=None, deg=60):
    """Goes along a bend: while moving, the body and its path turn one way by 60 degrees or more.

    Clips that say "in a circle" are arcs of 50 to 110 degrees; circle_full asks for 270.
    """
    g = smooth(f.p[:, [0, 2]], 9)
    out = []
    for a, b in _moves(f):
        if np.linalg.norm(np.diff(g[a:b], axis=0), axis=-1).sum() < 1.0:
            continue
        y = smooth(f.yaw, 9)[a:b]
        n = y[-1] - y[0]
        if (d == "left" and n > deg) or (d == "right" and -n > deg) or (d is None and abs(n) > deg):
            out.append((a, b))
    return out


def circle_full(f, d=None):
    return circle(f, d, 270)


def gait_walk(f, d=None):
    return runs((f.speed > 0.25) & (f.speed < 1.75), 7, 2)


def gait_run(f, d=None):
    return runs(f.speed > 1.75, 7, 2)


def straight(f, d=None):
    g = f.p[:, [0, 2]]
    n = np.linalg.norm(g[-1] - g[0])
    path = np.linalg.norm(np.diff(smooth(g, 9), axis=0), axis=-1).sum()
    y = smooth(f.yaw, 9)
    return [(0, f.T)] if n > 0.6 and n > 0.9 * path and abs(y[-1] - y[0]) < 40 else []


def stop(f, d=None):
    m = runs(f.speed > 0.4, 6, 3)
    return [(a, b) for a, b in runs(f.speed < 0.3, 6, 2) if any(e <= a + 4 for _, e in m)]


def still(f, d=None):
    sp = np.max([vsp(f.j[:, k]) for k in (0, 7, 8, 15, 20, 21)], axis=0)
    return runs(smooth(sp, 5) < 0.35, 14, 3)


def all_still(f, d=None):
    ok = (
        f.T >= 14
        and np.mean([vsp(f.j[:, k]) for k in (0, 7, 8, 20, 21)]) < 0.22
        and np.ptp(f.p[:, [0, 2]], axis=0).max() < 0.3
    )
    return [(0, f.T)] if ok else []


def inplace(f, d=None):
    g = f.p[:, [0, 2]]
    return [(0, f.T)] if np.linalg.norm(g - np.median(g, 0), axis=-1).max() < 0.6 else []


def back_and_forth(f, d=None):
    g = f.p[:, [0, 2]] - f.p[0, [0, 2]]
    far = np.linalg.norm(g, axis=-1)
    return [(0, f.T)] if far.max() > 0.6 and far[far.argmax() :].min() < 0.6 * far.max() else []


# ---- turning ----------------------------------------------------------------------------------------------------
def turn(f, d=None, deg=35, most=1e9):
    """The largest rise of the facing angle to a side; the other way must not be the larger one."""
    y = smooth(f.yaw, 7)

    def rise(x):
        lo, best, at = 0, 0.0, (0, 1)
        for i in range(len(x)):
            if x[i] < x[lo]:
                lo = i
            if x[i] - x[lo] > best:
                best, at = x[i] - x[lo], (lo, i)
        return best, at

    (left, al), (right, ar) = rise(y), rise(-y)

    def core(at, n):  # the part from 15 to 85 % of it
        a, b = at
        z = np.abs(y[a : b + 1] - y[a])
        return int(a + np.argmax(z > 0.15 * n)), int(a + np.argmax(z > 0.85 * n)) + 1

    out = []
    if d in (None, "left") and most > left > deg and (d is None or left > 0.8 * right):
        out.append(core(al, left))
    if d in (None, "right") and most > right > deg and (d is None or right > 0.8 * left):
        out.append(core(ar, right))
    return out


def swing(f, d=None, deg=35):
    """All turns one way or the other, one after the other."""
    y = smooth(f.yaw, 7)
    at = [0] + [i for i in reversals(y, 25)] + [f.T - 1]
    return [
        (a, b)
        for a, b in itertools.pairwise(at)
        if b > a and abs(y[b] - y[a]) > deg and (d is None or (y[b] > y[a]) == (d == "left"))
    ]


def quarter(f, d=None):
    return turn(f, d, 55, 135)


def around(f, d=None):
    return turn(f, d, 130)


def spin(f, d=None):
    return turn(f, d, 270)


# ---- jumping ----------------------------------------------------------------------------------------------------
def jump(f, d=None):
    """Both feet off the floor while the pelvis goes up and comes down; d: forward, up, high, backward."""
    air = (f.toe[0] > f.rest[0] + 0.035) & (f.toe[1] > f.rest[1] + 0.035)
    out = []
    y = f.p[:, 1]
    for a, b in runs(air, 2, 1):
        lo, hi = max(0, a - 12), min(f.T, b + 12)
        if b - a > 30:
            continue
        top = y[a:b].max()
        clear = np.minimum(f.toe[0] - f.rest[0], f.toe[1] - f.rest[1])[a:b].max()
        if top - y[lo:hi].min() < 0.12 or clear < 0.05:
            continue
        if f.speed[a:b].mean() > 1.7 and top - y[lo:hi].min() < 0.2 and b - a < 6:
            continue  # a running stride
        if np.sort(y[lo : a + 1])[:1].min() > top - 0.06 and np.min(y[b - 1 : hi]) > top - 0.06:
            continue
        shift = f.p[min(f.T - 1, b)] - f.p[max(0, a - 1)]
        fw = shift @ f.fwd[a]
        if (
            (d == "forward" and fw < 0.12)
            or (d == "backward" and fw > -0.1)
            or (d == "high" and clear < 0.2)
            or (d == "up" and np.linalg.norm(shift[[0, 2]]) > 0.5)
        ):
            continue
        out.append((a, b))
    return out


def hop(f, d=None):
    """A small jump of both feet or of one, the pelvis bouncing."""
    return jump(f, None if d in ("left", "right") else d) + hop_one(f, d)


def hop_one(f, d=None):
    """Off the floor twice or more, the same foot staying up before, in and after it."""
    out = []
    for s in SIDES[d if d in ("left", "right") else None]:
        up = f.toe[1 - s] > f.rest[1 - s] + 0.08
        off = f.toe[s] > f.rest[s] + 0.03
        for a, b in runs(up, 10, 2):
            if len(runs(off[a:b], 2)) >= 2 and np.ptp(f.p[a:b, 1]) > 0.05:
                out.append((a, b))
    return out


# ---- legs -------------------------------------------------------------------------------------------------------
def kick(f, d=None):
    out = []
    for s in SIDES[d if d in SIDES else None]:
        loc = f.local(ANK[s], 0)
        sp = vsp(loc)
        h = f.toe[s] - f.rest[s]
        other = f.toe[1 - s] - f.rest[1 - s]
        out_ = np.hypot(loc[:, 0] - np.median(loc[:, 0]), loc[:, 2])
        straight_ = f.knee_angle(s) > 105
        m = (h > 0.2) & ((loc[:, 2] > 0.3) | (np.abs(loc[:, 0]) > 0.45)) & straight_ & (other < 0.2) & (out_ > 0.3)
        for a, b in runs(m, 1, 12):
            if sp[max(0, a - 7) : b + 2].max() > 2.3:
                out.append((a, b))
    return sorted(out)


def squat(f, d=None):
    deep = {"low": 0.62}.get(d, 0.76)
    m = (f.p[:, 1] < deep * f.S) & (f.knee_angle(0) < 125) & (f.knee_angle(1) < 125)
    return runs(m, 3, 4)


def crouch(f, d=None):
    head = f.j[:, 15, 1] < 0.86 * (f.S * 1.67)
    return runs((f.p[:, 1] < 0.82 * f.S) | head, 3, 4)


def sit(f, d=None):
    m = (
        (f.p[:, 1] < 0.66 * f.S)
        & ((f.knee_angle(0) < 125) | (f.p[:, 1] < 0.35 * f.S))
        & (f.j[:, 15, 1] - f.p[:, 1] > 0.3)
    )
    return runs(m, 8, 4)


def kneel(f, d=None):
    k = np.minimum(f.j[:, 4, 1], f.j[:, 5, 1])
    return runs((k < 0.2) & (f.p[:, 1] < 0.75 * f.S), 5, 4)


def lie(f, d=None):
    return runs((f.j[:, 15, 1] < 0.5) & (f.p[:, 1] < 0.45), 4, 4)


def get_up(f, d=None):
    """From low (pelvis under 0.72 of standing, or a hand under the knees) to standing upright."""
    y = f.p[:, 1]
    hand = np.minimum(f.j[:, 20, 1], f.j[:, 21, 1])
    up = (y > 0.86 * f.S) & (hand > 0.6 * f.S) & (f.j[:, 15, 1] > 0.88 * 1.67 * f.S)
    lows = runs((y < 0.72 * f.S) | (hand < 0.47 * f.S), 2, 2)
    return [(b, b + int(np.argmax(up[b:])) + 1) for _, b in lows if b < f.T and up[b:].any()]


def lift_leg(f, d=None):
    out = []
    for s in SIDES[d]:
        out += runs((f.toe[s] - f.toe[1 - s] > 0.15), 4, 2)
    return sorted(out)


def balance(f, d=None):
    """d: the leg stood on."""
    out = []
    for s in SIDES[d]:
        out += runs((f.toe[1 - s] - f.toe[s] > 0.08) & (f.speed < 0.5), 16, 3)
    return sorted(out)


def steps(f, d=None):
    out = []
    for s in SIDES[d]:
        g = f.j[:, TOE[s]][:, [0, 2]]
        sp = smooth(np.linalg.norm(np.gradient(g, axis=0) * FPS, axis=-1), 3)
        for a, b in runs(sp > 0.45, 3, 1):
            if np.linalg.norm(g[b - 1] - g[a]) > 0.12:
                out.append((a, b))
    return sorted(out)


def climb(f, d=None):
    """Stands on something: the lower foot well above the floor for a while, the pelvis too."""
    low = np.minimum(*f.toe)
    up = runs((low > 0.13) & (f.p[:, 1] > 0.95 * f.S), 8, 6)
    if d == "down":
        return [(b, f.T) for a, b in up if b < f.T - 3 and low[b:].min() < 0.1]
    return up


# ---- arms -------------------------------------------------------------------------------------------------------
def _both(f, fn, d):
    """d left/right: that side; both: at the same time; None: either."""
    m = [fn(s) for s in (0, 1)]
    return {"left": m[0], "right": m[1], "both": m[0] & m[1], None: m[0] | m[1], "any": m[0] | m[1]}[d]


def _only(f, fn, d):
    """That side, and the other one not at the same time all the while (raising both is not raising the left)."""
    m = _both(f, fn, d)
    if d in ("left", "right"):
        o = fn(1 if d == "left" else 0)
        if m.any() and (o & m).sum() > 0.7 * m.sum():
            return m & False
    return m


def raise_arm(f, d=None):
    return runs(_only(f, lambda s: f.j[:, WRI[s], 1] > f.j[:, SHO[s], 1] + 0.04, d), 3, 3)


def reach_up(f, d=None):
    return runs(_only(f, lambda s: f.j[:, WRI[s], 1] > f.j[:, 15, 1] - 0.1, d), 3, 3)


def arms_out(f, d=None):
    """Hands held away from the body at about shoulder height (front or side)."""

    def fn(s):
        w = f.local(WRI[s], SHO[s])
        return (np.abs(w[:, 1]) < 0.3) & (np.hypot(w[:, 0], w[:, 2]) > 0.6 * f.arm)

    return runs(_both(f, fn, d or "both"), 4, 3)


def reach_down(f, d=None):
    """A hand below the knees of a standing person."""
    m = _both(f, lambda s: f.j[:, WRI[s], 1] < 0.47 * f.S, d)
    if d in ("left", "right"):  # that hand the lower one
        s = 0 if d == "left" else 1
        m &= f.j[:, WRI[s], 1] < f.j[:, WRI[1 - s], 1] - 0.05
    return runs(m, 2, 4)


def bend(f, d=None):
    """Trunk leaning 40 degrees or more, or a hand near the floor."""
    t = f.j[:, 12] - f.j[:, 0]
    return runs((t[:, 1] / np.linalg.norm(t, axis=-1) < np.cos(np.radians(40))), 3, 4) or reach_down(f, d)


def _wag(f, s, height, amp, n, secs=2.5):
    """Stretches where the hand is high enough and goes to and fro n times."""
    w = f.local(WRI[s], SHO[s])
    ok = w[:, 1] > height
    out = []
    for a, b in runs(ok, 8, 4):
        x = w[a:b] - w[a:b].mean(0)
        best = []
        for ax in range(3):
            pts = reversals(x[:, ax], amp)
            for k in range(len(pts) - n + 1):
                if pts[k + n - 1] - pts[k] <= secs * FPS:
                    best.append((a + pts[k], a + pts[k + n - 1] + 1))
        if best:
            out.append((min(q[0] for q in best), max(q[1] for q in best)))
    return out


def wave(f, d=None):
    out = []
    for s in SIDES[d if d in ("left", "right") else None]:
        out += _wag(f, s, -0.25, 0.06, 3)
    if d == "both" and not (_wag(f, 0, -0.25, 0.06, 3) and _wag(f, 1, -0.25, 0.06, 3)):
        return []
    return sorted(out)


def wipe(f, d=None):
    out = []
    for s in SIDES[d]:
        out += _wag(f, s, -0.4, 0.08, 3, 3.0)
    return sorted(out)


def flap(f, d=None):
    out = []
    y = [f.local(ELB[s], SHO[s])[:, 1] for s in (0, 1)]
    if all(len(reversals(v, 0.05)) >= 3 for v in y):
        out.append((0, f.T))
    return out


def _ext(f, s):
    return np.linalg.norm(f.j[:, WRI[s]] - f.j[:, SHO[s]], axis=-1) / f.arm


def throw(f, d=None):
    """A hand, high, thrown out: bent arm, then nearly straight, fast."""
    out = []
    for s in SIDES[d if d in ("left", "right") else None]:
        e = _ext(f, s)
        w = f.local(WRI[s], SHO[s])
        sp = vsp(f.local(WRI[s], 0))
        for i in range(1, f.T):
            if (
                e[i] > 0.82
                and w[i, 1] > -0.2
                and sp[max(0, i - 8) : i + 1].max() > 1.0
                and e[max(0, i - 25) : i].min() < e[i] - 0.1
                and (w[i, 2] > 0.1 or w[i, 1] > 0.2)
            ):
                out.append((max(0, i - 5), i + 1))
                break
    return sorted(out)


def punch(f, d=None):
    """A fist shoots out from a bent arm at chest to head height."""
    out = []
    for s in SIDES[d if d in ("left", "right") else None]:
        e = _ext(f, s)
        w = f.local(WRI[s], SHO[s])
        sp = vsp(f.local(WRI[s], 0))
        m = np.zeros(f.T, bool)
        for i in range(1, f.T):
            lo = max(0, i - 7)
            if (
                e[i] > 0.7
                and -0.4 < w[i, 1] < 0.35
                and np.hypot(w[i, 2], w[i, 0]) > 0.6 * e[i] * f.arm
                and e[lo:i].min() < e[i] - 0.15
                and sp[lo : i + 1].max() > 1.3
            ):
                m[i] = True
        out += runs(m, 1, 3)
    return sorted(out)


def arm_circle(f, d=None):
    """The wrist goes round the shoulder, seen from the side, by 240 degrees or more; d: backward, forward or None."""
    sgn = {"backward": 1, "forward": -1}.get(d)
    tot = []
    for s in (0, 1):
        w = f.local(WRI[s], SHO[s])
        th = np.degrees(np.unwrap(np.arctan2(w[:, 1], w[:, 2])))
        best = []
        for g in (1, -1) if sgn is None else (sgn,):
            x = g * th
            lo = np.minimum.accumulate(x)
            best.append((x - lo).max())
        tot.append(max(best))
    return [(0, f.T)] if max(tot) > 240 else []


def elbow_knee(f, d=None):
    """d: the elbow; it meets the other side's knee."""
    out = []
    for s in SIDES[d]:
        out += runs(np.linalg.norm(f.j[:, ELB[s]] - f.j[:, KNEE[1 - s]], axis=-1) < 0.28, 1, 3)
    return sorted(out)


def drink(f, d=None):
    out = []
    for s in SIDES[d]:
        out += runs(np.linalg.norm(f.j[:, WRI[s]] - f.j[:, 15], axis=-1) < 0.33, 6, 3)
    return sorted(out)


# ---- whole body -------------------------------------------------------------------------------------------------
def dance(f, d=None):
    """A good while of stepping or swaying that goes nowhere straight, arms moving."""
    if f.T < 40:
        return []
    g = f.p[:, [0, 2]]
    path = np.linalg.norm(np.diff(g, axis=0), axis=-1).sum()
    net = np.linalg.norm(g[-1] - g[0])
    hands = np.mean([vsp(f.local(WRI[s], 0)).mean() for s in (0, 1)])
    feet = len(steps(f))
    return (
        [(0, f.T)] if feet >= 4 and hands > 0.25 and path > 0.7 and (net < 0.75 * path) and f.speed.mean() < 1.6 else []
    )


def upside(f, d=None):
    return runs(f.j[:, 15, 1] < f.j[:, 0, 1] - 0.15, 2, 2)


def active(f, d=None):
    return [(0, f.T)] if np.mean([vsp(f.local(WRI[s], 0)).mean() for s in (0, 1)]) > 0.3 else []


DET = {
    k: v
    for k, v in list(globals().items())
    if callable(v) and k not in ("F", "smooth", "runs", "reversals", "vsp") and not k.startswith("_")
}


def find(f, name):
    n, _, d = name.partition(":")
    return DET[n](f, d or None)


def check(f, c):
    """c: 'name:arg', or a list of then, while, count (with bounds), not, seconds or once and what it is about."""
    if isinstance(c, str):
        return bool(find(f, c))
    op, *a = c
    if op == "not":
        return not check(f, a[0])
    if op == "or":
        return any(check(f, x) for x in a)
    if op == "count":
        return a[1] <= len(find(f, a[0])) <= a[2]
    if op == "seconds":
        return abs(f.T / FPS - a[0]) <= max(0.3, 0.2 * a[0])
    if op == "shorter":
        return a[0] >= f.T / FPS
    if op == "while":
        x, y = find(f, a[0]), find(f, a[1])
        return any(min(p[1], q[1]) + 5 > max(p[0], q[0]) for p in x for q in y)
    if op == "then":
        # In a chain, of each pair: enough of the first lies before the second begins, or of the second after the first.
        def after(p, q):
            return (min(p[1], q[0]) - p[0] >= min(7, 0.7 * (p[1] - p[0])) and p[0] < q[0]) or (
                q[1] - max(q[0], p[1]) >= min(7, 0.7 * (q[1] - q[0])) and q[1] > p[1]
            )

        last = find(f, a[0])
        for n in a[1:]:
            last = [q for q in find(f, n) if any(after(p, q) and p != q for p in last)]
        return bool(last)
    raise ValueError(c)
