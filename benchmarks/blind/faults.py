"""Physical faults of joints (T, 22, 3), metres, Y up, 20 fps, and whether two motions are the same one."""

from __future__ import annotations

import numpy as np
from signals import LA, LH, LS, LT, PEL, RA, RH, RS, RT, rate, runs, smooth


def _spikes(j, step):
    """Whether the pelvis (step: metres a frame) or a joint jumps: much faster than before and after."""
    spike = False
    ju = np.linalg.norm(np.diff(j, axis=0), axis=-1) if len(j) > 1 else np.zeros((1, 22))
    for i in range(len(step)):
        w = np.r_[max(0, i - 4) : i, i + 1 : min(len(step), i + 5)]
        if len(w) and step[i] > 0.15 and step[i] > 1.6 * np.median(step[w]):
            # A smooth speed-up has a neighbour nearly as fast
            nb = max(step[i - 1] if i else 0, step[i + 1] if i + 1 < len(step) else 0)
            spike |= bool(step[i] > 1.5 * nb or step[i] > 0.30)
        k = ju[i] > 0.40
        if k.any():
            nb = np.maximum(ju[i - 1] if i else 0 * ju[i], ju[i + 1] if i + 1 < len(ju) else 0 * ju[i])
            spike |= bool((ju[i][k] > 1.6 * nb[k]).any() or ju[i].max() > 0.8)
    return spike


def faults(joints, air=False, free=False):
    """Physical faults of joints (T, 22, 3), by name.

    air: the sentence is about jumping, floating is not judged. free: the floor is not flat or the body is not on its
    feet (stairs, lying, hand stands). Names that end in 0 measure from y = 0, the others from the floor of the clip.
    """
    j = np.asarray(joints, float)
    T = len(j)
    low = j[:, [LA, RA, LT, RT], 1].min(1)
    fl = np.percentile(low, 5)
    root = j[:, PEL]
    rs = np.linalg.norm(np.diff(root[:, [0, 2]], axis=0), axis=-1) if T > 1 else np.zeros(1)
    f = {}
    f["floats"] = bool((low - fl > 0.08).mean() > 0.5) and not air and not free
    f["floats0"] = bool((low > 0.08).mean() > 0.5) and not air and not free
    sp = np.linalg.norm(rate(smooth(root, 5))[:, [0, 2]], axis=-1)
    mean_v = sp.mean()
    f["running"] = bool(mean_v > 1.8)
    f["run_off_floor"] = float((low - fl > 0.06).mean()) if f["running"] else None
    f["run_off_floor0"] = float((low > 0.06).mean()) if f["running"] else None
    # A glide: both feet on the floor and both moving along it.
    tl = np.linalg.norm(rate(smooth(j[:, LT], 3))[:, [0, 2]], axis=-1)
    tr = np.linalg.norm(rate(smooth(j[:, RT], 3))[:, [0, 2]], axis=-1)
    mask = (j[:, LT, 1] - fl < 0.05) & (j[:, RT, 1] - fl < 0.05) & (tl > 0.25) & (tr > 0.25) & (sp > 0.3)
    g = 0.0
    for s, e in runs(mask, 2):
        g = max(g, rs[s : max(s + 1, e - 1)].sum())
    f["glide_m"] = float(g)
    f["glides"] = g > 0.5
    f["penetrates"] = bool(j[..., 1].min() < -0.08) or bool(
        (j[..., 1].min() - fl) < -0.08 and not free and not air and (j[..., 1].min(1) - fl < -0.08).mean() > 0.02
    )
    step = np.linalg.norm(np.diff(root, axis=0), axis=-1) if T > 1 else np.zeros(1)
    jt = np.linalg.norm(np.diff(j, axis=0), axis=-1).max() if T > 1 else 0
    # The literal rule, and the rule of spikes (real sprints and kicks pass 3 m/s and 8 m/s smoothly).
    f["jumps_literal"] = bool(step.max() > 0.15 or jt > 0.40)
    f["jumps_pos"] = _spikes(j, step)
    f["root_step_max"], f["joint_step_max"] = float(step.max()), float(jt)
    f["clean"] = not (
        f["floats"] or f["glides"] or f["penetrates"] or f["jumps_pos"] or (f["running"] and f["run_off_floor"] > 0.6)
    )
    return f


def canonical(j):
    """The same joints, with the start at the origin, facing +Z."""
    j = np.asarray(j, float).copy()
    a = (j[0, LH] - j[0, RH]) + (j[0, LS] - j[0, RS])
    th = np.arctan2(-a[2], a[0])  # angle from +X about Y
    c, s = np.cos(-th), np.sin(-th)
    R = np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]])
    o = j[0, PEL] * np.array([1, 0, 1])
    return (j - o) @ R.T


def same_motion(a, b):
    """Whether two clips differ by less than 8 cm a joint on average, both from the origin."""
    n = min(len(a), len(b))
    return float(np.linalg.norm(canonical(a)[:n] - canonical(b)[:n], axis=-1).mean()) < 0.08
