"""Predicates on a whole clip: length, travel, pace and style of walking. Each returns (holds, measured value)."""

from __future__ import annotations

import numpy as np
from signals import (
    ARM,
    FPS,
    HEAD,
    LA,
    LE,
    LEG,
    LT,
    LW,
    NECK,
    PEL,
    RA,
    RE,
    RT,
    RW,
    SIDES,
    SP1,
    SP3,
    moving,
    predicate,
    rate,
    runs,
    smooth,
    thigh_angle,
    zigzag,
)


@predicate
def duration(m, sec, tol=0.15):
    """The clip lasts sec seconds."""
    d = m.frames / FPS
    return abs(d - sec) <= tol * sec + 0.051, f"{d:.1f}s"


@predicate
def stays(m, r=0.8):
    """The pelvis never leaves a circle of r metres about its start."""
    d = np.linalg.norm((m.joints[:, PEL] - m.joints[0, PEL])[:, [0, 2]], axis=-1).max()
    return d <= r, f"moves {d:.2f}m"


@predicate
def travels(m, d=1.0, hi=None, dir=None):
    """The end is d metres from the start, in a direction of the body at the start."""
    v = (m.joints[-1, PEL] - m.joints[0, PEL]) * np.array([1, 0, 1])
    x = np.linalg.norm(v)
    if dir:
        x = v @ {"forward": m.forward[0], "back": -m.forward[0], "left": m.left[0], "right": -m.left[0]}[dir]
    return x >= d and (hi is None or x <= hi), f"net {x:.2f}m"


@predicate
def pathlen(m, d=1.0, hi=None):
    """Length of the path, metres."""
    x = m.speed.sum() / FPS
    return x >= d and (hi is None or x <= hi), f"path {x:.2f}m"


@predicate
def pace(m, lo=0.0, hi=9.0):
    """Mean speed while travelling, m/s."""
    x = np.mean(m.speed[moving(m)])
    return lo <= x <= hi, f"pace {x:.2f}"


@predicate
def straight(m, deg=60):
    """The heading spans at most deg degrees."""
    x = np.ptp(m.heading)
    return x <= deg, f"heading spans {x:.0f}"


@predicate
def noturn(m, dir, deg=60):
    """Never turns by more than deg degrees to a side."""
    x = m.heading * (1 if dir == "left" else -1)
    d = (x - np.minimum.accumulate(x)).max()
    return d <= deg, f"turns {dir} {d:.0f}"


@predicate
def stooped(m, deg=1, head=33):
    """Trunk and head hang forward: mean pitch, or head ahead of the pelvis."""
    k = moving(m)
    p = np.mean(m.pitch[k])
    h = np.mean(np.degrees(np.arctan2(m.body(HEAD, NECK)[k, 0], m.body(HEAD, NECK)[k, 1])))
    return p >= deg or h >= head, f"pitch {p:.0f} head {h:.0f}"  # neutral walk: pitch -8, head 15


@predicate
def erect(m, deg=-4):
    """Trunk and head upright."""
    k = moving(m)
    p = np.mean(m.pitch[k])
    h = np.mean(np.degrees(np.arctan2(m.body(HEAD, NECK)[k, 0], m.body(HEAD, NECK)[k, 1])))
    return p <= deg and h < 28, f"pitch {p:.0f} head {h:.0f}"


def _arm_swings(m):
    """Forward reach of each wrist between its extremes, metres."""
    k = moving(m)
    r = []
    for s in SIDES:
        x = m.body(ARM[s][2], ARM[s][0])[k, 0]
        r.append(np.percentile(x, 95) - np.percentile(x, 5))
    return r


@predicate
def armswing(m, lo=0.0, hi=9.0):
    """Larger swing of the two arms, metres."""
    r = max(_arm_swings(m))
    return lo <= r <= hi, f"arm swing {r:.2f}"


@predicate
def bounce(m, lo=0.0, hi=9.0):
    """Range of the pelvis' height within strides, metres."""
    k = moving(m)
    y = m.y[:, PEL]
    y = y - smooth(y, 25)
    x = np.percentile(y[k], 95) - np.percentile(y[k], 5)
    return lo <= x <= hi, f"bounce {x:.3f}"


@predicate
def meanratio(m, lo=0.0, hi=2.0):
    """Mean height of the pelvis while travelling, as a share of standing."""
    x = np.mean(m.ratio[moving(m)])
    return lo <= x <= hi, f"pelvis ratio {x:.2f}"


@predicate
def minratio(m, lo=0.0, hi=2.0):
    """Lowest height of the pelvis, as a share of standing."""
    x = m.ratio.min()
    return lo <= x <= hi, f"min ratio {x:.2f}"


@predicate
def kneeheight(m, lo=0, hi=180):
    """Largest thigh angle typical of a step (80th percentile of the peaks)."""
    x = max(np.percentile(thigh_angle(m, s)[moving(m)], 95) for s in SIDES)
    return lo <= x <= hi, f"thigh {x:.0f}"


