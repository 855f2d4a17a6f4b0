"""Metrics of text-to-motion, reconstruction and completion, as the field defines them (Guo et al., CVPR 2022).

Embeddings are (N, D) arrays of an :class:`motiongpt.evaluation.t2m_evaluator.Evaluator`. Joints are (T, J, 3) metres.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from motiongpt.errors import MotionGPTError

GROUP = 32
"""Texts and motions that are ranked against each other."""
GIVEN = {"pred": (0.2, 0.0), "inbetween": (0.25, 0.25)}
"""Share of the frames that is given at the start and at the end of a motion to be completed."""


def distances(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Euclidean distances (N, M) of embeddings (N, D) and (M, D)."""
    return np.linalg.norm(np.asarray(first, float)[:, None] - np.asarray(second, float)[None], axis=-1)


def _pairs(texts: np.ndarray, motions: np.ndarray, group: int) -> list[np.ndarray]:
    """Distance matrices (group, group) of the groups; an incomplete last group is left out."""
    texts, motions = np.asarray(texts, float), np.asarray(motions, float)
    if texts.ndim != 2 or texts.shape != motions.shape:
        raise MotionGPTError(
            f"Each text needs its motion: embeddings are {texts.shape} and {motions.shape}, expected (N, D) twice."
        )
    if not (np.isfinite(texts).all() and np.isfinite(motions).all()):
        raise MotionGPTError("Ranking needs finite numbers, but embeddings hold NaN or infinite ones: leave these out.")
    if len(texts) < group:
        raise MotionGPTError(f"Ranking needs groups of {group}, but there are {len(texts)} pairs of text and motion.")
    starts = range(0, len(texts) - group + 1, group)
    return [distances(texts[start : start + group], motions[start : start + group]) for start in starts]


def r_precision(texts: np.ndarray, motions: np.ndarray, *, group: int = GROUP, top: int = 3) -> np.ndarray:
    """Share of texts whose own motion is among the nearest 1, 2, .. ``top`` of its group, (top,).

    Args:
        texts, motions: embeddings (N, D), row i of one belonging to row i of the other, in the order to be grouped.
        group: texts and motions ranked against each other; an incomplete last group is left out.

    Raises:
        MotionGPTError: other shapes, or fewer pairs than a group.
    """
    matrices = np.stack(_pairs(texts, motions, group))
    own = np.diagonal(matrices, axis1=1, axis2=2)
    # Motions at exactly the own motion's distance come in their order, as a stable sort has them.
    earlier = np.tril(np.ones((group, group), dtype=bool), -1)
    ahead = (matrices < own[..., None]) | ((matrices == own[..., None]) & earlier)
    rank = ahead.sum(-1)
    return np.array([(rank < count).mean() for count in range(1, top + 1)])


def r_precision_bound(
    queries: Sequence[str], told: Sequence[Collection[str]], *, group: int = GROUP, top: int = 3
) -> np.ndarray:
    """R-precision of whoever knows by heart what is said of which clip, (top,): clips said to do the same are a draw.

    Args:
        queries: (N,) texts that are ranked, in the form in which equal ones tell nothing apart.
        told: (N,) all texts of each clip, in that form, its query among them.
        group, top: as in :func:`r_precision`, in the same order.

    Raises:
        MotionGPTError: other numbers, or fewer clips than a group.
    """
    if len(queries) != len(told) or len(told) < group:
        raise MotionGPTError(f"Ranking needs groups of {group}, but there are {len(queries)} texts, {len(told)} clips.")
    rows = []
    for start in range(0, len(told) - group + 1, group):
        members = told[start : start + group]
        draws = [sum(query in texts for texts in members) for query in queries[start : start + group]]
        rows += [[min(1.0, count / draw) for count in range(1, top + 1)] for draw in draws]
    return np.mean(rows, axis=0)


def retrieval(texts: np.ndarray, motions: np.ndarray, own: Sequence[int] | np.ndarray) -> dict[str, float]:
    """How well texts find their motions among all motions (as in TMR, Petrovich et al., ICCV 2023).

    Args:
        texts: embeddings (N, D) of queries.
        motions: embeddings (M, D) of all that can be found.
        own: (N,) the row of ``motions`` that each query tells.

    Returns:
        ``R@1``, ``R@2``, ``R@3``, ``R@5`` and ``R@10`` (shares of queries whose motion is among the nearest) and
        ``MedR``, the median rank, 1 being the best.
    """
    apart = distances(texts, motions)
    rank = (apart < np.take_along_axis(apart, np.asarray(own)[:, None], axis=1)).sum(1)
    return {**{f"R@{k}": float((rank < k).mean()) for k in (1, 2, 3, 5, 10)}, "MedR": float(np.median(rank) + 1)}


