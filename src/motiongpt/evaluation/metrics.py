"""Metrics of text-to-motion, reconstruction and completion, as the field defines them (Guo et al., CVPR 2022).

Pure functions of arrays; :mod:`motiongpt.evaluation.measures` registers them for the reports. Embeddings are (N, D)
arrays of a :class:`motiongpt.evaluation.evaluators.MotionTextEvaluator`. Joints are (T, J, 3) in metres, Y up.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from motiongpt.errors import MotionGPTError
from motiongpt.motion import Skeleton, rotations
from motiongpt.motion.placement import heading

GROUP = 32
"""Number of texts and motions that are ranked against each other."""
GIVEN = {"pred": (0.2, 0.0), "inbetween": (0.25, 0.25)}
"""Share of the frames that is given at the start and at the end of a motion to complete."""
# A clip that hardly moves has no usual step to compare a seam with: 2 cm a frame, 0.4 m/s, is a calm hand.
_MIN_STEP = 0.02
# A body moves at this mean speed of its joints (m/s), and rests at this share of its speed before.
_MOVES, _RESTS = 0.2, 0.3


def distances(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Euclidean distances (N, M) between embeddings (N, D) and (M, D)."""
    return np.linalg.norm(np.asarray(first, float)[:, None] - np.asarray(second, float)[None], axis=-1)


def _pairs(texts: np.ndarray, motions: np.ndarray, group: int) -> list[np.ndarray]:
    """Distance matrices (group, group) of the groups; an incomplete last group is dropped."""
    texts, motions = np.asarray(texts, float), np.asarray(motions, float)
    if texts.ndim != 2 or texts.shape != motions.shape:
        raise MotionGPTError(
            f"Each text needs its motion: embeddings are {texts.shape} and {motions.shape}, expected (N, D) twice."
        )
    if not (np.isfinite(texts).all() and np.isfinite(motions).all()):
        raise MotionGPTError("Ranking needs finite embeddings, but some are NaN or infinite: drop those rows.")
    if len(texts) < group:
        raise MotionGPTError(f"Ranking needs groups of {group}, but there are {len(texts)} pairs of text and motion.")
    starts = range(0, len(texts) - group + 1, group)
    return [distances(texts[start : start + group], motions[start : start + group]) for start in starts]


def r_precision(texts: np.ndarray, motions: np.ndarray, *, group: int = GROUP, top: int = 3) -> np.ndarray:
    """Share of texts whose own motion is among the nearest 1, 2, .. ``top`` of its group, (top,).

    Args:
        texts, motions: embeddings (N, D); row i of one belongs to row i of the other, in the order of grouping.
        group: number of texts and motions ranked against each other; an incomplete last group is dropped.
        top: largest rank that counts.

    Raises:
        MotionGPTError: the shapes differ, or there are fewer pairs than a group.
    """
    matrices = np.stack(_pairs(texts, motions, group))
    own = np.diagonal(matrices, axis1=1, axis2=2)
    # Motions at exactly the same distance keep their order, as in a stable sort.
    earlier = np.tril(np.ones((group, group), dtype=bool), -1)
    ahead = (matrices < own[..., None]) | ((matrices == own[..., None]) & earlier)
    rank = ahead.sum(-1)
    return np.array([(rank < count).mean() for count in range(1, top + 1)])


def r_precision_bound(
    queries: Sequence[str], captions: Sequence[Collection[str]], *, group: int = GROUP, top: int = 3
) -> np.ndarray:
    """R-precision of an oracle that knows every caption, (top,): it cannot separate clips with the same caption.

    Args:
        queries: (N,) texts that are ranked, normalised so that equivalent texts are equal.
        captions: (N,) all texts of each clip, normalised in the same way, the query among them.
        group, top: as in :func:`r_precision`, in the same order.

    Raises:
        MotionGPTError: the numbers differ, or there are fewer clips than a group.
    """
    if len(queries) != len(captions) or len(captions) < group:
        raise MotionGPTError(
            f"Ranking needs groups of {group}, but there are {len(queries)} texts and {len(captions)} clips."
        )
    rows = []
    for start in range(0, len(captions) - group + 1, group):
        members = captions[start : start + group]
        draws = [sum(query in texts for texts in members) for query in queries[start : start + group]]
        rows += [[min(1.0, count / draw) for count in range(1, top + 1)] for draw in draws]
    return np.mean(rows, axis=0)


