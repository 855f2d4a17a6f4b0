"""Signals of a body that the checks read: heights, directions, angles and speeds of joints (T, 22, 3).

Metres, Y up, 20 fps, HumanML3D order of joints. The floor is the 5th percentile of the lowest ankle or toe.
"""

from __future__ import annotations

import numpy as np

FPS = 20
PEL, LH, RH, SP1, LK, RK, SP2, LA, RA, SP3, LT, RT, NECK, LC, RC, HEAD, LS, RS, LE, RE, LW, RW = range(22)
ARM = {"left": (LS, LE, LW), "right": (RS, RE, RW)}
LEG = {"left": (LH, LK, LA, LT), "right": (RH, RK, RA, RT)}
SIDES = ("left", "right")

# What a check may name: an event returns intervals of frames, a predicate judges a whole clip.
EVENTS, PREDICATES = {}, {}


def smooth(x, n):
    """Mean over n frames (made odd), with the first and the last frame repeated beyond the ends."""
    x = np.asarray(x, float)
    n = int(n) | 1
    if n <= 1 or len(x) < 2:
        return x
    p = n // 2
    y = np.concatenate([np.repeat(x[:1], p, 0), x, np.repeat(x[-1:], p, 0)])
    c = np.cumsum(np.concatenate([np.zeros_like(y[:1]), y]), 0)
    return (c[n:] - c[:-n]) / n


def rate(x):
    """Change a second."""
    return np.gradient(x, axis=0) * FPS if len(x) > 1 else np.zeros_like(x)


def runs(mask, minlen=1, close=0):
    """Intervals [start, end) where a mask holds, at least minlen frames long; gaps up to close frames are closed."""
    mask = np.asarray(mask, bool)
    d = np.diff(np.concatenate([[0], mask.astype(int), [0]]))
    iv = [list(p) for p in zip(np.where(d == 1)[0], np.where(d == -1)[0], strict=False)]
    if close and iv:
        out = [iv[0]]
        for s, e in iv[1:]:
            if s - out[-1][1] <= close:
                out[-1][1] = e
            else:
                out.append([s, e])
        iv = out
    return [(s, e) for s, e in iv if e - s >= minlen]


def zigzag(x, amp):
    """Indices of alternating extremes that differ by at least amp."""
    if len(x) < 2:
        return []
    ext, lo, hi, d = [], 0, 0, 0
    for i in range(len(x)):
        if x[i] > x[hi]:
            hi = i
        if x[i] < x[lo]:
            lo = i
        if d >= 0 and x[hi] - x[i] >= amp:
            ext.append(hi)
            d = -1
            lo = i
            hi = i
        elif d <= 0 and x[i] - x[lo] >= amp:
            ext.append(lo)
            d = 1
            hi = i
            lo = i
    if d == 1:
        ext.append(hi)
    elif d == -1:
        ext.append(lo)
    return ext


def angle(a, b):
    """Angle between vectors, degrees."""
    return np.degrees(
        np.arccos(np.clip((a * b).sum(-1) / (np.linalg.norm(a, axis=-1) * np.linalg.norm(b, axis=-1) + 1e-9), -1, 1))
    )


