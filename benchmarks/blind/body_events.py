"""Events of the whole body, the trunk and the legs: intervals of frames in which something happens."""

from __future__ import annotations

import numpy as np
from signals import (
    FPS,
    HEAD,
    LA,
    LEG,
    LH,
    LK,
    LS,
    LT,
    LW,
    NECK,
    PEL,
    RA,
    RH,
    RK,
    RS,
    RT,
    RW,
    SIDES,
    event,
    merge,
    rate,
    runs,
    sides,
    smooth,
    thigh_angle,
    zigzag,
)


@event
def go(m, dir="forward", dist=1.0, vmin=0.25, vmax=1.95, low=0.65, vtop=None, tilt=60):
    """Travels in a direction of the body, upright, mean speed within bounds."""
    v = m.velocity
    f, side = (v * m.forward).sum(-1), (v * m.left).sum(-1)
    c, o = {
        "forward": (f, side),
        "back": (-f, side),
        "left": (side, f),
        "right": (-side, f),
        "side": (np.abs(side), f),
        "any": (m.speed, 0 * f),
    }[dir]
    c, o = smooth(c, 9), smooth(o, 21)
    out = []
    mask = (c > (0.15 if vmin >= 0.2 else 0.08)) & (c > np.abs(o)) & (m.ratio > low) & (m.tilt < tilt)
    for s, e in runs(mask, 6, 8):
        d = c[s:e].sum() / FPS
        path = np.linalg.norm(m.joints[e - 1, PEL, [0, 2]] - m.joints[s, PEL, [0, 2]])
        if (
            d >= dist
            and d / ((e - s) / FPS) >= vmin
            and d / ((e - s) / FPS) <= vmax
            and (dir == "any" or path > 0.4 * dist)
        ) and (vtop is None or np.percentile(c[s:e], 90) >= vtop):
            out.append((s, e))
    return out


@event
def run(m, dist=2.0, v=1.7, dir="forward"):
    """Travels fast, with flight or bent knees where a fast walk is as fast."""
    vv = m.velocity
    c = {
        "forward": (vv * m.forward).sum(-1),
        "back": -(vv * m.forward).sum(-1),
        "any": m.speed,
        "left": (vv * m.left).sum(-1),
        "right": -(vv * m.left).sum(-1),
    }[dir]
    out = []
    for s, e in runs((c > v * 0.85) & (m.ratio > 0.65), 6, 4):
        if c[s:e].sum() / FPS >= dist and c[s:e].max() >= v and np.mean(c[s:e]) >= v * 0.95:
            # below 2.1 m/s a run differs from a walk by its flight or its bent knees
            air = (np.minimum(m.foot("left"), m.foot("right"))[s:e] > 0.03).mean()
            kn = min(np.percentile(m.knee(x)[s:e], 5) for x in SIDES)
            if np.mean(c[s:e]) > 2.1 or air > 0.12 or kn < 102:
                out.append((s, e))
    return out


@event
def steps(m, lift=0.04):
    """Foot lifts of either foot (swing phases)."""
    out = []
    for s in SIDES:
        sp = np.linalg.norm(rate(smooth(m.joints[:, LEG[s][2]], 3)), axis=-1)
        for a, b in runs((sp > 0.45), 3, 1):
            if (m.y[a:b, LEG[s][2]].max() - m.y[a:b, LEG[s][2]].min()) > lift or np.linalg.norm(
                m.joints[b - 1, LEG[s][2]] - m.joints[a, LEG[s][2]]
            ) > 0.15:
                out.append((a, b))
    return sorted(out)


@event
def turn(m, dir="any", deg=90, lo=None, hi=None, loose=False):
    """Heading excursion to one side, within tolerance of deg (lo..hi)."""
    lo = (deg * 0.67 if deg < 300 else deg - 70) if lo is None else lo
    hi = (deg * 1.33 + 5 if deg < 300 else deg + 90) if hi is None else hi
    if loose:
        hi = 1e9
    h = m.heading
    best = []
    for sg in (1, -1) if dir == "any" else ((1,) if dir == "left" else (-1,)):
        x = h * sg
        low = np.minimum.accumulate(x)
        e = int(np.argmax(x - low))
        d = (x - low)[e]
        s = int(np.argmin(x[: e + 1]))
        best.append((d, s, e))
    best.sort(reverse=True)
    d, s, e = best[0]
    return [(s, e + 1)] if lo <= d <= hi else []


