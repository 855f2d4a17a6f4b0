"""Stage 3: of all candidates for a sample the best is kept.

What geometry can verify of the sentence counts first, less physical faults such as gliding feet, then the matcher.

A candidate is refined, smoothed and measured only while it can still win. Candidates are looked at in the order in
which they fit the sentence, a few at a time; the first one that passes every check cannot be beaten by those behind it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, repeat

import numpy as np

from motiongpt.generation.candidates import Candidate, decode_candidates
from motiongpt.generation.checks import passed
from motiongpt.generation.decode import Decoder, steady_joints
from motiongpt.generation.prompting import Prompting
from motiongpt.lm.decoding import score
from motiongpt.lm.model import MotionLanguageModel
from motiongpt.lm.tasks import Task
from motiongpt.motion import HUMANML3D
from motiongpt.motion.plausibility import faults
from motiongpt.retrieval.matcher import Matcher

# Candidates of a sample that are refined and measured at once, round by round; the last size repeats. For four of five
# sentences the candidate that fits best passes every check.
_ROUNDS = (2, 4, 6, 12)
# Candidates whose details are sampled where none passes all checks, and has no fault beyond its limit, with details in
# the mean: the mean of two feet that take turns glides.
_SAMPLED = 12
_SAMPLED_ROUNDS = (6,)
# What a candidate loses for the worst physical fault, where passing every check counts 1.
_FAULT = 0.3
# Severity of a fault that is at its limit.
_AT_LIMIT = 0.5
# Candidates among which one without a fault is looked for, once one of them passes every check.
_CLEAN_AMONG = 12


@dataclass
class _Contest:
    """The candidates of one sample.

    Attributes:
        candidates: of the sample.
        fit: how well each fits the sentence.
        done: how much each does of what geometry can verify, from 0 to 1; -1 for those not measured.
        score: the same, less for physical faults.
    """

    candidates: list[Candidate]
    fit: np.ndarray
    done: np.ndarray = field(init=False)
    score: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        self.done = np.full(len(self.candidates), -1.0)
        self.score = self.done.copy()

    def note(self, place: int, done: float, severity: float) -> None:
        """Keep what was measured of a candidate, rounded: about as much is as much."""
        self.done[place] = np.round(done, 1)
        self.score[place] = self.done[place] - _FAULT * np.round(severity, 1)

    def settled(self) -> bool:
        """Whether those not measured yet are not worth a look."""
        return self.score.max() >= 1 or (self.done.max() >= 1 and int((self.done >= 0).sum()) >= _CLEAN_AMONG)

    def order(self) -> list[int]:
        """Places from the best fit to the worst."""
        return np.argsort(-self.fit, kind="stable").tolist()

    def best(self) -> int:
        """The place with the highest score, and of those with the best fit."""
        return int(np.lexsort((-self.fit, -self.score))[0])

    def leaders(self, count: int) -> list[int]:
        """The first so many places of what was written by score, then fit; the best fit first."""
        order = np.lexsort((-self.fit, -self.score))
        leading = [int(place) for place in order if not self.candidates[place].recording][:count]
        return sorted(leading, key=lambda place: -self.fit[place])


@dataclass(frozen=True)
class Ranker:
    """Chooses among candidates.

    Attributes:
        decoder: makes their features.
        language: ranks them where there is no matcher.
        matcher: tells how well a motion fits a sentence.
        prompting: prompts, under the options of the call.
    """

    decoder: Decoder
    language: MotionLanguageModel
    matcher: Matcher | None
    prompting: Prompting

    def choose(self, rows: Sequence[Sequence[list[Candidate]]]) -> list[list[Candidate]]:
        """For every clause, for every sample, the best of its candidates."""
        groups = [group for row in rows for group in row]
        if all(len(group) == 1 for group in groups):
            return [[group[0] for group in row] for row in rows]
        written = [one for group in groups for one in group if not one.recording]
        for one, fit in zip(written, self._fits(written) if written else (), strict=True):
            one.fit = float(fit)
        contests = [_Contest(list(group), np.array([one.fit for one in group])) for group in groups]
        if self.prompting.settings.checks and self.decoder.tokenizer.skeleton is HUMANML3D:
            self._measure(contests)
        winners = iter([contest.candidates[contest.best()] for contest in contests])
        return [[next(winners) for _ in row] for row in rows]

    def _fits(self, candidates: Sequence[Candidate]) -> np.ndarray:
        """(N,) how well each candidate fits its caption: cosine of the matcher, or log-likelihood of the caption."""
        captions = [one.caption for one in candidates]
        if self.matcher is None:
            prompts = [self.prompting.prompt(Task.M2T, codes=one.codes) for one in candidates]
            return score(self.language, prompts, captions).numpy()
        places = {caption: place for place, caption in enumerate(dict.fromkeys(captions))}
        sentences = self.matcher.embed_texts(list(places))[[places[caption] for caption in captions]]
        # The matcher has learned to see motions through coarse codes.
        motions = self.decoder.coarse_features([one.codes for one in candidates])
        return (self.matcher.embed_motions(motions) * sentences).sum(1)

    def _measure(self, contests: Sequence[_Contest]) -> None:
        """Score candidates until none of those left can win."""
        self._score_in_rounds([(contest, contest.order()) for contest in contests], _ROUNDS)
        if self.decoder.refiner is None:
            return
        # Quick movement is blunt in coarse codes and in the mean of their details. Where no candidate passes every
        # check and stands on its feet, those that come nearest get sampled details, and keep them where that is better.
        trials = []
        for contest in contests:
            if contest.score.max() <= 1 - _FAULT * _AT_LIMIT:
                leaders = contest.leaders(_SAMPLED)
                if not leaders:
                    continue
                sampled = [replace(contest.candidates[i], sampled=True, motion=None) for i in leaders]
                trials.append((contest, leaders, _Contest(sampled, contest.fit[leaders])))
        self._score_in_rounds([(trial, trial.order()) for _, _, trial in trials], _SAMPLED_ROUNDS)
        for contest, leaders, trial in trials:
            bar = contest.score.max()
            for place, i in enumerate(leaders):
                if trial.score[place] > bar:
                    contest.candidates[i], contest.score[i] = trial.candidates[place], trial.score[place]
                    contest.done[i] = trial.done[place]

    def _score_in_rounds(self, queues: Sequence[tuple[_Contest, list[int]]], sizes: Sequence[int]) -> None:
        """Score the next few candidates of every contest until one of them passes every check without a fault."""
        open_queues = [(contest, _chunks(order, sizes)) for contest, order in queues]
        while open_queues:
            chosen = [(contest, next(chunks, [])) for contest, chunks in open_queues]
            decode_candidates(self.decoder, [contest.candidates[i] for contest, places in chosen for i in places])
            for contest, places in chosen:
                for i in places:
                    contest.note(i, *self._score(contest.candidates[i]))
            open_queues = [
                queue
                for queue, (contest, places) in zip(open_queues, chosen, strict=True)
                if places and not contest.settled()
            ]

    @staticmethod
    def _score(candidate: Candidate) -> tuple[float, float]:
        """How much of what geometry can verify a candidate does as it is delivered, and how bad its worst fault is."""
        assert candidate.motion is not None
        joints = steady_joints(candidate.motion)
        return passed(candidate.caption, joints), faults(joints).severity


def _chunks(order: list[int], sizes: Sequence[int]) -> Iterator[list[int]]:
    """The order in chunks of these sizes, the last of which repeats."""
    start = 0
    for size in chain(sizes, repeat(sizes[-1])):
        if start >= len(order):
            return
        yield order[start : start + size]
        start += size