class Body:
    """Joints (T, 22, 3) with their signals; a part of it (sub) has the floor and the size of the whole."""

    def __init__(self, j, floor=None, ref=None):
        j = np.asarray(j, float)
        self.joints, self.frames = j, len(j)
        low = j[:, [LA, RA, LT, RT], 1].min(1)
        self.floor = np.percentile(low, 5) if floor is None else floor

        def length(a, b):
            return np.median(np.linalg.norm(j[:, a] - j[:, b], axis=-1))

        self.leg = (length(LH, LK) + length(LK, LA) + length(RH, RK) + length(RK, RA)) / 2
        self.arm_length = (length(LS, LE) + length(LE, LW) + length(RS, RE) + length(RE, RW)) / 2
        self.standing = (self.leg + 0.07 + 0.08) if ref is None else ref  # pelvis height standing
        self._cache = {}

    def sub(self, a, b):
        return Body(self.joints[a:b], self.floor, self.standing)

    def cached(self, key, fn):
        if key not in self._cache:
            self._cache[key] = fn()
        return self._cache[key]

    @property
    def y(self):
        return self.joints[..., 1] - self.floor

    @property
    def ratio(self):
        return self.cached("ratio", lambda: smooth(self.y[:, PEL], 3) / self.standing)

    @property
    def forward(self):
        def f():
            a = (self.joints[:, LH] - self.joints[:, RH]) + (self.joints[:, LS] - self.joints[:, RS])
            a = smooth(a, 5)
            a[:, 1] = 0
            a /= np.linalg.norm(a, axis=-1, keepdims=True) + 1e-9
            return np.cross(a, [0, 1, 0])

        return self.cached("fwd", f)

    @property
    def left(self):
        return np.cross([0, 1, 0], self.forward)

    @property
    def heading(self):  # degrees, unwrapped, growing to the body's left
        def f():
            h = np.unwrap(np.arctan2(self.forward[:, 0], self.forward[:, 2]))
            return np.degrees(smooth(h, 9))

        return self.cached("head", f)

    @property
    def velocity(self):
        return self.cached("vel", lambda: rate(smooth(self.joints[:, PEL], 9)) * np.array([1, 0, 1]))

    @property
    def speed(self):
        return np.linalg.norm(self.velocity, axis=-1)

    @property
    def trunk(self):
        t = self.joints[:, NECK] - self.joints[:, PEL]
        return t / (np.linalg.norm(t, axis=-1, keepdims=True) + 1e-9)

    @property
    def tilt(self):  # angle of the trunk from vertical
        return np.degrees(np.arccos(np.clip(self.trunk[:, 1], -1, 1)))

    @property
    def pitch(self):  # forward lean, signed
        return np.degrees(np.arctan2((self.trunk * self.forward).sum(-1), self.trunk[:, 1]))

    @property
    def lean(self):  # to the left, signed
        return np.degrees(np.arctan2((self.trunk * self.left).sum(-1), self.trunk[:, 1]))

    def foot(self, s):  # clearance of a foot
        _, _, a, t = LEG[s]
        return np.minimum(self.y[:, a] - 0.06, self.y[:, t])

    def body(self, k, about=PEL):  # forward, up, left relative to a joint
        d = self.joints[:, k] - self.joints[:, about]
        return np.stack([(d * self.forward).sum(-1), d[:, 1], (d * self.left).sum(-1)], -1)

    def knee(self, s):
        h, k, a, _ = LEG[s]
        return angle(self.joints[:, h] - self.joints[:, k], self.joints[:, a] - self.joints[:, k])

    def elbow(self, s):
        sh, e, w = ARM[s]
        return angle(self.joints[:, sh] - self.joints[:, e], self.joints[:, w] - self.joints[:, e])

    def relative_speed(self, k, about=PEL):
        return np.linalg.norm(rate(smooth(self.joints[:, k] - self.joints[:, about], 3)), axis=-1)


def event(f):
    """Register a function that returns the intervals of frames in which something happens."""
    EVENTS[f.__name__.rstrip("_")] = f
    return f


def predicate(f):
    """Register a function that says of a whole clip whether something holds, and the measured value."""
    PREDICATES[f.__name__.rstrip("_")] = f
    return f


def sides(side):
    """The sides that a check names."""
    return SIDES if side in ("any", "both", "each") else (side,)


def merge(ivs):
    """Union of intervals."""
    ivs = sorted(ivs)
    out = []
    for s, e in ivs:
        if out and s < out[-1][1]:
            out[-1] = (out[-1][0], max(e, out[-1][1]))
        else:
            out.append((s, e))
    return out


def thigh_angle(m, s):
    """Angle of a thigh from straight down, degrees; 0 where it points backward."""
    h, k, _, _ = LEG[s]
    d = m.joints[:, k] - m.joints[:, h]
    return angle(d, np.array([0, -1.0, 0]) + 0 * d) * (((d * m.forward).sum(-1) > -0.05) * 1.0)


def side_mask(m, side, fn):
    """any: union; both: intersection; else that side."""
    a = {s: fn(s) for s in SIDES}
    if side == "both":
        k = a["left"] & a["right"]
    elif side == "any":
        k = a["left"] | a["right"]
    elif side == "leftonly":
        k = a["left"] & ~a["right"]
    elif side == "rightonly":
        k = a["right"] & ~a["left"]
    else:
        k = a[side]
    return k


def moving(m, v=0.2):
    """Frames in which the body travels; all frames if there are few."""
    k = smooth(m.speed, 7) > v
    return k if k.sum() >= 10 else np.ones(m.frames, bool)