@event
def circle(m, dir="any", deg=270, path=2.0):
    """Walks or runs round: path direction turns by deg over at least path metres."""
    sp = m.speed > 0.25
    if sp.sum() < 20:
        return []
    h = m.heading
    for sg in (1, -1) if dir == "any" else ((1,) if dir == "left" else (-1,)):
        x = h * sg
        low = np.minimum.accumulate(x)
        e = int(np.argmax(x - low))
        s = int(np.argmin(x[: e + 1]))
        if (x - low)[e] >= deg and m.speed[s:e].sum() / FPS >= path:
            return [(s, e + 1)]
    return []


@event
def zigzagpath(m, amp=0.25, n=3):
    """The path goes n times from one side of its straight line to the other."""
    d = m.joints[-1, PEL] - m.joints[0, PEL]
    d[1] = 0
    L = np.linalg.norm(d)
    if L < 1:
        return []
    lat = (m.joints[:, PEL] - m.joints[0, PEL]) @ np.cross([0, 1, 0], d / L)
    z = zigzag(smooth(lat, 7), amp)
    return [(0, m.frames)] if len(z) >= n else []


@event
def still(m, sec=0.7, v=0.15, end=False):
    """The pelvis stays in place, upright, for sec seconds; end: until the end."""
    sp = smooth(m.speed, 5)
    r = runs((sp < v) & (m.ratio > 0.8), int(sec * FPS))
    return [x for x in r if not end or x[1] >= m.frames - 3]


@event
def quiet(m, sec=1.0, v=0.25):
    """The whole body nearly motionless."""
    w = np.stack(
        [np.linalg.norm(rate(smooth(m.joints[:, k], 5)), axis=-1) for k in (PEL, LW, RW, LA, RA, HEAD)], 1
    ).max(1)
    return runs(w < v, int(sec * FPS), 2)


@event
def jump(m, height=0.10, frames=4, dist=None, dir=None, rise=0.10):
    """Both feet off the floor, the pelvis rises; dist and dir say where the jump leads."""
    lf = np.minimum(m.foot("left"), m.foot("right"))
    py = m.y[:, PEL]
    out = []
    for s, e in runs(lf > 0.04, frames, 0):
        a, b = max(0, s - 8), min(m.frames, e + 8)
        up = py[s:e].max() - min(py[a : s + 1].min(), py[e - 1 : b].min())
        if lf[s:e].max() < height or up < rise:
            continue
        lf1, rf1 = m.foot("left"), m.foot("right")
        level = min(abs(lf1 - rf1)[max(0, s - 2) : s + 1].min(), abs(lf1 - rf1)[e - 1 : e + 2].min()) < 0.08
        same = (
            min(max(lf1[i], rf1[i]) for i in range(max(0, s - 3), s + 1)) < 0.12
            or min(max(lf1[i], rf1[i]) for i in range(e - 1, min(m.frames, e + 2))) < 0.12
        )
        if not ((level and same) or e - s >= 8 or up >= 0.24):
            continue
        a, b = max(0, s - 3), min(m.frames - 1, e + 2)
        mv = (m.joints[b, PEL] - m.joints[a, PEL]) * np.array([1, 0, 1])
        if dist is not None and np.linalg.norm(mv) < dist:
            continue
        if dir:
            d = {"forward": m.forward[a], "back": -m.forward[a], "left": m.left[a], "right": -m.left[a]}[dir]
            if mv @ d < 0.7 * np.linalg.norm(mv) or mv @ d < 0.15:
                continue
        out.append((s, e))
    return out


@event
def hop1(m, side="any", lift=0.10):
    """Hop on one leg: airborne, the same other foot clearly higher before and after."""
    out = []
    lf, rf = m.foot("left"), m.foot("right")
    for s, e in runs(np.minimum(lf, rf) > 0.035, 2, 0):
        a, b = max(0, s - 2), min(m.frames - 1, e + 1)
        if e - s > 14:
            continue
        for sd, up in (("left", rf - lf), ("right", lf - rf)):
            if sd in sides(side) and up[a] > lift and up[b] > lift and up[s:e].min() > 0.03:
                out.append((s, e))
    return out