def matching_score(texts: np.ndarray, motions: np.ndarray, *, group: int = GROUP) -> float:
    """Mean distance of a text and its motion, over the complete groups of :func:`r_precision`.

    Raises:
        MotionGPTError: as there.
    """
    return float(np.mean([np.diagonal(matrix).mean() for matrix in _pairs(texts, motions, group)]))


def frechet_distance(real: np.ndarray, made: np.ndarray) -> float:
    """FID: Fréchet distance of two normal distributions fitted to embeddings (N, D) and (M, D), N, M >= 2.

    Raises:
        MotionGPTError: too few rows, or numbers that are not finite.
    """
    real, made = np.asarray(real, float), np.asarray(made, float)
    for rows in (real, made):
        if rows.ndim != 2 or len(rows) < 2 or not np.isfinite(rows).all():
            raise MotionGPTError(f"FID needs two or more rows of finite numbers, but embeddings are {rows.shape}.")
    apart = real.mean(0) - made.mean(0)
    # With covariances A'A and B'B, the trace of the root of their product is the sum of the singular values of AB':
    # no matrix root, which loses digits where there are fewer rows than dimensions.
    first, second = (
        np.asarray(np.linalg.qr((rows - rows.mean(0)) / np.sqrt(len(rows) - 1), mode="r")) for rows in (real, made)
    )
    shared = np.linalg.svd(first @ second.T, compute_uv=False).sum()
    # Rounding can bring equal sets a little under zero.
    return max(float(apart @ apart + (first**2).sum() + (second**2).sum() - 2 * shared), 0.0)


def diversity(motions: np.ndarray, rng: np.random.Generator, *, pairs: int = 300) -> float:
    """Mean distance of ``pairs`` random pairs of embeddings (N, D), N > pairs: two draws without replacement.

    Raises:
        MotionGPTError: fewer embeddings than pairs.
    """
    motions = np.asarray(motions, float)
    if len(motions) <= pairs:
        raise MotionGPTError(f"Diversity over {pairs} pairs needs more than {pairs} motions, not {len(motions)}.")
    first, second = (rng.choice(len(motions), pairs, replace=False) for _ in range(2))
    return float(np.linalg.norm(motions[first] - motions[second], axis=-1).mean())


def multimodality(motions: np.ndarray, rng: np.random.Generator, *, pairs: int = 10) -> float:
    """Mean distance of random pairs of motions of one text, embeddings (texts, motions a text, D).

    Raises:
        MotionGPTError: another number of axes, or fewer motions a text than pairs.
    """
    motions = np.asarray(motions, float)
    if motions.ndim != 3 or motions.shape[1] <= pairs:
        raise MotionGPTError(
            f"MultiModality over {pairs} pairs needs embeddings (texts, more than {pairs}, D), not {motions.shape}."
        )
    first, second = (rng.choice(motions.shape[1], pairs, replace=False) for _ in range(2))
    return float(np.linalg.norm(motions[:, first] - motions[:, second], axis=-1).mean())


def mpjpe(real: np.ndarray, made: np.ndarray) -> np.ndarray:
    """(T,) mean joint error in mm after moving the roots, joint 0, of each frame onto each other."""
    real, made = _same_joints(real, made)
    error = (real - real[:, :1]) - (made - made[:, :1])
    return 1000 * np.linalg.norm(error, axis=-1).mean(-1)


def pa_mpjpe(real: np.ndarray, made: np.ndarray) -> np.ndarray:
    """(T,) mean joint error in mm after the best similarity (shift, turn, scale) of each frame."""
    real, made = _same_joints(real, made)
    middle = real.mean(1, keepdims=True)
    target, source = real - middle, made - made.mean(1, keepdims=True)
    left, values, right = np.linalg.svd(np.swapaxes(source, 1, 2) @ target)
    # A reflection is no turn: the smallest axis is turned back.
    flip = np.ones_like(values)
    flip[:, -1] = np.sign(np.linalg.det(left @ right))
    turn = left @ (flip[..., None] * right)
    scale = (values * flip).sum(-1) / np.maximum((source**2).sum((1, 2)), 1e-12)
    aligned = scale[:, None, None] * (source @ turn) + middle
    return 1000 * np.linalg.norm(real - aligned, axis=-1).mean(-1)