def retrieval(texts: np.ndarray, motions: np.ndarray, own: Sequence[int] | np.ndarray) -> dict[str, float]:
    """How well texts find their motions among all motions (as in TMR, Petrovich et al., ICCV 2023).

    Args:
        texts: embeddings (N, D) of the queries.
        motions: embeddings (M, D) of all candidates.
        own: (N,) the row of ``motions`` that each query describes.

    Returns:
        ``R@1``, ``R@2``, ``R@3``, ``R@5`` and ``R@10`` (share of queries whose motion is among the nearest k) and
        ``MedR`` (median rank; 1 is best).
    """
    apart = distances(texts, motions)
    rank = (apart < np.take_along_axis(apart, np.asarray(own)[:, None], axis=1)).sum(1)
    return {**{f"R@{k}": float((rank < k).mean()) for k in (1, 2, 3, 5, 10)}, "MedR": float(np.median(rank) + 1)}


def matching_score(texts: np.ndarray, motions: np.ndarray, *, group: int = GROUP) -> float:
    """Mean distance between a text and its motion, over the complete groups of :func:`r_precision`.

    Raises:
        MotionGPTError: as :func:`r_precision`.
    """
    return float(np.mean([np.diagonal(matrix).mean() for matrix in _pairs(texts, motions, group)]))


def frechet_distance(real: np.ndarray, generated: np.ndarray) -> float:
    """FID: Fréchet distance between normal distributions fitted to embeddings (N, D) and (M, D), N, M >= 2.

    Raises:
        MotionGPTError: there are too few rows, or numbers that are not finite.
    """
    real, generated = np.asarray(real, float), np.asarray(generated, float)
    for rows in (real, generated):
        if rows.ndim != 2 or len(rows) < 2 or not np.isfinite(rows).all():
            raise MotionGPTError(f"FID needs two or more rows of finite numbers, but embeddings are {rows.shape}.")
    apart = real.mean(0) - generated.mean(0)
    # With covariances A'A and B'B, the trace of the root of their product is the sum of the singular values of AB':
    # no matrix root, which loses digits if there are fewer rows than dimensions.
    first, second = (
        np.asarray(np.linalg.qr((rows - rows.mean(0)) / np.sqrt(len(rows) - 1), mode="r")) for rows in (real, generated)
    )
    shared = np.linalg.svd(first @ second.T, compute_uv=False).sum()
    # Rounding can push the distance of equal sets slightly below zero.
    return max(float(apart @ apart + (first**2).sum() + (second**2).sum() - 2 * shared), 0.0)


def diversity(motions: np.ndarray, rng: np.random.Generator, *, pairs: int = 300) -> float:
    """Mean distance of ``pairs`` random pairs of embeddings (N, D), N > pairs: two draws without replacement.

    Raises:
        MotionGPTError: there are fewer embeddings than pairs.
    """
    motions = np.asarray(motions, float)
    if len(motions) <= pairs:
        raise MotionGPTError(f"Diversity over {pairs} pairs needs more than {pairs} motions, not {len(motions)}.")
    first, second = (rng.choice(len(motions), pairs, replace=False) for _ in range(2))
    return float(np.linalg.norm(motions[first] - motions[second], axis=-1).mean())


