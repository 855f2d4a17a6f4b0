"""Events of arms, hands, shoulders and head: intervals of frames in which something happens."""

from __future__ import annotations

import numpy as np
from signals import (
    ARM,
    FPS,
    HEAD,
    LEG,
    LS,
    LW,
    NECK,
    PEL,
    RS,
    RW,
    SIDES,
    SP1,
    SP2,
    SP3,
    event,
    merge,
    rate,
    runs,
    side_mask,
    sides,
    smooth,
    zigzag,
)


@event
def handup(m, side="any", over="head", sec=0.2, plus=0.0):
    """A wrist is above the head, the shoulder or the chest."""
    lv = {"head": m.y[:, HEAD], "shoulder": (m.y[:, LS] + m.y[:, RS]) / 2 - 0.08, "chest": m.y[:, SP3] - 0.05}[
        over
    ] + plus
    k = side_mask(m, side, lambda s: m.y[:, ARM[s][2]] > lv)
    return runs(k, max(1, int(sec * FPS)), 3)


@event
def wave(m, side="any", n=4, amp=0.055, low=-0.08):
    """A raised hand goes from side to side n times."""
    out = []
    for s in sides(side):
        sh, e, w = ARM[s]
        mask = (m.y[:, w] > m.y[:, sh] + low) & (m.y[:, w] > m.y[:, e])
        for p, q in runs(mask, 8, 3):
            b = m.body(w, sh)[p:q]
            z1, z2 = zigzag(smooth(b[:, 2], 3), amp), zigzag(smooth(b[:, 0] - b[:, 2], 3) / 1.2, amp)
            z = max(z1, z2, key=len)
            if len(z) >= n:
                out.append((p + z[0], p + z[-1] + 1))
    if side == "both":
        lefts, rights = wave(m, "left", n, amp, low), wave(m, "right", n, amp, low)
        return [
            (max(a[0], b[0]), min(a[1], b[1])) for a in lefts for b in rights if min(a[1], b[1]) - max(a[0], b[0]) > 6
        ]
    return out


@event
def punch(m, side="any", reach=0.62, v=1.0, gain=0.22):
    """A fist shoots forward at the height of the chest or head: one interval for each."""
    out = []
    for s in sides(side):
        sh, _e, w = ARM[s]
        b = m.body(w, sh)
        x = b[:, 0] / m.arm_length
        vx = rate(smooth(b[:, 0], 3))
        z = zigzag(x, gain)
        for k, i in enumerate(z):
            st = z[k - 1] if k else max(0, i - 12)
            if (
                x[i] > reach
                and x[i] - x[st : i + 1].min() >= gain
                and vx[max(st, i - 10) : i + 1].max() > v
                and m.y[i, w] > m.y[i, SP2]
                and m.y[i, w] < m.y[i, HEAD] + 0.3
            ):
                out.append((max(st, i - 8), i + 2))
    return sorted(out)


@event
def uppercut(m, side="any", v=1.5, rise=0.3):
    """A fist shoots up in front of the body."""
    out = []
    for s in sides(side):
        sh, _e, w = ARM[s]
        y = m.y[:, w] - m.y[:, PEL]
        vy = rate(smooth(y, 3))
        z = zigzag(y, rise)
        for k, i in enumerate(z):
            st = z[k - 1] if k else max(0, i - 12)
            if (
                y[i] - y[st : i + 1].min() >= rise
                and vy[st : i + 1].max() > v
                and m.y[i, w] > m.y[i, SP3]
                and m.body(w, sh)[i, 0] > 0.1
            ):
                out.append((st, i + 2))
    return sorted(out)


@event
def clap(m, near=0.24, gain=0.08):
    """The hands meet in front of the body or above the head: one interval for each."""
    d = np.linalg.norm(m.joints[:, LW] - m.joints[:, RW], axis=-1)
    z = zigzag(d, gain)
    out = []
    mid = (m.joints[:, LW] + m.joints[:, RW]) / 2
    f = ((mid - m.joints[:, SP2]) * m.forward).sum(-1)
    for k, i in enumerate(z):
        if (
            d[i] < near
            and (k == 0 or d[z[k - 1]] > d[i])
            and mid[i, 1] - m.floor > m.y[i, PEL]
            and (f[i] > 0.05 or mid[i, 1] > m.joints[i, NECK, 1])
        ):
            out.append((max(0, i - 2), i + 3))
    return out