def _stance(m):
    """Mean stance time, step length, knee bend of each leg."""
    k = moving(m)
    res = {}
    for s in SIDES:
        a, _t = LEG[s][2], LEG[s][3]
        sp = np.linalg.norm(rate(smooth(m.joints[:, a], 3))[:, [0, 2]], axis=-1)
        st = sp < 0.45
        r = [b - c for c, b in runs(st, 2, 1) if c > 0 and b < m.frames]
        sw = [(c, b) for c, b in runs(~st, 3, 1) if c > 0 and b < m.frames]
        res[s] = (
            np.mean(r) if r else np.nan,
            np.mean([np.linalg.norm((m.joints[b, a] - m.joints[c, a])[[0, 2]]) for c, b in sw]) if sw else np.nan,
            np.mean([m.y[c:b, a].max() for c, b in sw]) if sw else np.nan,
            np.percentile(m.knee(s)[k], 5),
            np.mean([b - c for c, b in sw]) if sw else np.nan,
        )
    return res


@predicate
def asymmetric(m, ratio=1.4, side=None):
    """Uneven gait: stance time, foot lift, knee bend or step advance differ by side."""
    r = _stance(m)
    v = []
    for i in (0, 4, 2):
        a, b = r["left"][i], r["right"][i]
        if a > 0 and b > 0:
            v.append(max(a / b, b / a))
    kb = abs(r["left"][3] - r["right"][3])
    # step advance: how far each foot is ahead at its furthest
    k = moving(m)
    d = ((m.joints[:, LA] - m.joints[:, RA]) * m.forward).sum(-1)[k]
    adv = abs(np.percentile(d, 95) + np.percentile(d, 5))
    # bob and lean once per stride
    x = max(v) if v else 0
    ok = x >= ratio or kb > 15 or adv > 0.18
    return ok, f"asym {x:.2f} knee {kb:.0f} advance {adv:.2f}"


@predicate
def unsteady(m, amp=0.07, n=3):
    """Sways: path wobble or lean change beyond a normal walk."""
    d = smooth(m.joints[:, PEL], 31)
    lat = ((smooth(m.joints[:, NECK], 5) - d) * m.left).sum(-1)
    z = zigzag(lat, amp * 1.5)
    le = np.percentile(m.lean, 95) - np.percentile(m.lean, 5)
    hd = np.std(m.heading - smooth(m.heading, 61)) if m.frames > 61 else np.std(m.heading)
    sp = np.std(smooth(m.speed, 9)) / (np.mean(m.speed) + 0.05)
    sc = [len(z) >= n, hd > 9, sp > 0.45]
    return le > 14 and sum(sc) >= 1, f"wobble {len(z)} lean {le:.0f} heading {hd:.0f} speed var {sp:.2f}"


@predicate
def armsforward(m, share=0.5, ext=0.42):
    """Both arms stretched forward in a share of the clip."""
    k = np.ones(m.frames, bool)
    for s in SIDES:
        sh, _e, w = ARM[s]
        b = m.body(w, sh)
        k &= (b[:, 0] / m.arm_length > ext) & (b[:, 1] > -0.35)
    return k.mean() >= share, f"arms forward {k.mean():.2f}"


@predicate
def armsout(m, share=0.3, ext=0.55):
    """Both arms stretched to the sides in a share of the clip."""
    k = np.ones(m.frames, bool)
    for s in SIDES:
        sh, _e, w = ARM[s]
        b = m.body(w, sh)
        k &= (b[:, 2] * (1 if s == "left" else -1) / m.arm_length > ext) & (b[:, 1] > -0.35)
    return k.mean() >= share, f"arms out {k.mean():.2f}"


@predicate
def armstiff(m, hi=0.15):
    """The arms hardly swing."""
    r = max(_arm_swings(m))
    return r <= hi, f"arm swing {r:.2f}"


@predicate
def stifflegs(m, deg=150):
    """The knees stay straight while travelling."""
    x = min(np.percentile(m.knee(s)[moving(m)], 10) for s in SIDES)
    return x >= deg, f"knee {x:.0f}"


@predicate
def lively(m, v=0.7):
    """Mean speed of hands and feet against the pelvis (dance, energetic)."""
    x = np.mean([m.relative_speed(k).mean() for k in (LW, RW, LA, RA)])
    return x >= v, f"limb speed {x:.2f}"


@predicate
def calm(m, v=0.5):
    """Hands and feet move slowly against the pelvis."""
    x = np.mean([m.relative_speed(k).mean() for k in (LW, RW, LA, RA)])
    return x <= v, f"limb speed {x:.2f}"