def multimodality(motions: np.ndarray, rng: np.random.Generator, *, pairs: int = 10) -> float:
    """Mean distance between random pairs of motions of one text; embeddings (texts, motions per text, D).

    Raises:
        MotionGPTError: the number of axes is wrong, or there are fewer motions per text than pairs.
    """
    motions = np.asarray(motions, float)
    if motions.ndim != 3 or motions.shape[1] <= pairs:
        raise MotionGPTError(
            f"MultiModality over {pairs} pairs needs embeddings (texts, more than {pairs}, D), not {motions.shape}."
        )
    first, second = (rng.choice(motions.shape[1], pairs, replace=False) for _ in range(2))
    return float(np.linalg.norm(motions[:, first] - motions[:, second], axis=-1).mean())


def mpjpe(real: np.ndarray, generated: np.ndarray) -> np.ndarray:
    """(T,) mean joint error in mm after aligning the root, joint 0, of each frame."""
    real, generated = _same_joints(real, generated)
    error = (real - real[:, :1]) - (generated - generated[:, :1])
    return 1000 * np.linalg.norm(error, axis=-1).mean(-1)


def pa_mpjpe(real: np.ndarray, generated: np.ndarray) -> np.ndarray:
    """(T,) mean joint error in mm after Procrustes alignment (translation, rotation, scale) of each frame."""
    real, generated = _same_joints(real, generated)
    middle = real.mean(1, keepdims=True)
    target, source = real - middle, generated - generated.mean(1, keepdims=True)
    left, values, right = np.linalg.svd(np.swapaxes(source, 1, 2) @ target)
    # A reflection is not a rotation: flip the smallest axis back.
    flip = np.ones_like(values)
    flip[:, -1] = np.sign(np.linalg.det(left @ right))
    turn = left @ (flip[..., None] * right)
    scale = (values * flip).sum(-1) / np.maximum((source**2).sum((1, 2)), 1e-12)
    aligned = scale[:, None, None] * (source @ turn) + middle
    return 1000 * np.linalg.norm(real - aligned, axis=-1).mean(-1)


def acceleration_error(real: np.ndarray, generated: np.ndarray) -> np.ndarray:
    """(T-2,) mean error in mm per frame² of the second differences of the joints; empty below three frames."""
    real, generated = _same_joints(real, generated)
    return 1000 * np.linalg.norm(np.diff(real - generated, n=2, axis=0), axis=-1).mean(-1)


def mpjpe_turned(real: np.ndarray, generated: np.ndarray, skeleton: Skeleton) -> float:
    """Mean joint error in mm after aligning the root and the heading of each frame; joints (T, J, 3)."""
    turn = _heading_error(real, generated, skeleton)
    own, other = real - real[:, :1], generated - generated[:, :1]
    return 1000 * float(np.linalg.norm(own - rotations.rotate(turn[:, None], other), axis=-1).mean())


def heading_drift(real: np.ndarray, generated: np.ndarray, skeleton: Skeleton) -> float:
    """Angle in degrees, 0 to 180, between the headings of the last frames; joints (T, J, 3)."""
    turn = _heading_error(real, generated, skeleton)
    angle = 2 * np.arctan2(turn[-1, 2], turn[-1, 0])
    return float(abs(np.degrees((angle + np.pi) % (2 * np.pi) - np.pi)))


def root_drift(real: np.ndarray, generated: np.ndarray) -> float:
    """Distance in metres over the ground between the roots of the last frames; joints (T, J, 3)."""
    return float(np.linalg.norm((real - generated)[-1, 0, [0, 2]]))


def _heading_error(real: np.ndarray, generated: np.ndarray, skeleton: Skeleton) -> np.ndarray:
    """(T, 4) quaternions that turn the heading of each generated frame onto that of the real frame."""
    return rotations.multiply(rotations.conjugate(heading(real, skeleton)), heading(generated, skeleton))