@event
def handsnear(m, near=0.25, sec=0.5):
    """The wrists are close to each other."""
    d = np.linalg.norm(m.joints[:, LW] - m.joints[:, RW], axis=-1)
    return runs(d < near, int(sec * FPS), 3)


@event
def throw(m, side="any", v=2.2, kind="any"):
    """A hand swings forward fast from behind; kind: over the shoulder or under."""
    out = []
    for s in sides(side):
        sh, _e, w = ARM[s]
        b = m.body(w, sh)
        vf = rate(smooth(m.body(w)[:, 0], 3))
        for p, q in runs((vf > v) & (m.speed < 1.8), 1, 3):
            a, c = max(0, p - 14), min(m.frames, q + 8)
            gain = b[p:c, 0].max() - b[a:q, 0].min()
            back = b[a:q, 0].min()
            if gain < 0.45 or back > 0.10:
                continue
            if kind == "over" and m.y[a:q, w].max() < m.y[p, sh] - 0.12:
                continue
            if kind == "under" and not (m.y[a : p + 1, w].min() < m.y[p, PEL] + 0.1):
                continue
            out.append((p, q))
    return merge(out)


@event
def reach(m, side="any", dir="forward", ext=0.75, sec=0.3):
    """Arm extended in a direction at chest height or more."""

    def f(s):
        sh, _e, w = ARM[s]
        b = m.body(w, sh)
        x = {
            "forward": b[:, 0],
            "side": b[:, 2] * (1 if s == "left" else -1),
            "left": b[:, 2],
            "right": -b[:, 2],
            "up": b[:, 1],
            "any": np.linalg.norm(b, axis=-1) * (m.y[:, w] > m.y[:, SP2]),
        }[dir] / m.arm_length
        return (x > ext) & (m.y[:, w] > m.y[:, SP2] - 0.1)

    return runs(side_mask(m, side, f), max(1, int(sec * FPS)), 3)


@event
def wristlow(m, side="any", h=0.42):
    """A wrist is close to the floor."""
    return runs(side_mask(m, side, lambda s: m.y[:, ARM[s][2]] < h), 1, 4)


@event
def pickup(m, side="any", h=0.5, rise=0.3):
    """A hand goes down to the floor and comes up again."""
    out = []
    for s in sides(side):
        y = smooth(m.y[:, ARM[s][2]], 3)
        for p, q in runs(y < h, 1, 6):
            i = p + int(np.argmin(y[p:q]))
            if y[i : min(m.frames, q + 50)].max() - y[i] > rise and (
                p == 0 or y[max(0, p - 50) : p + 1].max() > h + 0.1
            ):
                out.append((p, q))
    return merge(out)


@event
def putdown(m, side="any", h=0.5):
    """A hand goes down to the floor from higher up."""
    out = []
    for s in sides(side):
        y = smooth(m.y[:, ARM[s][2]], 3)
        out += [(p, q) for p, q in runs(y < h, 2, 6) if p > 0 and y[max(0, p - 50) : p + 1].max() > h + 0.15]
    return merge(out)


@event
def hand2head(m, side="any", near=0.34, sec=0.3, low=-0.1):
    """A raised wrist is close to the head."""

    def f(s):
        sh, _e, w = ARM[s]
        return (np.linalg.norm(m.joints[:, w] - m.joints[:, HEAD], axis=-1) < near) & (m.y[:, w] > m.y[:, sh] + low)

    return runs(side_mask(m, side, f), max(1, int(sec * FPS)), 3)