@event
def skip(m, side="any"):
    """One skip: travelling, off the floor from a foot and back on the same foot, the other knee up."""
    out = []
    for s, e in hop1(m, "any", 0.07):
        if m.speed[s:e].mean() > 0.6:
            kn = max(
                thigh_angle(m, "left")[max(0, s - 2) : e + 1].max(),
                thigh_angle(m, "right")[max(0, s - 2) : e + 1].max(),
            )
            if kn > 35:
                out.append((s, e))
    return out


@event
def sit(m, sec=0.6, lo=0.0, hi=0.75):
    """Sits: low pelvis with feet ahead and bent knees, or close to the floor; not kneeling."""
    beh = (((m.joints[:, LA] + m.joints[:, RA]) / 2 - m.joints[:, PEL]) * m.forward).sum(-1)
    kn = np.minimum(m.knee("left"), m.knee("right"))
    mask = (
        (m.ratio < hi)
        & (m.ratio > lo)
        & (m.tilt < 50)
        & (((beh > 0.18) & (kn < 140)) | (m.ratio < 0.36))
        & (m.y[:, [LW, RW]].max(1) > 0.0)
    )
    mask &= ~((np.minimum(m.y[:, LK], m.y[:, RK]) < 0.17) & (m.ratio > 0.4))
    return runs(mask, int(sec * FPS), 4)


@event
def sitfloor(m, sec=0.6):
    """Sits on the floor: pelvis below 32 cm, trunk upright."""
    return runs((m.y[:, PEL] < 0.32) & (m.tilt < 55), int(sec * FPS), 4)


@event
def crouch(m, ratio=0.74, sec=0.2):
    """Low pelvis over both feet."""
    hor = np.linalg.norm((m.joints[:, PEL] - (m.joints[:, LA] + m.joints[:, RA]) / 2)[:, [0, 2]], axis=-1)
    ft = np.maximum(m.foot("left"), m.foot("right"))
    mask = (m.ratio < ratio) & (m.ratio > 0.22) & (hor < 0.42) & (ft < 0.25) & (m.tilt < 80)
    return runs(mask, max(1, int(sec * FPS)), 3)


@event
def duck(m, drop=0.28, sec=0.1):
    """The head goes down by drop metres and the pelvis or the trunk with it."""
    top = m.standing / 0.93 * 1.52
    return runs((m.y[:, HEAD] < top - drop) & (m.y[:, [LA, RA]].min(1) < 0.25), max(1, int(sec * FPS)), 3)


@event
def squat(m, low=0.78, high=0.88):
    """Goes down and comes up again: one interval for each squat."""
    r = m.ratio
    z = zigzag(r, 0.14)
    out = []
    for k, i in enumerate(z):
        if r[i] < low and (k == 0 or r[z[k - 1]] > r[i]):
            b = z[k + 1] if k + 1 < len(z) else m.frames - 1
            if r[i : b + 1].max() > high:
                out.append((i, b))
    return out


@event
def standup(m, low=0.72, high=0.9):
    """The pelvis rises from low to the height of standing."""
    r = m.ratio
    for i in range(m.frames):
        if r[i] < low:
            up = np.where(r[i:] > high)[0]
            if len(up):
                lo = i + int(up[0])
                st = max(np.where(r[:lo] < low)[0])
                return [(int(st), lo + 1)]
            return []
    return []


@event
def lie(m, sec=0.5):
    """Pelvis and neck near the floor, trunk level."""
    return runs((m.y[:, PEL] < 0.36) & (m.y[:, NECK] < 0.42) & (m.tilt > 55), int(sec * FPS), 3)


@event
def kneel(m, sec=0.5, knees="any", tilt=50):
    """One knee or both on the floor, trunk upright."""
    a, b = m.y[:, LK] < 0.17, m.y[:, RK] < 0.17
    k = {"any": a | b, "both": a & b, "left": a, "right": b, "one": a ^ b}[knees]
    return runs(k & (m.ratio > 0.33) & (m.ratio < 0.8) & (m.tilt < tilt), int(sec * FPS), 4)


@event
def crawl(m, dist=0.5, dir="any"):
    """Travels on hands and knees by dist metres."""
    mask = (
        (m.tilt > 50)
        & (np.minimum(m.y[:, LW], m.y[:, RW]) < 0.25)
        & (np.minimum(m.y[:, LK], m.y[:, RK]) < 0.3)
        & (m.ratio < 0.75)
    )
    f = (m.velocity * m.forward).sum(-1)
    c = {"any": m.speed, "forward": f, "back": -f}[dir]
    return [(s, e) for s, e in runs(mask, 15, 8) if c[s:e].sum() / FPS >= dist]