def acceleration_error(real: np.ndarray, made: np.ndarray) -> np.ndarray:
    """(T-2,) mean error in mm per frame² of the joints' second differences; empty below three frames."""
    real, made = _same_joints(real, made)
    return 1000 * np.linalg.norm(np.diff(real - made, n=2, axis=0), axis=-1).mean(-1)


def _same_joints(real: np.ndarray, made: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    real, made = np.asarray(real, float), np.asarray(made, float)
    if real.ndim != 3 or real.shape != made.shape or real.shape[2] != 3 or len(real) == 0:
        raise MotionGPTError(f"Joints are compared as (T, J, 3) of one shape, but are {real.shape} and {made.shape}.")
    return real, made


def reconstruction_errors(
    real: Sequence[np.ndarray] | np.ndarray,
    made: Sequence[np.ndarray] | np.ndarray,
    lengths: Sequence[int] | np.ndarray | None = None,
    *,
    strict_reference: bool = False,
) -> dict[str, float]:
    """Errors of reconstructed motions, a mean over all frames.

    Args:
        real, made: joints (T, J, 3) of each motion, or all padded in (B, T, J, 3).
        lengths: frames of each motion in padded arrays; all when None.
        strict_reference: padding counts too.

    Returns:
        ``MPJPE`` and ``PAMPJPE`` in mm, ``ACCEL`` in mm per frame².

    Raises:
        MotionGPTError: shapes that differ.
    """
    if len(real) != len(made) or len(real) == 0:
        raise MotionGPTError(f"{len(real)} motions cannot be compared with {len(made)}: give one for one.")
    ends: list[int | None] = [None] * len(real)
    if lengths is not None and not strict_reference:
        ends = [int(length) for length in lengths]
    pairs = [(a[:end], b[:end]) for a, b, end in zip(real, made, ends, strict=True)]
    measures = {"MPJPE": mpjpe, "PAMPJPE": pa_mpjpe, "ACCEL": acceleration_error}
    errors = {name: np.concatenate([measure(a, b) for a, b in pairs]) for name, measure in measures.items()}
    return {name: float(values.mean()) if len(values) else float("nan") for name, values in errors.items()}


def completion_errors(
    real: Sequence[np.ndarray] | np.ndarray,
    made: Sequence[np.ndarray] | np.ndarray,
    lengths: Sequence[int] | np.ndarray | None = None,
    *,
    task: str,
    given: Sequence[tuple[int, int]] | None = None,
    strict_reference: bool = False,
) -> dict[str, float]:
    """Displacement errors of the frames that were not given, a mean over the motions.

    The distance of two frames is that of all their joint coordinates as one vector, in metres, nothing aligned.

    Args:
        real, made: joints (T, J, 3) of each whole motion, given frames included, or all padded in (B, T, J, 3).
        lengths: frames of each motion in padded arrays; all when None.
        task: ``pred``, whose first fifth is given, or ``inbetween``, whose first and last quarter are.
        given: frames that were given at the start and at the end of each motion; those shares rounded down when None.
        strict_reference: for ``pred``, frame k of the made part is compared with frame k of the whole real motion.

    Returns:
        ``ADE``, the mean over the frames, and ``FDE``, at the last of them.

    Raises:
        MotionGPTError: no such task, shapes that differ, or a motion so short that nothing is left to complete.
    """
    if task not in GIVEN:
        raise MotionGPTError(f"There is no completion task {task!r}: take one of {', '.join(GIVEN)}.")
    if len(real) != len(made) or len(real) == 0:
        raise MotionGPTError(f"{len(real)} motions cannot be compared with {len(made)}: give one for one.")
    rows = []
    for number, (a, b) in enumerate(zip(real, made, strict=True)):
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


def with_interval(values: Sequence[float] | np.ndarray) -> tuple[float, float]:
    """Mean of repeated measurements (usually 20), and half the width of its 95 % interval, 1.96 std / sqrt(n)."""
    values = np.asarray(values, float)
    return float(values.mean()), float(1.96 * values.std() / np.sqrt(len(values)))