@event
def handhip(m, side="both", near=0.28, sec=0.5):
    """A wrist is at the hip, the elbow bent and out."""

    def f(s):
        sh, e, w = ARM[s]
        hip = LEG[s][0]
        return (
            (np.linalg.norm(m.joints[:, w] - m.joints[:, hip], axis=-1) < near)
            & (m.elbow(s) < 125)
            & (m.body(e, sh)[:, 2] * (1 if s == "left" else -1) > 0.1)
        )

    return runs(side_mask(m, side, f), int(sec * FPS), 3)


@event
def armscrossed(m, sec=0.4):
    """The wrists are crossed in front of the trunk, elbows bent."""
    lat = m.body(LW, SP3)[:, 2] - m.body(RW, SP3)[:, 2]
    f = (m.body(LW, SP3)[:, 0] > 0.05) & (m.body(RW, SP3)[:, 0] > 0.05)
    return runs(
        (lat < 0.05)
        & f
        & (m.y[:, LW] > m.y[:, PEL])
        & (m.y[:, RW] > m.y[:, PEL])
        & (m.elbow("left") < 125)
        & (m.elbow("right") < 125),
        int(sec * FPS),
        3,
    )


@event
def armcircle(m, side="any", deg=300):
    """Arm goes round about the shoulder."""
    out = []
    for s in sides(side):
        sh, _e, w = ARM[s]
        b = m.body(w, sh)
        for ax in (0, 2):
            a = np.degrees(np.unwrap(np.arctan2(b[:, ax], b[:, 1])))
            r = np.hypot(b[:, ax], b[:, 1])
            if np.median(r) < 0.2:
                continue
            for sg in (1, -1):
                x = a * sg
                low = np.minimum.accumulate(x)
                i = int(np.argmax(x - low))
                if (x - low)[i] >= deg:
                    out.append((int(np.argmin(x[: i + 1])), i + 1))
    return merge(out)


@event
def swing(m, sweep=90, v=2.0, near=0.45):
    """Both hands together sweep across the body fast (bat, golf, axe)."""
    d = np.linalg.norm(m.joints[:, LW] - m.joints[:, RW], axis=-1)
    mid = smooth((m.joints[:, LW] + m.joints[:, RW]) / 2, 3)
    sp = np.linalg.norm(rate(mid - m.joints[:, PEL]), axis=-1)
    u = (mid - m.joints[:, PEL])[:, [0, 2]]
    az = np.degrees(np.unwrap(np.arctan2(u[:, 0], u[:, 1])))
    r = np.linalg.norm(u, axis=-1)
    out = []
    for p, q in runs((sp > v) & (d < near) & (r > 0.12), 2, 3):
        a, b = max(0, p - 6), min(m.frames, q + 6)
        k = r[a:b] > 0.12
        if k.sum() > 3 and np.ptp(az[a:b][k]) >= sweep * 0.8 and mid[p:q, 1].min() < m.joints[p:q, HEAD, 1].max():
            out.append((p, q))
    return out


@event
def flail(m, v=1.3, sec=0.8):
    """Both hands move fast and often high."""
    left, right = smooth(m.relative_speed(LW), 11), smooth(m.relative_speed(RW), 11)
    hi = smooth((np.maximum(m.y[:, LW], m.y[:, RW]) > m.y[:, SP2]).astype(float), 21) > 0.3
    return runs((np.minimum(left, right) > v * 0.6) & ((left + right) / 2 > v) & hi, int(sec * FPS), 6)


@event
def gesture(m, side="any", v=0.6, sec=0.5):
    """A hand moves noticeably above the waist."""
    k = side_mask(
        m, side, lambda s: (smooth(m.relative_speed(ARM[s][2], SP3), 7) > v) & (m.y[:, ARM[s][2]] > m.y[:, SP1])
    )
    return runs(k, int(sec * FPS), 6)