@event
def allfours(m, sec=0.5):
    """Both hands and the knees or feet on the floor, trunk level."""
    return runs(
        (m.tilt > 50) & (np.maximum(m.y[:, LW], m.y[:, RW]) < 0.25) & (m.ratio < 0.75) & (m.ratio > 0.3),
        int(sec * FPS),
        4,
    )


@event
def pushup(m, amp=0.10):
    """The chest rises by amp metres over hands on the floor: one interval for each."""
    mask = (m.tilt > 52) & (np.maximum(m.y[:, LW], m.y[:, RW]) < 0.25)
    out = []
    for s, e in runs(mask, 12, 5):
        x = smooth(m.y[s:e, NECK], 3)
        z = zigzag(x, amp)
        for k in range(len(z)):
            if k + 1 < len(z) and x[z[k]] < x[z[k + 1]]:
                out.append((s + z[k], s + z[k + 1]))
    return out


@event
def plank(m, sec=1.0):
    """Hands on the floor, knees off it, trunk level."""
    mask = (m.tilt > 52) & (np.maximum(m.y[:, LW], m.y[:, RW]) < 0.25) & (np.minimum(m.y[:, LK], m.y[:, RK]) > 0.12)
    return runs(mask, int(sec * FPS), 3)


@event
def situp(m, amp=35):
    """The trunk rises by amp degrees with the pelvis on the floor: one interval for each."""
    out = []
    for s, e in runs(m.y[:, PEL] < 0.36, 12, 3):
        x = smooth(m.tilt[s:e], 3)
        z = zigzag(x, amp)
        out += [(s + z[k], s + z[k + 1]) for k in range(len(z) - 1) if x[z[k]] > x[z[k + 1]]]
    return out


@event
def fall(m, drop=0.45, v=0.7):
    """The pelvis drops fast by drop metres and ends low."""
    p = m.y[:, PEL]
    vy = rate(smooth(p, 3))
    out = []
    for s, e in runs(vy < -0.25, 4, 4):
        if p[s] - p[min(e, m.frames - 1)] > drop and vy[s:e].min() < -v and p[min(e, m.frames - 1)] < 0.5:
            out.append((s, e))
    return out


@event
def inverted(m, sec=0.1):
    """Pelvis above the neck, hands or back on the floor."""
    return runs(
        (m.joints[:, PEL, 1] > m.joints[:, NECK, 1] + 0.1) & (np.minimum(m.y[:, LW], m.y[:, RW]) < 0.35),
        max(1, int(sec * FPS)),
        2,
    )


@event
def cartwheel(m):
    """Upside down with the feet high and a hand on the floor."""
    mask = (m.joints[:, PEL, 1] > m.joints[:, NECK, 1] + 0.15) & (np.maximum(m.y[:, LA], m.y[:, RA]) > 0.9)
    hands = np.minimum(m.y[:, LW], m.y[:, RW]) < 0.3
    return [r for r in runs(mask, 2, 3) if hands[r[0] : r[1]].any()]


@event
def roll(m):
    """The trunk goes upside down close to the floor."""
    mask = (m.trunk[:, 1] < 0.1) & (m.y[:, NECK] < 0.6)
    return [r for r in runs(mask, 2, 4) if m.trunk[r[0] : r[1], 1].min() < -0.3]


@event
def bend(m, deg=45, sec=0.15, dir="forward"):
    """The trunk leans by deg degrees to one side of the body."""
    x = {"forward": m.pitch, "back": -m.pitch, "left": m.lean, "right": -m.lean, "side": np.abs(m.lean), "any": m.tilt}[
        dir
    ]
    return runs((x > deg) & (m.ratio > 0.42), max(2, int(sec * FPS)), 3)


@event
def bow(m, deg=25):
    """The trunk bends forward over straight legs and comes up again."""
    x = smooth(m.pitch, 5)
    z = zigzag(x, deg * 0.7)
    return [
        (z[k - 1] if k else 0, z[k + 1] if k + 1 < len(z) else m.frames)
        for k in range(len(z))
        if x[z[k]] > deg and (k + 1 < len(z)) and m.ratio[z[k]] > 0.8
    ]


