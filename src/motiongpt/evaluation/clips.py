"""How the model does on clips that were held back: reconstruction, captions, completion.

Mirrored clips (ids that start with M) are left out: they are no further evidence.
"""

from __future__ import annotations

import csv
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from motiongpt.data.layout import TEXTS, MotionText, MotionTextDataset
from motiongpt.data.texts import token_columns, tokens
from motiongpt.errors import MotionGPTError
from motiongpt.generation.motiongpt import MotionGPT
from motiongpt.motion import Motion, rotations
from motiongpt.motion.measures import foot_skate_ratio, jerk
from motiongpt.motion.placement import heading
from motiongpt.text.action_words import actions, sides
from motiongpt.tokenizer import MotionTokenizer

# Motions described together.
_BATCH = 8
# A clip that hardly moves has no usual step to compare a seam with: 2 cm a frame, 0.4 m/s, is a calm hand.
_LEAST_STEP = 0.02


@dataclass(frozen=True)
class Clip:
    """A held-back clip: id, where it was captured, motion, captions (maybe none), and these lemmatised, if the data
    set has them so."""

    id: str
    source: str
    motion: Motion
    captions: tuple[str, ...]
    lemmas: tuple[str, ...] = ()


def read_clips(
    root: str | Path,
    split: str = "test",
    limit: int | None = None,
    *,
    mirrored: bool = False,
    min_frames: int = 1,
    max_frames: int | None = None,
) -> list[Clip]:
    """Clips of a split, without mirrored ones unless these are asked for.

    Args:
        root: data set in the HumanML3D layout; the ``source`` column of its ``clips.csv`` is used where there is one.
        split: name of the list.
        limit: take about so many, evenly over the list.
        mirrored: take mirrored clips too.
        min_frames, max_frames: bounds of the feature rows of a clip, both included.

    Raises:
        MotionGPTError: the data set cannot be read.
    """
    data = MotionTextDataset(root, split, min_frames=min_frames, max_frames=max_frames)
    sources = _sources(Path(root) / "clips.csv")
    chosen = [index for index, name in enumerate(data.ids) if mirrored or not name.startswith("M")]
    if not chosen:
        raise MotionGPTError(
            f"{Path(root) / f'{split}.txt'} lists only mirrored clips; there is nothing to measure on."
        )
    if limit is not None and limit < len(chosen):
        chosen = [chosen[round(place)] for place in np.linspace(0, len(chosen) - 1, limit)]
    return [_clip(data[index], data, sources) for index in chosen]


def _clip(item: MotionText, data: MotionTextDataset, sources: dict[str, str]) -> Clip:
    name = item.id.split("[")[0]
    motion = Motion.from_features(item.features, data.skeleton, name=item.id)
    texts = tuple(caption.text for caption in item.captions)
    columns = token_columns(data.root / TEXTS / f"{name}.txt") if texts else {}
    lemmas = tuple(" ".join(token.split("/")[0] for token in columns[text].split()) for text in texts)
    # Data sets that nobody lemmatised have the words themselves there.
    plain = lemmas == tuple(" ".join(token.split("/")[0] for token in tokens(text).split()) for text in texts)
    return Clip(item.id, sources.get(name, "all"), motion, texts, () if plain else lemmas)


def _sources(path: Path) -> dict[str, str]:
    if not path.is_file():
        return {}
    with path.open(encoding="utf-8", newline="") as file:
        return {row["id"]: row["source"] for row in csv.DictReader(file)}


def reconstruction(tokenizer: MotionTokenizer, clips: Sequence[Clip]) -> dict[str, dict[str, float]]:
    """Encode and decode all clips, and compare: see :func:`compare_reconstructions`."""
    made = [
        tokenizer.decode_motion(tokenizer.encode(clip.motion)).joints
        for clip in tqdm(clips, desc="reconstruction", disable=None)
    ]
    return compare_reconstructions(clips, made)