@event
def push(m, side="both", gain=0.2, reach=0.55):
    """The hands move forward from the chest until the arms are long."""
    out = []
    x = {s: m.body(ARM[s][2], ARM[s][0])[:, 0] / m.arm_length for s in SIDES}
    x = {"both": np.minimum(x["left"], x["right"]), "any": np.maximum(x["left"], x["right"])}.get(side, x.get(side))
    z = zigzag(smooth(x, 3), gain / m.arm_length)
    up = (m.y[:, LW] > m.y[:, SP1]) if side != "right" else (m.y[:, RW] > m.y[:, SP1])
    for k, i in enumerate(z):
        if x[i] > reach and k and x[z[k - 1]] < x[i] and up[i]:
            out.append((z[k - 1], i + 1))
    return out


@event
def pull(m, gain=0.2):
    """Both hands come back to the body from far ahead."""
    x = np.minimum(m.body(LW, LS)[:, 0], m.body(RW, RS)[:, 0])
    z = zigzag(smooth(x, 3), gain)
    return [(z[k - 1], i + 1) for k, i in enumerate(z) if k and x[z[k - 1]] - x[i] > gain and x[z[k - 1]] > 0.25]


@event
def recoil(m, dist=0.18, sec=0.8):
    """Head and chest go backward quickly."""
    f = m.forward
    n = int(sec * FPS)
    out = []
    x = smooth(m.joints[:, NECK], 3)
    d = np.array([((x[min(m.frames - 1, i + n)] - x[i]) * f[i]).sum() for i in range(m.frames)])
    sp = (rate(x) * f).sum(-1)
    for p, q in runs((sp < -0.4), 3, 2):
        if -d[p] > dist or (sp[p:q].sum() / FPS) < -dist:
            out.append((p, q))
    return out


@event
def carry(m, sec=0.8):
    """Both hands held in front of the trunk, above the hips."""
    k = np.ones(m.frames, bool)
    for s in SIDES:
        sh, _e, w = ARM[s]
        k &= (m.body(w, sh)[:, 0] > 0.10) & (m.y[:, w] > m.y[:, PEL] - 0.08)
    return runs(k, int(sec * FPS), 4)


@event
def hands_low(m, sec=0.3, h=0.35):
    """Both wrists are close to the floor."""
    return runs(np.maximum(m.y[:, LW], m.y[:, RW]) < h, max(1, int(sec * FPS)), 3)


@event
def shrug(m, amp=0.02):
    """The shoulders rise against the chest, hands below the neck."""
    x = (m.joints[:, LS, 1] + m.joints[:, RS, 1]) / 2 - m.joints[:, SP3, 1]
    z = zigzag(smooth(x, 3), amp)
    return [
        (z[k - 1], i)
        for k, i in enumerate(z)
        if k and x[i] > x[z[k - 1]] and max(m.y[i, LW] - m.y[i, NECK], m.y[i, RW] - m.y[i, NECK]) < 0
    ]


@event
def nod(m, deg=7, n=3):
    """The head goes down and up n times."""
    p = np.degrees(np.arctan2(m.body(HEAD, NECK)[:, 0], m.body(HEAD, NECK)[:, 1]))
    z = zigzag(p, deg)
    return [(z[0], z[-1] + 1)] if len(z) >= n else []


@event
def flap(m, amp=0.25, n=4):
    """Both arms go up and down together at the sides."""
    z = zigzag(smooth(np.minimum(m.y[:, LW], m.y[:, RW]), 3), amp)
    return [(z[0], z[-1] + 1)] if len(z) >= n else []


@event
def handsosc(m, amp=0.15, n=4, near=0.8):
    """Both hands work back and forth below the shoulders (sweep, mop, row, saw)."""
    mid = (m.joints[:, LW] + m.joints[:, RW]) / 2
    d = np.linalg.norm(m.joints[:, LW] - m.joints[:, RW], axis=-1)
    b = mid - m.joints[:, PEL]
    best = []
    for u in (m.forward, m.left):
        z = [i for i in zigzag(smooth((b * u).sum(-1), 3), amp) if d[i] < near and mid[i, 1] < m.joints[i, NECK, 1]]
        best = max(best, z, key=len)
    z = zigzag(smooth(b[:, 1], 3), amp)
    best = max(best, z, key=len)
    return [(best[0], best[-1] + 1)] if len(best) >= n else []