@event
def twist(m, deg=30, n=3):
    """Shoulders turn against the hips, back and forth."""
    a, b = m.joints[:, LS] - m.joints[:, RS], m.joints[:, LH] - m.joints[:, RH]
    d = np.unwrap(np.arctan2(a[:, 0], a[:, 2])) - np.unwrap(np.arctan2(b[:, 0], b[:, 2]))
    z = zigzag(smooth(np.degrees(np.unwrap(d)), 3), deg)
    return [(z[0], z[-1] + 1)] if len(z) >= n else []


@event
def sway(m, amp=0.10, n=3):
    """Upper body goes side to side over the feet."""
    ft = smooth((m.joints[:, LA] + m.joints[:, RA]) / 2, 9)
    lat = smooth(((m.joints[:, NECK] - ft) * m.left).sum(-1), 5)
    z = zigzag(lat, amp)
    return [(z[0], z[-1] + 1)] if len(z) >= n else []


@event
def rock(m, deg=10, n=3):
    """The trunk pitches forward and back n times."""
    z = zigzag(smooth(m.pitch, 5), deg)
    return [(z[0], z[-1] + 1)] if len(z) >= n else []


@event
def kick(m, side="any", height=0.3, v=1.8, dir="forward"):
    """A foot is high and away from the body after a fast swing, the other on the floor."""
    out = []
    for s in sides(side):
        a = LEG[s][2]
        o = m.foot("right" if s == "left" else "left")
        b = m.body(a)
        reach = {
            "forward": b[:, 0],
            "side": np.abs(b[:, 2]),
            "back": -b[:, 0],
            "any": np.linalg.norm(b[:, [0, 2]], axis=-1),
        }[dir]
        mask = (m.y[:, a] > height) & (reach > 0.28) & (m.knee(s) > 115) & (o < 0.12) & (m.ratio > 0.6)
        sp = m.relative_speed(a)
        if dir in ("forward", "any") and height <= 0.3:  # a low, fast instep kick
            mask |= (m.y[:, a] > 0.12) & (b[:, 0] > 0.2) & (sp > 3.2) & (m.speed < 1.8) & (o < 0.12) & (m.ratio > 0.6)
        for p, q in runs(mask, 1, 4):
            if sp[max(0, p - 8) : q + 2].max() > v:
                out.append((p, q))
    return merge(out)


@event
def kneelift(m, side="any", deg=55):
    """A thigh is raised by deg degrees, standing."""
    out = []
    for s in sides(side):
        for r in runs(thigh_angle(m, s) > deg, 1, 2):
            if m.ratio[r[0] : r[1]].min() > 0.75 and m.speed[r[0] : r[1]].mean() < 1.9:
                out.append(r)
    return sorted(out)


@event
def oneleg(m, side="any", sec=1.0, lift=0.12):
    """Stands on one leg (side = the leg stood on)."""
    out = []
    for s in sides(side):
        o = "right" if s == "left" else "left"
        # the lifted foot clears the floor in both the ankle and the toes
        out += runs(
            (np.minimum(m.y[:, LEG[o][2]] - 0.06, m.y[:, LEG[o][3]]) > lift) & (m.foot(s) < 0.10) & (m.ratio > 0.7),
            int(sec * FPS),
            2,
        )
    return out


@event
def lunge(m, side="any", span=0.62, ratio=0.92, dir="forward"):
    """One foot far ahead (or to the side), its knee bent, pelvis lowered."""
    out = []
    for s in sides(side):
        o = "right" if s == "left" else "left"
        d = m.joints[:, LEG[s][2]] - m.joints[:, LEG[o][2]]
        ax = (d * m.forward).sum(-1) if dir == "forward" else np.abs((d * m.left).sum(-1))
        mask = (
            (ax > span) & (m.ratio < ratio) & (m.ratio > 0.4) & (m.knee(s) < 140) & (m.foot(s) < 0.15) & (m.speed < 1.5)
        )
        out += runs(mask, 3, 3)
    return merge(out)


@event
def march(m, deg=45, n=4):
    """Knees are lifted in turn, n times."""
    z = sorted([(r, s) for s in SIDES for r in kneelift(m, s, deg)])
    alt = [z[0]] if z else []
    for r in z[1:]:
        if r[1] != alt[-1][1]:
            alt.append(r)
    return [(alt[0][0][0], alt[-1][0][1])] if len(alt) >= n else []


