"""Prediction and in-between: codes are continued or filled in, and joined to the frames that are given."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from motiongpt.errors import MotionGPTError
from motiongpt.generation.candidates import SEED_STEP, Candidate, codes_of
from motiongpt.generation.decode import Decoder, cleaned
from motiongpt.generation.prompting import Prompting
from motiongpt.lm.decoding import generate
from motiongpt.lm.grammars import MotionGrammar
from motiongpt.lm.model import MotionLanguageModel
from motiongpt.lm.tasks import Task
from motiongpt.motion import HUMANML3D, Motion
from motiongpt.motion.blending import join, seam_cost
from motiongpt.motion.continuation import cycles, discontinuity, expected_path, repeat, steer
from motiongpt.motion.placement import floor_of_part

# Completions of a motion, of which the one is kept that joins the given frames best.
NUM_COMPLETIONS = 8
# Cycles of a motion among which the seed draws one.
_CYCLES = 3
# Offset between the seeds of two parts of a long motion.
_PART_SEED = 7919

_Item = TypeVar("_Item")


@dataclass(frozen=True)
class Completer:
    """Continues motions and fills gaps.

    Attributes:
        language: writes codes.
        decoder: makes motions of them.
        prompting: prompts and lengths, under the options of the call.
    """

    language: MotionLanguageModel
    decoder: Decoder
    prompting: Prompting

    def predict(self, motions: Sequence[Motion], given: float, seconds: float | None, seed: int) -> list[Motion]:
        """Continue the first part of each motion, see :meth:`motiongpt.MotionGPT.predict`."""
        stride = self.prompting.stride
        sources, firsts, totals, shown = [], [], [], []
        for motion in motions:
            source = self._resampled(motion)
            first = max(1, round(given * len(source)))
            head = source[:first]
            sources.append(source)
            firsts.append(first)
            totals.append(len(source) if seconds is None else self.prompting.frames(seconds))
            # Only codes that the given frames cover in full; the rest of a stride is written anew and faded in.
            shown.append(self._encode_part(head, head)[: max(1, first // stride)])
        counts = [
            math.ceil(total / stride) if total > first else 0 for total, first in zip(totals, firsts, strict=True)
        ]
        # 1. Several continuations, as long as the model writes at once.
        window, context = self.prompting.settings.window, self.prompting.settings.context
        first_part = [
            min(count, max(len(codes) - context, 0) + window) for count, codes in zip(counts, shown, strict=True)
        ]
        continuations = self.extend(_repeated(shown), _repeated(first_part), _completion_seeds(seed, len(shown)))
        # 2. Of each motion the one that goes on most as it was, or its own cycle.
        choices = [
            self._choose(row, source[:first].joints, min(total, stride * count), seed)
            for row, source, first, total, count in zip(
                _rows(continuations), sources, firsts, totals, first_part, strict=True
            )
        ]
        written = [choice for choice in choices if isinstance(choice, np.ndarray)]
        owners = [number for number, choice in enumerate(choices) if isinstance(choice, np.ndarray)]
        # 3. A written one is continued to its end, with all details, and joined to the given frames.
        written = self.extend(written, [counts[number] for number in owners], [seed] * len(owners))
        decoded = self.decoder.motions(written, [None] * len(written), [(seed, 0)] * len(written))
        made = dict(zip(owners, decoded, strict=True))
        return [
            self._continued(source, first, total, made.get(number, choice))
            for number, (source, first, total, choice) in enumerate(zip(sources, firsts, totals, choices, strict=True))
        ]

    def inbetween(self, motions: Sequence[Motion], given: tuple[float, float], seed: int) -> list[Motion]:
        """Fill the middle of each motion, see :meth:`motiongpt.MotionGPT.inbetween`."""
        stride = self.prompting.stride
        results, seams, ends, gaps = [], [], [], []
        for motion in motions:
            source = self._resampled(motion)
            total = len(source)
            first, last = max(1, round(given[0] * total)), total - max(1, round(given[1] * total))
            results.append(source)
            seams.append((first, last))
            if last <= first:
                continue
            head = source[:first]
            shown = replace(source, joints=np.concatenate([head.joints, source[last:].joints]))
            before = self._encode_part(head, shown)[: max(1, first // stride)]
            # The tail's codes start where a stride starts.
            offset = min(math.ceil(last / stride) * stride, total - 1)
            after = self._encode_part(source[offset:], shown)
            ends.append((before, after))
            gaps.append(math.ceil(total / stride) - len(before) - len(after))
        filled = [number for number, (first, last) in enumerate(seams) if last > first]
        fillings = self.fill(_repeated(ends), _repeated(gaps), _completion_seeds(seed, len(ends)))
        # Where the hidden frames lie inside the codes at the seam, these can be one too many or too few.
        counts = [math.ceil(len(results[number]) / stride) for number in filled]
        fillings = [
            np.concatenate([codes[:count], np.repeat(codes[-1:], max(count - len(codes), 0))])
            for codes, count in zip(fillings, _repeated(counts), strict=True)
        ]
        written = [
            self._best(row, results[number], *seams[number])
            for row, number in zip(_rows(fillings), filled, strict=True)
        ]
        decoded = self.decoder.motions(written, [None] * len(filled), [(seed, 0)] * len(filled))
        for number, made in zip(filled, decoded, strict=True):
            source, (first, last) = results[number], seams[number]
            total = len(source)
            joints = join(source[:first].joints, made.joints[:total], source[last:].joints, skeleton=source.skeleton)
            frames = np.arange(total)
            keep = (frames < first) | (frames >= last)
            results[number] = cleaned(replace(source, joints=joints), self.prompting.settings.cleanup, keep)
        return results

    def extend(self, codes: Sequence[np.ndarray], totals: Sequence[int], seeds: Sequence[int]) -> list[np.ndarray]:
        """Coarse codes (n,) of each motion continued to its total, in parts that see the last codes before them.

        Codes that are enough already are returned as they are.
        """
        results = [np.asarray(one) for one in codes]
        settings = self.prompting.settings
        part = 0
        while todo := [i for i, total in enumerate(totals) if len(results[i]) < total]:
            heads = [results[i][-settings.context :] for i in todo]
            counts = [
                min(totals[i] - len(results[i]), settings.window - len(head))
                for i, head in zip(todo, heads, strict=True)
            ]
            answers = generate(
                self.language,
                [self.prompting.prompt(Task.PREDICT, head=head) for head in heads],
                [MotionGrammar(count, count) for count in counts],
                # Every part draws other numbers.
                seed=[seeds[i] + _PART_SEED * part for i in todo],
                **settings.token_sampling,
            )
            for i, (answer,) in zip(todo, answers, strict=True):
                results[i] = np.concatenate([results[i], codes_of(answer)])
            part += 1
        return results

    def lengthen(self, candidates: Sequence[Candidate]) -> list[Candidate]:
        """Candidates continued to the length that their clause requests."""
        totals = [
            0
            if one.clause.frames is None or one.recording
            else self.prompting.code_bounds(one.clause.frames, None, None)[0]
            for one in candidates
        ]
        codes = self.extend([one.codes for one in candidates], totals, [sum(one.seed) for one in candidates])
        return [one.extended(longer) for one, longer in zip(candidates, codes, strict=True)]

    def fill(
        self, ends: Sequence[tuple[np.ndarray, np.ndarray]], gaps: Sequence[int], seeds: Sequence[int]
    ) -> list[np.ndarray]:
        """Coarse codes of each motion: those of its two ends with as many between them as its gap says.

        Raises:
            MotionGPTError: a gap is longer than the model can fill.
        """
        settings = self.prompting.settings
        limit, longest = settings.window - 2, max(gaps, default=0)
        if longest > limit:
            raise MotionGPTError(
                f"The gap of {self.prompting.seconds(longest):.1f} seconds is longer than the "
                f"{self.prompting.seconds(limit):.1f} seconds this model fills: give more of the motion."
            )
        todo = [i for i, gap in enumerate(gaps) if gap > 0]
        prompts, grammars, lefts = [], [], []
        for i in todo:
            near = max(1, min(settings.context, (settings.window - gaps[i]) // 2))
            left, right = ends[i][0][-near:], ends[i][1][:near]
            prompts.append(self.prompting.prompt(Task.INBETWEEN, head=left, tail=right, hidden=gaps[i]))
            forced = [*left.tolist(), *[None] * gaps[i], *right.tolist()]
            grammars.append(MotionGrammar(len(forced), len(forced), forced))
            lefts.append(len(left))
        results = [np.concatenate(pair) for pair in ends]
        drawn = [seeds[i] for i in todo]
        answers = generate(self.language, prompts, grammars, seed=drawn, **settings.token_sampling) if prompts else []
        for i, start, (answer,) in zip(todo, lefts, answers, strict=True):
            before, after = ends[i]
            results[i] = np.concatenate([before, codes_of(answer)[start : start + gaps[i]], after])
        return results

    def _resampled(self, motion: Motion) -> Motion:
        tokenizer = self.decoder.tokenizer
        tokenizer.check_skeleton(motion)
        return motion.resample(tokenizer.skeleton.fps)

    def _choose(self, rows: Sequence[np.ndarray], head: np.ndarray, total: int, seed: int) -> np.ndarray | int:
        """The continuation that goes on most as it was: its codes, or the frame where a cycle of the motion begins.

        Args:
            rows: codes (n,) of continuations.
            head: (h, J, 3) given frames.
            total: frames of all that are compared.
            seed: draws among the cycles of the motion, so that seeds do not repeat each other.
        """
        tokenizer, skeleton = self.decoder.tokenizer, self.decoder.tokenizer.skeleton
        if total <= len(head):
            return rows[0]
        goal = expected_path(head, total - len(head), skeleton)
        choices: list[np.ndarray | int] = list(rows)
        made = [Motion.from_features(one, skeleton).joints[:total] for one in tokenizer.decode_batch(rows)]
        seams = [seam_cost(head, joints, skeleton=skeleton) for joints in made]
        made = [join(head, joints, skeleton=skeleton) for joints in made]
        if found := cycles(head, skeleton)[:_CYCLES]:
            start, seam = found[seed % len(found)]
            choices.append(start)
            seams.append(seam)
            made.append(repeat(head, start, total, skeleton))
        costs = [
            discontinuity(head, self._steered(joints, goal), goal, seam, skeleton)
            for joints, seam in zip(made, seams, strict=True)
        ]
        return choices[int(np.argmin(costs))]

    def _continued(self, source: Motion, first: int, total: int, choice: Motion | int | np.ndarray) -> Motion:
        """Given frames with a continuation: what was written, or what follows the frame where a cycle begins."""
        if total <= first:
            return source[:total]
        head, skeleton = source[:first].joints, source.skeleton
        if isinstance(choice, Motion):
            joints = join(head, choice.joints[:total], skeleton=skeleton)
        else:
            joints = repeat(head, int(choice), total, skeleton)
        joints = self._steered(joints, expected_path(head, total - first, skeleton))
        return cleaned(replace(source, joints=joints), self.prompting.settings.cleanup, np.arange(total) < first)

    def _steered(self, joints: np.ndarray, goal: np.ndarray) -> np.ndarray:
        """Joints steered along a path, where the skeleton's feet are known."""
        skeleton = self.decoder.tokenizer.skeleton
        return steer(joints, goal, skeleton.fps) if skeleton.name == HUMANML3D.name else joints

    def _best(self, completions: Sequence[np.ndarray], source: Motion, first: int, last: int) -> np.ndarray:
        """The completion that joins frames before ``first`` and from ``last`` on best.

        Args:
            completions: codes (n,).
            source: the motion that is completed.
            first, last: bounds of its hidden frames.
        """
        tokenizer = self.decoder.tokenizer
        head, tail = source[:first].joints, source[last:].joints
        costs = []
        for features in tokenizer.decode_batch(completions):
            joints = Motion.from_features(features, tokenizer.skeleton).joints
            costs.append(seam_cost(head, joints[: len(source)], tail, skeleton=source.skeleton))
        return completions[int(np.argmin(costs))]

    def _encode_part(self, part: Motion, shown: Motion) -> np.ndarray:
        """Codes of a part of a clip, its floor taken from all frames that are shown."""
        tokenizer = self.decoder.tokenizer
        both = replace(shown, joints=np.concatenate([shown.joints, part.joints]))
        placed = floor_of_part(shown.joints) == 0
        if tokenizer.skeleton.lengths is not None:
            # Retarget both together: one body, one scale, one floor.
            both = both.retargeted()
        floor = 0.0 if placed else float(both.joints[: len(shown), :, 1].min())
        features = tokenizer.features_of(both[len(shown) :], floor=floor)
        return tokenizer.encode(features, coarse=True)


def _repeated(items: Sequence[_Item]) -> list[_Item]:
    """Each item once for each completion."""
    return [item for item in items for _ in range(NUM_COMPLETIONS)]


def _rows(completions: Sequence[_Item]) -> list[Sequence[_Item]]:
    """The completions of each motion."""
    return [completions[start : start + NUM_COMPLETIONS] for start in range(0, len(completions), NUM_COMPLETIONS)]


def _completion_seeds(seed: int, count: int) -> list[int]:
    """Seeds of all completions of so many motions."""
    return [seed + SEED_STEP * number for _ in range(count) for number in range(NUM_COMPLETIONS)]
