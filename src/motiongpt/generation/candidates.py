"""Stage 2: a plan becomes candidates, what the language model writes for the wordings of each clause.

Recordings compete with them, see :mod:`motiongpt.generation.retrieved`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypedDict

import numpy as np

from motiongpt.generation.decode import Decoder
from motiongpt.generation.plan import Clause
from motiongpt.generation.preview import Preview
from motiongpt.generation.prompting import Prompting
from motiongpt.lm.decoding import Generation, generate
from motiongpt.lm.grammars import MotionGrammar
from motiongpt.lm.model import MotionLanguageModel
from motiongpt.motion import Motion
from motiongpt.text.captions import normalise_caption

# Offset between the seeds of two wordings, so that wordings that are the same sentence give other candidates.
SEED_STEP = 104_729
# Seconds that what legs and arms do at the same time takes at least: the shorter of the two decides how long both last.
SIMULTANEOUS_SECONDS = 3.0


class Guidance(TypedDict):
    """How the decoding engine guides, see :func:`motiongpt.lm.decoding.generate`."""

    guidance: float | None
    unconditional: list[str] | None


@dataclass(eq=False)
class Candidate:
    """What was written or found for a clause, and what later stages find out about it.

    Attributes:
        clause: what it is written for.
        codes: (n,) coarse codes; none for a recording.
        mirrored: it is written for the mirror image of what is meant.
        seed: of its details: of the call, and of its sample.
        sampled: its details are drawn instead of taken in the mean.
        motion: as delivered before clean-up, in canonical placement; None until a stage needs it.
        recording: where a recording comes from; "" for what was written.
        fit: how well a recording fits the clause; what was written is judged by :mod:`motiongpt.generation.ranking`.
    """

    clause: Clause
    codes: np.ndarray
    mirrored: bool
    seed: tuple[int, int]
    sampled: bool = False
    motion: Motion | None = None
    recording: str = ""
    fit: float = 0.0

    @property
    def caption(self) -> str:
        """What its codes should show, in normalised words."""
        return self.clause.caption_of(self.mirrored)

    def extended(self, codes: np.ndarray) -> Candidate:
        """The same with more codes, whose motion is not known yet."""
        return self if len(codes) == len(self.codes) else replace(self, codes=codes, motion=None)

    @property
    def shown(self) -> Motion:
        """The motion that is meant: a candidate for the mirror image is mirrored back."""
        assert self.motion is not None, "candidates are decoded before they are shown"
        return self.motion.mirrored() if self.mirrored else self.motion


def decode_candidates(decoder: Decoder, candidates: Sequence[Candidate]) -> None:
    """Give a motion to all candidates that have none yet."""
    for sampled in (False, True):
        rows = [one for one in candidates if one.motion is None and one.sampled is sampled]
        features = decoder.features(
            [one.codes for one in rows],
            [one.caption for one in rows],
            [one.seed for one in rows],
            sampled=sampled,
        )
        for one, row in zip(rows, features, strict=True):
            one.motion = decoder.motion_of(row)


@dataclass(frozen=True)
class Writer:
    """Writes candidates.

    Attributes:
        language: the language model.
        prompting: prompts and lengths, under the options of the call.
    """

    language: MotionLanguageModel
    prompting: Prompting

    def write(
        self,
        clauses: Sequence[Clause],
        seeds: Sequence[int],
        samples: int,
        *,
        min_seconds: float | None = None,
        max_seconds: float | None = None,
        guided_frames: Sequence[int | None] = (),
        preview: Preview | None = None,
    ) -> list[list[list[Candidate]]]:
        """For every clause, for every sample, its candidates.

        Args:
            clauses: what to write for.
            seeds: of each clause.
            samples: of each clause; each has ``rerank`` candidates.
            min_seconds, max_seconds: bounds of the length.
            guided_frames: the length that guidance extrapolates away from, for each clause.
            preview: shows candidates as they grow.
        """
        settings = self.prompting.settings
        count = settings.rerank
        # Candidates are divided among the wordings of a clause, which follow each other in the list of prompts.
        variants = min(settings.paraphrases, count)
        share = -(-count // variants)
        prompts = [(clause, prompt) for clause in clauses for prompt in clause.prompts(variants)]
        bounds = [
            self.prompting.code_bounds(
                clause.frames, SIMULTANEOUS_SECONDS if clause.simultaneous else min_seconds, max_seconds, clause.steps
            )
            for clause, _ in prompts
        ]
        listener = None
        if preview is not None:
            sentences = [clause.sentence for clause, _ in prompts]
            owners = [number if sentences.index(number) == place else None for place, number in enumerate(sentences)]
            listener = preview.listener(owners, share)
        written = generate(
            self.language,
            [self.prompting.caption_prompt(prompt.caption, clause.frames) for clause, prompt in prompts],
            [self._grammar(*bound) for bound in bounds],
            on_token=listener,
            n=samples * share,
            seed=[seed + SEED_STEP * variant for seed in seeds for variant in range(variants)],
            **settings.token_sampling,
            **self.guidance([frames for frames in guided_frames for _ in range(variants)]),
        )
        result = []
        for number, (clause, seed) in enumerate(zip(clauses, seeds, strict=True)):
            first = number * variants
            answers = list(zip(prompts[first : first + variants], written[first : first + variants], strict=True))
            row = []
            for sample in range(samples):
                part = slice(share * sample, share * (sample + 1))
                own = [(prompt.mirrored, one) for (_, prompt), some in answers for one in some[part]]
                row.append(
                    [Candidate(clause, codes_of(one), mirrored, (seed, sample)) for mirrored, one in own[:count]]
                )
            result.append(row)
        return result

    def codes(self, captions: Sequence[str], n: int, seed: int, batch_size: int) -> list[list[np.ndarray]]:
        """Coarse codes of n motions for each caption as it stands, without bounds.

        Args:
            captions: sentences.
            n: motions of each.
            seed: of all randomness.
            batch_size: motions written at once, at most (but at least n).
        """
        written = generate(
            self.language,
            [self.prompting.caption_prompt(normalise_caption(caption), None) for caption in captions],
            self._grammar(*self.prompting.code_bounds(None, None, None)),
            n=n,
            seed=seed,
            batch_size=batch_size,
            **self.prompting.settings.token_sampling,
            **self.guidance([None] * len(captions)),
        )
        return [[codes_of(answer) for answer in row] for row in written]

    def guidance(self, frames: Sequence[int | None]) -> Guidance:
        """The scale, and for each prompt the instruction to write any motion of its length."""
        scale = self.prompting.settings.guidance
        if scale == 1:
            return {"guidance": None, "unconditional": None}
        return {"guidance": scale, "unconditional": [self.prompting.unconditional_prompt(one) for one in frames]}

    def _grammar(self, low: int, high: int) -> MotionGrammar:
        window = self.prompting.settings.window
        return MotionGrammar(min(low, window), min(high, window))


def codes_of(answer: Generation) -> np.ndarray:
    """The codes (n,) of an answer that was written under a motion grammar."""
    assert answer.codes is not None, "a motion grammar always gives codes"
    return answer.codes