def _same_joints(real: np.ndarray, generated: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    real, generated = np.asarray(real, float), np.asarray(generated, float)
    if real.ndim != 3 or real.shape != generated.shape or real.shape[2] != 3 or len(real) == 0:
        raise MotionGPTError(f"Joints must be (T, J, 3) of one shape, but are {real.shape} and {generated.shape}.")
    return real, generated


def reconstruction_errors(
    real: Sequence[np.ndarray] | np.ndarray,
    generated: Sequence[np.ndarray] | np.ndarray,
    lengths: Sequence[int] | np.ndarray | None = None,
    *,
    strict_reference: bool = False,
) -> dict[str, float]:
    """Errors of reconstructed motions, averaged over all frames.

    Args:
        real, generated: joints (T, J, 3) of each motion, or all padded in one array (B, T, J, 3).
        lengths: frames of each motion in padded arrays; None takes all frames.
        strict_reference: count padding as well, as the original MotionGPT does.

    Returns:
        ``MPJPE`` and ``PAMPJPE`` in mm, ``ACCEL`` in mm per frame².

    Raises:
        MotionGPTError: the shapes differ.
    """
    if len(real) != len(generated) or len(real) == 0:
        raise MotionGPTError(f"{len(real)} motions cannot be compared with {len(generated)}: give pairs.")
    ends: list[int | None] = [None] * len(real)
    if lengths is not None and not strict_reference:
        ends = [int(length) for length in lengths]
    pairs = [(a[:end], b[:end]) for a, b, end in zip(real, generated, ends, strict=True)]
    measures = {"MPJPE": mpjpe, "PAMPJPE": pa_mpjpe, "ACCEL": acceleration_error}
    errors = {name: np.concatenate([measure(a, b) for a, b in pairs]) for name, measure in measures.items()}
    return {name: float(values.mean()) if len(values) else float("nan") for name, values in errors.items()}


def completion_errors(
    real: Sequence[np.ndarray] | np.ndarray,
    generated: Sequence[np.ndarray] | np.ndarray,
    lengths: Sequence[int] | np.ndarray | None = None,
    *,
    task: str,
    given: Sequence[tuple[int, int]] | None = None,
    strict_reference: bool = False,
) -> dict[str, float]:
    """Displacement errors of the frames that were not given, averaged over the motions.

    The distance of two frames is the norm of all their joint coordinates as one vector, in metres, without alignment.

    Args:
        real, generated: joints (T, J, 3) of each whole motion, given frames included, or all padded in one array
            (B, T, J, 3).
        lengths: frames of each motion in padded arrays; None takes all frames.
        task: ``pred``, whose first fifth is given, or ``inbetween``, whose first and last quarter are given.
        given: frames that were given at the start and at the end of each motion; None rounds the shares of the task
            down.
        strict_reference: for ``pred``, compare frame k of the generated part with frame k of the whole real motion, as
            the original MotionGPT does.

    Returns:
        ``ADE``, the mean over the frames, and ``FDE``, the error of the last frame.

    Raises:
        MotionGPTError: the task is unknown, the shapes differ, or a motion is too short to complete.
    """
    if task not in GIVEN:
        raise MotionGPTError(f"There is no completion task {task!r}: choose one of {', '.join(GIVEN)}.")
    if len(real) != len(generated) or len(real) == 0:
        raise MotionGPTError(f"{len(real)} motions cannot be compared with {len(generated)}: give pairs.")
    rows = []
    for number, (a, b) in enumerate(zip(real, generated, strict=True)):
        end = len(a) if lengths is None else int(lengths[number])
        a, b = _same_joints(a[:end], b[:end])
        head, tail = (int(share * end) for share in GIVEN[task]) if given is None else given[number]
        first, last = head, end - tail
        if first == 0 or first == last:
            raise MotionGPTError(f"Motion {number} has {end} frames: too few to complete it for the task {task}.")
        truth = a[: last - first] if strict_reference and task == "pred" else a[first:last]
        error = np.linalg.norm((truth - b[first:last]).reshape(last - first, -1), axis=-1)
        rows.append((error.mean(), error[-1]))
    average, final = np.mean(rows, axis=0)
    return {"ADE": float(average), "FDE": float(final)}


def seam_jump(generated: np.ndarray, seams: Sequence[int], real: np.ndarray) -> float:
    """Largest joint step at the seams of a completed motion, divided by the usual largest step of the real clip.

    Args:
        generated: joints (T, J, 3) of the completed motion.
        seams: frames that follow a seam: the step from ``seam - 1`` to ``seam`` counts.
        real: joints (T, J, 3) of the real clip. Its usual largest step is the 95th percentile over its frames of the
            step of the fastest joint, but not less than 2 cm.
    """
    usual = max(float(np.percentile(_max_steps(real), 95)), _MIN_STEP)
    steps = _max_steps(generated)
    return max(float(steps[seam - 1]) for seam in seams) / usual


def _max_steps(joints: np.ndarray) -> np.ndarray:
    """(T-1,) step of the fastest joint from each frame to the next, in metres."""
    return np.linalg.norm(np.diff(joints, axis=0), axis=-1).max(axis=-1)


def at_rest(real: np.ndarray, head: int, tail: int) -> np.ndarray:
    """Complete a motion without moving: a linear blend of the poses at the gap, or the last given pose.

    Args:
        real: joints (T, J, 3).
        head, tail: frames that are given at the start and at the end.
    """
    still = real.astype(np.float64).copy()
    last = len(real) - tail
    end = real[last] if tail else real[head - 1]
    share = (np.arange(head, last) - head + 1) / (last - head + 1)
    still[head:last] = real[head - 1] + share[:, None, None] * (end - real[head - 1])
    return still


def constant_velocity(real: np.ndarray, head: int, fps: float) -> np.ndarray:
    """Predict that the last given pose moves on over the ground at the mean velocity of the last half second.

    Args:
        real: joints (T, J, 3).
        head: frames that are given at the start.
        fps: frames a second.
    """
    back = min(round(0.5 * fps), head - 1)
    step = (real[head - 1, 0] - real[head - 1 - back, 0]).astype(np.float64) / max(back, 1) * np.array([1, 0, 1])
    moved = real.astype(np.float64).copy()
    moved[head:] = real[head - 1] + np.arange(1, len(real) - head + 1)[:, None, None] * step
    return moved


def comes_to_rest(joints: np.ndarray, head: int, fps: float) -> bool | None:
    """Whether a prediction stands nearly still: in its second half, joints move less than 0.3 times as fast as before.

    Args:
        joints: (T, J, 3) metres.
        head: frames that are given at the start. Their last second counts.
        fps: frames a second.

    Returns:
        None where the body rests in the given frames already: joints that move less than 0.2 m/s in the mean.
    """
    speeds = np.linalg.norm(np.diff(joints.astype(np.float64), axis=0), axis=-1).mean(axis=-1) * fps
    before, after = speeds[max(head - 1 - round(fps), 0) : head - 1], speeds[(head + len(joints)) // 2 :]
    if not len(before) or not len(after) or before.mean() < _MOVES:
        return None
    return bool(after.mean() < _RESTS * before.mean())


def pad(motions: Sequence[np.ndarray]) -> np.ndarray:
    """Joints (T, J, 3) of each motion -> (B, T, J, 3): zeros behind each motion, up to the longest."""
    longest = max(map(len, motions))
    return np.stack([np.pad(joints, ((0, longest - len(joints)), (0, 0), (0, 0))) for joints in motions])


def codebook_usage(codes: np.ndarray, size: int) -> tuple[float, float]:
    """Share of a codebook of ``size`` codes that ``codes`` (N,) use, and the perplexity of their distribution."""
    counts = np.bincount(codes, minlength=size)
    shares = counts[counts > 0] / counts.sum()
    return float((counts > 0).mean()), float(np.exp(-(shares * np.log(shares)).sum()))


def with_interval(values: Sequence[float] | np.ndarray) -> tuple[float, float]:
    """Mean of repeated measurements (usually 20), and half the width of its 95 % interval, 1.96 std / sqrt(n)."""
    values = np.asarray(values, float)
    return float(values.mean()), float(1.96 * values.std() / np.sqrt(len(values)))