@event
def trot(m, lift=0.10, cadence=1.8, n=5, maxtravel=1.2):
    """Steps on the spot: alternate foot lifts, the root stays."""
    ev = sorted([(r, s) for s in SIDES for r in runs(m.y[:, LEG[s][2]] - 0.07 > lift, 2, 1)])
    alt = []
    for r in ev:
        if not alt or r[1] != alt[-1][1]:
            alt.append(r)
    out = []
    for i in range(len(alt) - n + 1):
        s, e = alt[i][0][0], alt[i + n - 1][0][1]
        d = np.linalg.norm((m.joints[s:e, PEL] - m.joints[s, PEL])[:, [0, 2]], axis=-1).max()
        if n / ((e - s) / FPS) >= cadence and d < maxtravel / 2:
            out.append((s, e))
    return merge(out)


@event
def jacks(m):
    """Jumping jack cycles: feet apart and hands up together."""
    d = smooth(((m.joints[:, LA] - m.joints[:, RA]) * m.left).sum(-1), 3)
    w = np.minimum(m.y[:, LW] - m.y[:, LS], m.y[:, RW] - m.y[:, RS])
    out = []
    for k in runs(d > 0.40, 2, 1):
        s, e = max(0, k[0] - 4), min(m.frames, k[1] + 4)
        if w[s:e].max() > 0.08 and d[max(0, s - 8) : e + 8].min() < 0.34 and m.ratio[s:e].min() > 0.75:
            out.append(k)
    return out


@event
def climb(m, rise=0.25):
    """The support (lowest foot) and the pelvis both end higher, in steps."""
    lf = smooth(np.minimum(m.y[:, LT], m.y[:, RT]), 5)
    p = smooth(m.y[:, PEL], 9)
    low = np.minimum.accumulate(p)
    e = int(np.argmax(p - low))
    s = int(np.argmin(p[: e + 1]))
    if (
        (p - low)[e] >= rise
        and lf[max(0, e - 4) : e + 5].min() - lf[max(0, s - 4) : s + 5].min() >= 0.6 * rise
        and m.ratio[s] > 0.8
    ):
        return [(s, e + 1)]
    return []


@event
def descend(m, drop=0.25):
    """The support and the pelvis both end lower."""
    # the highest posture comes first; the floor may be the lower level
    p = smooth(m.y[:, PEL], 9)
    lf = smooth(np.minimum(m.y[:, LT], m.y[:, RT]), 5)
    hi = np.maximum.accumulate(p)
    e = int(np.argmax(hi - p))
    s = int(np.argmax(p[: e + 1]))
    if (hi - p)[e] >= drop and lf[max(0, s - 4) : s + 5].min() - lf[max(0, e - 4) : e + 5].min() >= 0.6 * drop:
        return [(s, e + 1)]
    return []


@event
def stomp(m, side="any", lift=0.12, v=0.8):
    """A lifted foot comes down fast: one interval for each."""
    out = []
    for s in sides(side):
        y = m.foot(s)
        vy = rate(smooth(y, 3))
        for p, q in runs(y > lift, 2, 1):
            if (
                vy[p : min(m.frames, q + 4)].min() < -v
                and y[q : q + 5].min(initial=9) < 0.08
                and m.ratio[p:q].min() > 0.75
            ):
                out.append((p, q))
    return sorted(out)


@event
def dodge(m, dir="any", dist=0.22, sec=0.8):
    """The head goes sideways quickly."""
    n = int(sec * FPS)
    x = smooth(m.joints[:, HEAD], 3)
    d = np.array([(x[min(m.frames - 1, i + n)] - x[i]) @ m.left[i] for i in range(m.frames)])
    d = {"left": d, "right": -d, "any": np.abs(d)}[dir]
    return runs(d > dist, 1, 10)


@event
def stumble(m, deg=13):
    """The trunk pitches or tips over and is caught, upright after."""
    z = zigzag(smooth(m.pitch, 5), deg)
    out = [(z[k - 1], z[k]) for k in range(1, len(z)) if z[k] - z[k - 1] < 24]
    z = zigzag(smooth(m.lean, 5), deg)
    return sorted(out + [(z[k - 1], z[k]) for k in range(1, len(z)) if z[k] - z[k - 1] < 24])