@predicate
def dance(m, v=0.5, sec=2.5):
    """Arms and feet keep moving in varied ways, not simply walking along."""
    w = np.mean([smooth(m.relative_speed(k, SP3), 9) > 0.35 for k in (LW, RW)])
    feet = np.mean(np.maximum(m.relative_speed(LA), m.relative_speed(RA)) > 0.35)
    net = np.linalg.norm((m.joints[-1, PEL] - m.joints[0, PEL])[[0, 2]])
    rev = (
        len(zigzag(m.y[:, PEL], 0.025))
        + len(zigzag(((m.joints[:, PEL] - m.joints[0, PEL]) * m.left).sum(-1), 0.06))
        + len(zigzag(m.heading, 15))
    )
    arms = np.mean(np.maximum(m.y[:, LW], m.y[:, RW]) > m.y[:, SP1])
    x = [
        m.frames >= sec * FPS and np.mean(m.ratio) > 0.78,
        w > 0.4,
        feet > 0.35,
        net < 2.5,
        rev / (m.frames / FPS) > 1.2,
        arms > 0.35,
    ]
    return all(
        x
    ), f"dance {''.join('01'[bool(i)] for i in x)} w{w:.2f} f{feet:.2f} net{net:.1f} rev{rev} arms{arms:.2f}"


@predicate
def stopsend(m, sec=0.5, v=0.2, was=0.5):
    """Moves first and stands still at the end."""
    sp = smooth(m.speed, 5)
    n = int(sec * FPS)
    ok = sp[-n:].max() < v and sp[:-n].max() > was if m.frames > n else False
    return ok, f"end speed {sp[-n:].max():.2f}, before {sp[:-n].max() if m.frames > n else 0:.2f}"


@predicate
def endpose(m, what="stand"):
    """Ends standing or low."""
    r = m.ratio[-5:].mean()
    ok = {"stand": r > 0.88, "low": r < 0.75}[what]
    return ok, f"end ratio {r:.2f}"


@predicate
def faster(m, by=1.3):
    """Second part clearly faster than the first."""
    n = m.frames // 3
    a, b = m.speed[:n].mean(), m.speed[-n:].mean()
    return b > a * by + 0.1, f"{a:.2f} to {b:.2f}"


@predicate
def slower(m, by=1.3):
    """Last third clearly slower than the first."""
    n = m.frames // 3
    a, b = m.speed[:n].mean(), m.speed[-n:].mean()
    return a > b * by + 0.1, f"{a:.2f} to {b:.2f}"


@predicate
def steplength(m, lo=0.0, hi=9.0):
    """Distance of the feet along the body's direction at its 95th percentile, metres."""
    d = np.abs(((m.joints[:, LA] - m.joints[:, RA]) * m.forward).sum(-1))[moving(m)]
    x = np.percentile(d, 95)
    return lo <= x <= hi, f"step {x:.2f}"


@predicate
def stepwidth(m, lo=0.0, hi=9.0):
    """Median distance of the feet across the body, metres; negative: crossed."""
    d = ((m.joints[:, LA] - m.joints[:, RA]) * m.left).sum(-1)[moving(m)]
    x = np.median(d)
    return lo <= x <= hi, f"width {x:.2f}"


@predicate
def cadence(m, lo=0.0, hi=9.0):
    """Steps a second."""
    d = smooth(((m.joints[:, LA] - m.joints[:, RA]) * m.forward).sum(-1), 3)
    k = moving(m)
    z = [i for i in zigzag(d, 0.12) if k[i]]
    x = (len(z) - 1) / ((z[-1] - z[0]) / FPS) if len(z) > 2 else 0.0
    return lo <= x <= hi, f"cadence {x:.2f}"


@predicate
def leanrange(m, lo=12, hi=180):
    """Range of the sideways lean, degrees."""
    x = np.percentile(m.lean, 95) - np.percentile(m.lean, 5)
    return lo <= x <= hi, f"lean range {x:.0f}"


@predicate
def elbowsbent(m, lo=60, hi=125):
    """Median angle of both elbows, degrees."""
    x = [np.median(m.elbow(s)) for s in SIDES]
    return all(lo <= v <= hi for v in x), f"elbows {x[0]:.0f} {x[1]:.0f}"


@predicate
def tiptoe(m, d=0.105):
    """The supporting foot's heel is up."""
    left, right = m.y[:, LA] - m.y[:, LT], m.y[:, RA] - m.y[:, RT]
    x = np.median(np.where(m.y[:, LT] < m.y[:, RT], left, right)[moving(m)])
    return x >= d, f"heel {x:.3f}"


@predicate
def footlift(m, lo=0.0, hi=9.0):
    """Mean height of the ankles at the top of a step, metres."""
    r = _stance(m)
    x = np.nanmean([r["left"][2], r["right"][2]])
    return lo <= x <= hi, f"foot lift {x:.2f}"


@predicate
def shiver(m, per=4.0, amp=0.006):
    """Hands or elbows shake per times a second, in place."""
    x = max(
        len(zigzag((m.joints[:, k] - smooth(m.joints[:, k], 9))[:, ax], amp))
        for k in (LW, RW, LE, RE)
        for ax in (0, 1, 2)
    ) / (m.frames / FPS)
    return x >= per and m.speed.mean() < 0.6, f"shakes {x:.1f}/s"


@predicate
def headdown(m, deg=34):
    """The head hangs forward against the trunk by deg degrees."""
    x = np.percentile(
        np.degrees(np.arctan2(m.body(HEAD, NECK)[:, 0], m.body(HEAD, NECK)[:, 1])) + np.maximum(m.pitch, 0) * 0, 80
    )
    return x >= deg, f"head {x:.0f}"
