"""Stage 2, the other half: recordings of a library that may show what a clause asks for.

Recordings are found by their captions and by the matcher, and adapted: cut, mirrored, slowed down a little, or repeated
where they are cyclic. They then compete with what the language model writes (:mod:`motiongpt.generation.ranking`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np

from motiongpt.generation.candidates import SIMULTANEOUS_SECONDS, Candidate
from motiongpt.generation.checks import checks
from motiongpt.generation.plan import Clause
from motiongpt.generation.prompting import Prompting
from motiongpt.lm.sentence_encoder import sentence_vectors
from motiongpt.motion import Motion
from motiongpt.motion.editing import change_tempo, find_seam, loop, splice
from motiongpt.retrieval.library import Found, Library, Query
from motiongpt.retrieval.matcher import Matcher
from motiongpt.text.captions import mirror_caption, normalise_caption
from motiongpt.text.numbers import without_count
from motiongpt.text.patterns import unique

# Recordings that are considered for a clause, and how many of them compete for a sample.
_SHORTLIST = 24
_COMPETING = 8
# What the cosines of the matcher and of the nearest caption count.
_MATCHER, _WORDS = 0.5, 1.5
# Cosine from which a recording is called what is meant, where its captions name no action of the clause.
_CALLED = 0.55
# Share of the words of the user in how well a recording fits; the rest is that of the canonical sentence.
_OWN = 0.65
# What it counts that captions name an action of the clause, or that they name only others.
_NAMED = 0.3
# Recordings that fit so much worse than the best one may come before it by chance: seeds should give other recordings.
_ABOUT = 0.15
# Seconds on both sides of a stretch that are shown too where the recording has them: actions need a beginning.
_MARGIN = 0.4
# A recording may be slowed down to this share of its tempo to fill a requested length.
_SLOWEST = 0.85
# Largest cost of the seam (see :class:`motiongpt.motion.editing.Seam`) of a recording that is repeated.
_CYCLIC = 0.12
# A recording is repeated at most so often for a sentence that says how often.
_MOST_TIMES = 6
# Frames of a recording that is not repeated.
_SHORTEST = 16
# Seconds to which a shorter cyclic recording is repeated where no length is requested.
_REPEATED = 3.0


@dataclass(frozen=True)
class Retriever:
    """Finds recordings for clauses.

    Attributes:
        library: what is searched.
        matcher: whose vectors the library has.
        prompting: lengths, under the options of the call.
    """

    library: Library
    matcher: Matcher
    prompting: Prompting

    def find(
        self,
        clauses: Sequence[Clause],
        seeds: Sequence[int],
        samples: int,
        *,
        min_seconds: float | None = None,
        max_seconds: float | None = None,
    ) -> list[list[list[Candidate]]]:
        """For every clause, for every sample, recordings that compete, in random order of the seed.

        Args:
            clauses: what to look for.
            seeds: of each clause.
            samples: of each clause.
            min_seconds, max_seconds: bounds of the length.
        """
        rows = []
        for clause, seed in zip(clauses, seeds, strict=True):
            bounds = self._bounds(clause, min_seconds, max_seconds)
            shortlist = self._shortlist(clause)
            adapted: dict[Found, list[Motion]] = {}
            row = []
            for sample in range(samples):
                group: list[Candidate] = []
                for found, fit, mirrored in self._order(shortlist, clause, seed, sample):
                    if found not in adapted:
                        adapted[found] = self._adapted(found, clause, bounds)
                    group += [
                        self._candidate(clause, found, fit, mirrored, motion, (seed, sample))
                        for motion in adapted[found]
                    ]
                    if len(group) >= _COMPETING:
                        break
                row.append(group)
            rows.append(row)
        return rows

    def _bounds(self, clause: Clause, min_seconds: float | None, max_seconds: float | None) -> tuple[int, int]:
        """Smallest and largest number of frames."""
        if clause.frames is not None:
            return clause.frames, clause.frames
        shortest = SIMULTANEOUS_SECONDS if clause.simultaneous else min_seconds
        low, high = self.prompting.code_bounds(None, shortest, max_seconds, clause.steps)
        # Where nobody says how long, a short recording is as long as what it shows.
        return _SHORTEST if shortest is None else low * self.prompting.stride, high * self.prompting.stride

    def _shortlist(self, clause: Clause) -> list[tuple[Found, float]]:
        """The best stretch of each recording with how well it fits, best first.

        What people call a recording says more than the matcher, which has not learned rare actions.
        """
        best: dict[int, tuple[Found, float]] = {}
        for found in self.library.search(self._queries(clause)):
            fit = _MATCHER * found.fit + _WORDS * found.words
            if found.recording not in best or fit > best[found.recording][1]:
                best[found.recording] = found, fit
        judged = []
        for found, fit in sorted(best.values(), key=lambda one: -one[1])[: 2 * _SHORTLIST]:
            agreement = self._agreement(found, clause)
            if agreement > 0 or found.words > _CALLED:
                judged.append((found, fit + agreement))
        return sorted(judged, key=lambda one: -one[1])[:_SHORTLIST]

    def _agreement(self, found: Found, clause: Clause) -> float:
        """What the actions count that the captions of a recording name: those of the clause, or only others."""
        requested = _actions(clause.meaning)
        captions = self.library.recordings[found.recording].captions
        named = {action for caption in captions for action in _actions(caption)}
        if not requested or not named:
            return 0.0
        return _NAMED if requested & named else -_NAMED

    def _queries(self, clause: Clause) -> list[Query]:
        """The clause, and its mirror image where that is another.

        The words of the user count more than the canonical sentence, which lacks the manner: "walks like a mummy".
        """
        own = unique(map(normalise_caption, (clause.original, clause.text)))
        queries = []
        for mirrored in (False, True):
            wordings = [mirror_caption(text) for text in own] if mirrored else own
            if mirrored and wordings == own:
                continue
            caption = clause.caption_of(mirrored)
            vectors = sentence_vectors(self.matcher.sentence_encoder.encode([*wordings, caption])).cpu().numpy()
            meanings = self.matcher.embed_texts([wordings[0], caption])
            words = _OWN * vectors[:-1] + (1 - _OWN) * vectors[-1]
            queries.append(Query(words, _OWN * meanings[0] + (1 - _OWN) * meanings[1], mirrored))
        return queries

    def _order(
        self, shortlist: Sequence[tuple[Found, float]], clause: Clause, seed: int, sample: int
    ) -> list[tuple[Found, float, bool]]:
        """The shortlist by how well each fits and by chance: other seeds, samples and sentences get another order.

        Where no side is meant, chance decides which side it is: the mirror image of a recording is another motion.
        """
        digest = hashlib.sha256(f"{clause.original}|{seed}|{sample}".encode()).digest()
        rng = np.random.default_rng(int.from_bytes(digest[:8], "little"))
        # Chance decides among those that fit about as well as the best.
        best = max((fit for _, fit in shortlist), default=0.0)
        noise = rng.random(len(shortlist)) * _ABOUT * np.array([best - fit < _ABOUT for _, fit in shortlist])
        either = clause.mirrored_caption == clause.caption
        flips = rng.random(len(shortlist)) < 0.5
        scored = [
            (found, fit + float(chance), bool(flip) if either else found.mirrored)
            for (found, fit), chance, flip in zip(shortlist, noise, flips, strict=True)
        ]
        return sorted(scored, key=lambda one: -one[1])

    def _adapted(self, found: Found, clause: Clause, bounds: tuple[int, int]) -> list[Motion]:
        """The stretch in canonical placement, with a length within bounds where it can have one.

        A cyclic stretch is there repeated as well, and for a clause that says how often, repeated so many times.
        """
        low, high = bounds
        plain = self._stretch(found, low, high)
        goal = low if low == high else min(round(_REPEATED * plain.fps), high)
        several = [plain]
        if len(plain) < goal and (seam := find_seam(plain, plain)).cost < _CYCLIC:
            # The seam may cut off what matters: then the checks prefer the stretch as it is.
            several.insert(0, loop(plain, goal / plain.fps, seam))
        times = max((dict(check.arguments).get("times", 0) for check in checks(clause.meaning)), default=0)
        if 1 < times <= _MOST_TIMES:
            several.append(reduce(splice, [self._stretch(found, 1, high)] * times))
        return [motion.canonical() for motion in several if low <= len(motion) <= high]

    def _stretch(self, found: Found, low: int, high: int) -> Motion:
        """The stretch and a little of what is around it, of at most ``high`` frames and of ``low`` where it can be."""
        whole = self.library.motion(found.recording)
        margin = round(_MARGIN * whole.fps)
        start, end = max(found.start - margin, 0), min(found.end + margin, len(whole))
        # Centred on the stretch, and inside the recording.
        size = min(max(end - start, low), high, len(whole))
        start = min(max((start + end - size) // 2, 0), len(whole) - size)
        motion = whole[start : start + size]
        if len(motion) < low and len(motion) >= _SLOWEST * low:
            motion = change_tempo(motion, (len(motion) - 1) / (low - 1))
        return motion

    def _candidate(
        self, clause: Clause, found: Found, fit: float, mirrored: bool, motion: Motion, seed: tuple[int, int]
    ) -> Candidate:
        one = self.library.recordings[found.recording]
        return Candidate(
            clause, np.empty(0, dtype=np.int64), mirrored, seed,
            motion=motion, recording=one.origin or one.name, fit=fit,
        )  # fmt: skip


def _actions(sentence: str) -> set[str]:
    """What a sentence names, however often it is done."""
    return {check.action for check in checks(without_count(sentence))}