def compare_reconstructions(clips: Sequence[Clip], made: Sequence[np.ndarray]) -> dict[str, dict[str, float]]:
    """Error of clips that were encoded and decoded, over all (``"all"``) and by source.

    Each frame is moved so that the roots agree; nothing is turned, so an error of the heading counts.

    Args:
        made: joints (T or more, J, 3) of each clip, in canonical placement.

    Returns:
        For each source: ``clips``, ``frames``, ``mpjpe_clips`` and ``mpjpe_frames`` (mm, mean over clips and over
        frames), ``mpjpe_turned`` (mm, mean over clips, headings made equal too), ``drift`` and ``drift_per_second``
        (m: distance of the root from its place at the end), ``heading_drift`` (degrees at the end); means over clips of
        :func:`motiongpt.motion.measures.foot_skate_ratio`, ``skate_real`` and ``skate``, and of
        :func:`motiongpt.motion.measures.jerk` (m/s^3), ``jerk_real`` and ``jerk``.
    """
    rows = []
    for clip, decoded in zip(clips, made, strict=True):
        # Both sides go through the canonical placement, so they start at one place with one heading.
        truth, skeleton = clip.motion.standard().joints, clip.motion.skeleton
        joints = decoded[: len(truth)]
        own, other = truth - truth[:, :1], joints - joints[:, :1]
        turn = rotations.multiply(rotations.conjugate(heading(truth, skeleton)), heading(joints, skeleton))
        angle = 2 * np.arctan2(turn[-1, 2], turn[-1, 0])
        error = 1000 * np.linalg.norm(own - other, axis=-1).mean(axis=-1)
        turned = 1000 * np.linalg.norm(own - rotations.rotate(turn[:, None], other), axis=-1).mean()
        drift = float(np.linalg.norm((truth - joints)[-1, 0, [0, 2]]))
        heading_drift = abs(np.degrees((angle + np.pi) % (2 * np.pi) - np.pi))
        measured = [measure(some, skeleton) for measure in (foot_skate_ratio, jerk) for some in (truth, joints)]
        rows.append(
            (
                clip.source, len(truth), error.mean(), turned, drift, drift / clip.motion.seconds, heading_drift,
                *measured,
            )
        )  # fmt: skip
    report = {}
    for source in ("all", *sorted({row[0] for row in rows} - {"all"})):
        values = np.array([row[1:] for row in rows if source in ("all", row[0])], dtype=float)
        frames, error, turned, drift, rate, heading_drift, *measured = values.T
        skate_real, skate, jerk_real, jerk_made = (float(column.mean()) for column in measured)
        report[source] = {
            "clips": len(values),
            "frames": int(frames.sum()),
            "mpjpe_clips": float(error.mean()),
            "mpjpe_frames": float((error * frames).sum() / frames.sum()),
            "mpjpe_turned": float(turned.mean()),
            "drift": float(drift.mean()),
            "drift_per_second": float(rate.mean()),
            "heading_drift": float(heading_drift.mean()),
            "skate_real": skate_real,
            "skate": skate,
            "jerk_real": jerk_real,
            "jerk": jerk_made,
        }
    return report


def judge_description(description: str, references: Sequence[str]) -> dict[str, bool | str | None]:
    """Compare a description with the captions people gave.

    Returns:
        ``action``: the first action class of the description is among the classes of any reference; ``main``: it is
        the class most references begin with; ``side``: ``"right"``, ``"wrong"`` or ``"silent"``. None where the
        references name no action, or not one side.
    """
    said = actions(description)
    named = [actions(text) for text in references]
    first = Counter(classes[0] for classes in named if classes)
    spoken = [one for one in map(sides, references) if one]
    side: str | None = None
    if spoken and len(set.union(*spoken)) == 1:
        own = sides(description)
        side = "silent" if not own else "right" if own == spoken[0] else "wrong"
    if not first:
        return {"action": None, "main": None, "side": side}
    known = {name for classes in named for name in classes}
    most = first.most_common(1)[0][1]
    return {
        "action": bool(said) and said[0] in known,
        "main": bool(said) and first[said[0]] == most,
        "side": side,
    }


def describing(model: MotionGPT, clips: Sequence[Clip]) -> dict[str, Any]:
    """Whether descriptions name the right action and side.

    Returns:
        ``action`` and ``main`` (shares of ``clips``, see :func:`judge_description`), the same of the best answer that
        never looks at the motion (``blind_action``, ``blind_main``: one class for all), ``sides`` (counts),
        ``different`` (share of descriptions that are not repeated), ``seconds`` a clip, and every ``description``.
    """
    clips = [clip for clip in clips if any(map(actions, clip.captions))]
    if not clips:
        raise MotionGPTError("No held-back clip has a caption that names an action; there is nothing to compare with.")
    texts: list[str] = []
    start = time.perf_counter()
    # Clips of like length together: a batch takes as long as its longest.
    for group in tqdm(_groups(clips), desc="describe", disable=None):
        texts += model.describe([clip.motion for clip in group])
    seconds = (time.perf_counter() - start) / len(clips)
    ordered = [clip for group in _groups(clips) for clip in group]
    verdicts = [judge_description(text, clip.captions) for text, clip in zip(texts, ordered, strict=True)]
    blind = {
        key: max(
            np.mean([judge_description(word, clip.captions)[key] for clip in clips])
            for word in ("walks", "runs", "jumps", "dances", "kicks", "throws", "climbs", "turns")
        )
        for key in ("action", "main")
    }
    return {
        "clips": len(clips),
        "action": float(np.mean([verdict["action"] for verdict in verdicts])),
        "main": float(np.mean([verdict["main"] for verdict in verdicts])),
        "blind_action": float(blind["action"]),
        "blind_main": float(blind["main"]),
        "sides": {name: sum(v["side"] == name for v in verdicts) for name in ("right", "wrong", "silent")},
        "different": len(set(texts)) / len(texts),
        "seconds": seconds,
        "descriptions": [
            {"id": clip.id, "description": text, "reference": clip.captions[0], **verdict}
            for clip, text, verdict in zip(ordered, texts, verdicts, strict=True)
        ],
    }


