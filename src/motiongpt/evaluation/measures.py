"""What is measured of one replication of a task: metrics of what was made, and of real motion beside it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from motiongpt.evaluation import text_metrics as captions
from motiongpt.evaluation.bertscore import bert_score
from motiongpt.evaluation.clips import Clip, compare_reconstructions, judge_description, seam_jump
from motiongpt.evaluation.metrics import (
    completion_errors,
    diversity,
    frechet_distance,
    matching_score,
    mpjpe,
    r_precision,
    r_precision_bound,
    reconstruction_errors,
    retrieval,
)
from motiongpt.evaluation.outputs import Bench, Made
from motiongpt.motion import Motion
from motiongpt.motion.measures import floor_penetration, foot_skate_ratio, jerk

PAIRS = 300
"""Pairs of motions that diversity is a mean over."""
# Words that tell no motion from another: who moves, and the small words around it.
_IDLE = re.compile(
    r"(an?|the|is|are|and|then|s?he|it|his|her|their|its|they|person|people|(wo)?man|guy|some(one|body)|figure|human|"
    r"individual|subject)"
)


@dataclass
class Judged:
    """Numbers of one replication.

    Attributes:
        rows: for each source (``made``, ``real``, and what else bounds the numbers) its metrics by name.
        embeddings: (N, E) of the made motions of :meth:`Bench.clips_of`, NaN where there is none; None without
            evaluator.
        cases: of the first replication: a score for each clip, the smaller the better.
        notes: what could not be measured, or was measured in another way, and why.
        broken: clip ids and what is wrong with the motion made for them.
        seconds: that making took a clip.
        details: of the first replication: what belongs into the report beside numbers.
    """

    rows: dict[str, dict[str, float]]
    embeddings: np.ndarray | None = None
    cases: dict[str, float] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    broken: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    details: dict[str, Any] = field(default_factory=dict)


def judge(bench: Bench, task: str, replication: int) -> Judged:
    """Make one replication of a task, and measure it."""
    made = bench.make(task, replication)
    clips = bench.clips_of(task)
    measure = {"t2m": _text_to_motion, "m2t": _motion_to_text, "reconstruction": _reconstruction}.get(task, _completion)
    judged = measure(bench, task, made, replication)
    judged.broken = made.broken
    judged.seconds = made.seconds / len(clips)
    return judged


def plain_words(text: str) -> str:
    """A caption without case, punctuation, articles and the words for who moves."""
    return " ".join(word for word in re.findall(r"[^\W_]+", text.lower()) if not _IDLE.fullmatch(word))


def _present(made: Made) -> list[int]:
    return [row for row, motion in enumerate(made.motions) if motion is not None]


def _quality(motions: Sequence[Motion]) -> dict[str, float]:
    """Means over motions of what meets the eye: sliding feet (%), jitter (m/s³), depth under the floor (cm)."""
    rows = [
        (
            100 * foot_skate_ratio(motion.joints, motion.skeleton),
            jerk(motion.joints, motion.skeleton),
            100 * floor_penetration(motion.joints),
        )
        for motion in motions
    ]
    return dict(zip(("foot_skate", "jerk", "floor_penetration"), np.mean(rows, axis=0).tolist(), strict=True))


def _ranking(texts: np.ndarray, motions: np.ndarray, group: int) -> dict[str, float]:
    tops = r_precision(texts, motions, group=group)
    found = {f"r_precision_{count}": float(value) for count, value in enumerate(tops, start=1)}
    return {**found, "matching_score": matching_score(texts, motions, group=group)}


def _spread(rows: np.ndarray, rng: np.random.Generator, notes: list[str]) -> dict[str, float]:
    """Diversity, over fewer pairs where there are too few motions."""
    pairs = min(PAIRS, len(rows) // 2)
    if pairs < 1:
        notes.append("Diversity needs two motions or more and is left out.")
        return {}
    if pairs < PAIRS:
        notes.append(f"Diversity is over {pairs} pairs, not {PAIRS}: there are {len(rows)} motions.")
    return {"diversity": diversity(rows, rng, pairs=pairs)}


def _distance(real: np.ndarray, made: np.ndarray, notes: list[str]) -> dict[str, float]:
    if min(len(real), len(made)) < 2:
        notes.append("FID needs two motions or more and is left out.")
        return {}
    if min(len(real), len(made)) <= real.shape[1]:
        notes.append(
            f"FID compares {len(made)} motions in {real.shape[1]} dimensions: fewer motions than dimensions make it "
            "too large; compare it with that of two halves of the real clips, and with sets of the same size only."
        )
    return {"fid": frechet_distance(real, made)}


def _halves(rows: np.ndarray, rng: np.random.Generator) -> dict[str, float]:
    order = rng.permutation(len(rows))
    half = len(rows) // 2
    return {"fid_halves": frechet_distance(rows[order[:half]], rows[order[half:]])} if half > 1 else {}


def _text_to_motion(bench: Bench, task: str, made: Made, replication: int) -> Judged:
    clips, present = bench.told, _present(made)
    notes: list[str] = []
    motions = [motion for motion in made.motions if motion is not None]
    lengths = np.array(
        [[motion.seconds, clips[row].motion.seconds] for motion, row in zip(motions, present, strict=True)]
    )
    rows: dict[str, dict[str, float]] = {
        "made": {
            **_quality(motions),
            "length_error": float(np.abs(lengths[:, 0] - lengths[:, 1]).mean()),
            "seconds_of_motion": float(lengths[:, 0].mean()),
        },
        "real": {**_quality([clip.motion for clip in clips]), "seconds_of_motion": float(lengths[:, 1].mean())},
    }
    judged = Judged(rows, notes=notes)
    if bench.evaluator is None:
        return judged
    rng = np.random.default_rng([bench.settings.seed, 2, replication])
    order = rng.permutation(len(present))
    chosen = [present[place] for place in order]
    texts = bench.sentence_embeddings
    real = np.stack([bench.real_embeddings[clip.id] for clip in clips])
    judged.embeddings = np.full(real.shape, np.nan)
    judged.embeddings[present] = bench.embed(motions)
    group = bench.settings.group
    if len(chosen) < group:
        notes.append(
            f"R-precision and matching score need groups of {group}, but there are {len(chosen)} pairs of text and "
            "motion: they are left out (or ask for a smaller --group)."
        )
    else:
        rows["made"].update(_ranking(texts[chosen], judged.embeddings[chosen], group))
        rows["real"].update(_ranking(texts[chosen], real[chosen], group))
        bound = r_precision_bound(
            [plain_words(bench.sentences[row]) for row in chosen],
            [set(map(plain_words, clips[row].captions)) for row in chosen],
            group=group,
        )
        rows["bound"] = {f"r_precision_{count}": float(value) for count, value in enumerate(bound, start=1)}
    rows["made"].update(_distance(real[present], judged.embeddings[present], notes))
    rows["made"].update(_spread(judged.embeddings[present], rng, notes))
    rows["real"].update(_spread(real, rng, []))
    rows["real"].update(_halves(real, rng))
    if replication == 0:
        apart = np.linalg.norm(texts - judged.embeddings, axis=1)
        judged.cases = {clips[row].id: float(apart[row]) for row in present}
        told = [(number, text) for number, clip in enumerate(clips) for text in clip.captions]
        queries = bench.evaluator.embed_texts([text for _, text in told])
        judged.details["retrieval"] = retrieval(queries, real, [number for number, _ in told])
        judged.details["retrieval"]["queries"] = len(told)
        judged.details["retrieval"]["motions"] = len(clips)
    return judged


def _motion_to_text(bench: Bench, task: str, made: Made, replication: int) -> Judged:
    clips = bench.told
    notes: list[str] = []
    rows: dict[str, dict[str, float]] = {"made": {}, "real": {}}
    judged = Judged(rows, notes=notes)
    if bench.evaluator is not None and len(clips) >= bench.settings.group:
        order = np.random.default_rng([bench.settings.seed, 2, replication]).permutation(len(clips))
        real = np.stack([bench.real_embeddings[clip.id] for clip in clips])[order]
        # An empty caption says nothing: it is ranked as a sentence that fits no motion.
        texts = bench.evaluator.embed_texts([text if text.strip() else "nothing" for text in made.texts])
        rows["made"] = _ranking(texts[order], real, bench.settings.group)
        rows["real"] = _ranking(bench.sentence_embeddings[order], real, bench.settings.group)
    elif bench.evaluator is not None:
        notes.append(
            f"R-precision needs groups of {bench.settings.group}, but there are {len(clips)} clips with captions: it "
            "is left out (or ask for a smaller --group)."
        )
    if replication == 0:
        judged.details = _captions(clips, made.texts, notes)
        scores = captions.statistics(made.texts, [clip.captions for clip in clips], tokens="ptb")
        judged.cases = {clip.id: -float(value) for clip, value in zip(clips, scores.rouge, strict=True)}
        judged.details["captions"] = [
            {"id": clip.id, "caption": text, "reference": clip.captions[0]}
            for clip, text in zip(clips, made.texts, strict=True)
        ]
    return judged


def _captions(clips: Sequence[Clip], texts: Sequence[str], notes: list[str]) -> dict[str, Any]:
    """Scores of captions in all styles, with bootstrap intervals; people beside: the first caption against the rest."""
    empty = sum(not text.strip() for text in texts)
    if empty:
        notes.append(f"{empty} captions are empty and match nothing.")
    references = {"as written": [clip.captions for clip in clips]}
    if any(clip.lemmas for clip in clips):
        references["lemmatised"] = [clip.lemmas or clip.captions for clip in clips]
    several = [clip for clip in clips if len(clip.captions) > 1]
    scores: dict[str, Any] = {}
    for tokens in captions.TOKENS:
        for style, given in references.items():
            found = captions.statistics(texts, given, tokens)
            scores[f"{tokens}, {style}"] = {"mean": found.score(), "interval": found.intervals()}
        if several:
            people = captions.statistics([c.captions[0] for c in several], [c.captions[1:] for c in several], tokens)
            scores[f"{tokens}, people"] = {"mean": people.score(), "interval": people.intervals()}
    verdicts = [judge_description(text, clip.captions) for text, clip in zip(texts, clips, strict=True)]
    known = [verdict for verdict in verdicts if verdict["action"] is not None]
    return {
        "scores": scores,
        "actions": {
            "clips": len(known),
            "action": float(np.mean([verdict["action"] for verdict in known])) if known else None,
            "main": float(np.mean([verdict["main"] for verdict in known])) if known else None,
            "sides": {name: sum(v["side"] == name for v in verdicts) for name in ("right", "wrong", "silent")},
        },
        "different": len(set(texts)) / len(texts),
        "bertscore": bert_score(texts, [clip.captions for clip in clips]),
    }


def _completion(bench: Bench, task: str, made: Made, replication: int) -> Judged:
    present = _present(made)
    notes: list[str] = []
    clips = [bench.clips[row] for row in present]
    motions = [motion for motion in made.motions if motion is not None]
    original = bench.settings.protocol == "original"
    cuts = None if original else [bench.given(task, len(clip.motion)) for clip in clips]
    real = [clip.motion.joints for clip in clips]
    done = [motion.joints for motion in motions]

    def errors(some: Sequence[np.ndarray]) -> dict[str, float]:
        found = completion_errors(real, some, task=task, given=cuts, strict_reference=original)
        return {"ade": found["ADE"], "fde": found["FDE"]}

    rows: dict[str, dict[str, float]] = {
        "made": {**errors(done), **_quality(motions)},
        "real": {**errors(real), **_quality([clip.motion for clip in clips])},
        "at rest": errors([_at_rest(joints, *bench.given(task, len(joints))) for joints in real]),
    }
    judged = Judged(rows, notes=notes)
    if not original:
        seams = [
            seam_jump(motion, _seams(cut, len(motion)), truth)
            for motion, truth, cut in zip(done, real, cuts or [], strict=True)
        ]
        rows["made"]["seam"] = float(np.median(seams))
        rows["made"]["seam_high"] = 100 * float(np.mean(np.array(seams) > 1.5))
    if bench.evaluator is not None:
        rng = np.random.default_rng([bench.settings.seed, 3, replication])
        truth = np.stack([bench.real_embeddings[clip.id] for clip in clips])
        embedded = bench.embed(motions)
        rows["made"].update({**_distance(truth, embedded, notes), **_spread(embedded, rng, notes)})
        rows["real"].update({**_spread(truth, rng, []), **_halves(truth, rng)})
    if replication == 0:
        each = [
            completion_errors([a], [b], task=task, given=None if cuts is None else [cut])
            for a, b, cut in zip(real, done, cuts or [(0, 0)] * len(real), strict=True)
        ]
        judged.cases = {clip.id: found["ADE"] for clip, found in zip(clips, each, strict=True)}
    return judged


def _seams(given: tuple[int, int], frames: int) -> list[int]:
    return [given[0], *([frames - given[1]] if given[1] else [])]


def _at_rest(joints: np.ndarray, head: int, tail: int) -> np.ndarray:
    """What is given, and between it a straight blend of poses, or the last pose where nothing follows."""
    still = joints.astype(np.float64).copy()
    last = len(joints) - tail
    end = joints[last] if tail else joints[head - 1]
    share = (np.arange(head, last) - head + 1) / (last - head + 1)
    still[head:last] = joints[head - 1] + share[:, None, None] * (end - joints[head - 1])
    return still


def _reconstruction(bench: Bench, task: str, made: Made, replication: int) -> Judged:
    present = _present(made)
    notes: list[str] = []
    clips = [bench.clips[row] for row in present]
    truth = [clip.motion.standard().joints for clip in clips]
    done = [
        motion.joints[: len(real)]
        for motion, real in zip((m for m in made.motions if m is not None), truth, strict=True)
    ]
    padded = bench.settings.protocol == "original"
    errors = reconstruction_errors(
        *(_padded(truth), _padded(done)) if padded else (truth, done), strict_reference=padded
    )
    motions = [Motion(joints, clip.motion.fps, clip.motion.skeleton) for joints, clip in zip(done, clips, strict=True)]
    names = {"MPJPE": "mpjpe", "PAMPJPE": "pa_mpjpe", "ACCEL": "accel"}
    rows: dict[str, dict[str, float]] = {
        "made": {
            **{names[name]: value for name, value in errors.items()},
            **_quality(motions),
            **_codebook(bench, made),
        },
        "real": _quality([clip.motion for clip in clips]),
    }
    judged = Judged(rows, notes=notes)
    if bench.evaluator is not None:
        rng = np.random.default_rng([bench.settings.seed, 3, replication])
        real, embedded = np.stack([bench.real_embeddings[clip.id] for clip in clips]), bench.embed(motions)
        rows["made"].update({**_distance(real, embedded, notes), **_spread(embedded, rng, notes)})
        rows["real"].update({**_spread(real, rng, []), **_halves(real, rng)})
    if replication == 0:
        judged.cases = {clip.id: float(mpjpe(a, b).mean()) for clip, a, b in zip(clips, truth, done, strict=True)}
        judged.details["sources"] = compare_reconstructions(clips, done)
    return judged


def _padded(motions: Sequence[np.ndarray]) -> np.ndarray:
    """(B, T, J, 3): zeros behind each motion, up to the longest."""
    longest = max(map(len, motions))
    return np.stack([np.pad(joints, ((0, longest - len(joints)), (0, 0), (0, 0))) for joints in motions])


def _codebook(bench: Bench, made: Made) -> dict[str, float]:
    """Share of the first level's codes that real clips use (%), and how many they use as if evenly (perplexity)."""
    size, levels = bench.model.tokenizer.num_codes, bench.model.tokenizer.levels
    counts = np.bincount(np.concatenate([codes[::levels] for codes in made.codes]), minlength=size)
    shares = counts[counts > 0] / counts.sum()
    return {
        "codes_used": 100 * float((counts > 0).mean()),
        "perplexity": float(np.exp(-(shares * np.log(shares)).sum())),
    }