def _groups(clips: Sequence[Clip]) -> list[list[Clip]]:
    ordered = sorted(clips, key=lambda clip: len(clip.motion))
    return [ordered[start : start + _BATCH] for start in range(0, len(ordered), _BATCH)]


def seam_jump(joints: np.ndarray, seams: Sequence[int], reference: np.ndarray) -> float:
    """The largest joint step at seams as a multiple of the usual largest step of a real clip.

    Args:
        joints: (T, J, 3) the completed motion.
        seams: frames before which a seam lies: the step from ``seam - 1`` to ``seam`` is looked at.
        reference: (T, J, 3) the real clip. Its usual largest step is the 95th percentile over its frames of the step
            of the quickest joint, at least 2 cm.
    """
    usual = max(float(np.percentile(_steps(reference), 95)), _LEAST_STEP)
    steps = _steps(joints)
    return max(float(steps[seam - 1]) for seam in seams) / usual


def _steps(joints: np.ndarray) -> np.ndarray:
    """(T-1,) step of the quickest joint from each frame to the next."""
    return np.linalg.norm(np.diff(joints, axis=0), axis=-1).max(axis=-1)


def completing(model: MotionGPT, clips: Sequence[Clip], seed: int = 0, **sampling: Any) -> dict[str, dict[str, float]]:
    """Prediction from the first fifth, and filling in between the first and last quarter.

    The clips are moved and turned away from the canonical placement first: the result must come back to it.
    Clips shorter than 2 seconds, or longer than the model fills at once, are left out.

    Returns:
        For ``predict`` and ``inbetween``: ``clips``; ``deviation`` (largest of any given frame, m); ``seam`` and
        ``seam_worst`` (median and largest :func:`seam_jump`); ``seam_high`` (share of clips above 1.5); ``seconds``
        a clip.
    """
    window = model.defaults.window * model.tokenizer.stride
    shortest = round(2 * model.tokenizer.skeleton.fps)
    clips = [clip for clip in clips if shortest <= len(clip.motion) <= window]
    if not clips:
        raise MotionGPTError(f"No held-back clip has {shortest} to {window} frames; there is nothing to complete.")
    rows: dict[str, list[tuple[float, float, float]]] = {"predict": [], "inbetween": []}
    turn = rotations.about("Y", np.array(1.0))
    for clip in tqdm(clips, desc="predict, inbetween", disable=None):
        truth = rotations.rotate(turn, clip.motion.joints.astype(np.float64)) + np.array([2.0, 0.0, -1.0])
        motion = Motion(truth, clip.motion.fps, clip.motion.skeleton)
        count = len(motion)
        fifth, quarter = max(1, round(0.2 * count)), max(1, round(0.25 * count))
        tasks = {
            "predict": (
                lambda m: model.predict(m, given=0.2, seed=seed, **sampling),
                [fifth],
                slice(0, fifth),
                slice(0, 0),
            ),
            "inbetween": (
                lambda m: model.inbetween(m, given=(0.25, 0.25), seed=seed, **sampling),
                [quarter, count - quarter],
                slice(0, quarter),
                slice(count - quarter, count),
            ),
        }
        for name, (complete, seams, head, tail) in tasks.items():
            start = time.perf_counter()
            made = complete(motion).joints
            seconds = time.perf_counter() - start
            kept = max(float(np.abs(made[part] - motion.joints[part]).max(initial=0)) for part in (head, tail))
            rows[name].append((kept, seam_jump(made, seams, motion.joints), seconds))
    report = {}
    for name, values in rows.items():
        kept, jump, seconds = np.array(values).T
        report[name] = {
            "clips": len(values),
            "deviation": float(kept.max()),
            "seam": float(np.median(jump)),
            "seam_worst": float(jump.max()),
            "seam_high": float((jump > 1.5).mean()),
            "seconds": float(seconds.mean()),
        }
    return report


def evaluate_held_out(
    model: MotionGPT,
    root: str | Path,
    *,
    limit: int | None = None,
    completions: int = 40,
    seed: int = 0,
    **sampling: Any,
) -> dict[str, Any]:
    """All of this module on the test split.

    Args:
        model: what to measure.
        root: data set in the HumanML3D layout.
        limit: number of clips, evenly over the list; None for all.
        completions: number of clips that are completed, which takes longest.
        seed, sampling: of prediction and in-between.

    Returns:
        ``reconstruction``, ``describe``, ``predict``, ``inbetween`` as of the functions above.
    """
    clips = read_clips(root, limit=limit)
    step = max(1, len(clips) // completions)
    return {
        "reconstruction": reconstruction(model.tokenizer, clips),
        "describe": describing(model, clips),
        **completing(model, clips[::step], seed, **sampling),
    }
