"""Stage 1: a sentence becomes a plan, the actions it describes in order, each parsed once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from motiongpt.errors import MotionGPTError
from motiongpt.generation.checks import checks, goes_somewhere, names_action
from motiongpt.generation.prompting import Prompting
from motiongpt.generation.prototypes import Prototypes
from motiongpt.motion import HUMANML3D
from motiongpt.text.captions import mirror_caption, normalise_caption
from motiongpt.text.clauses import ClauseText, of_anybody, parse
from motiongpt.text.numbers import stated_distance, stated_length
from motiongpt.text.paraphrase import paraphrases
from motiongpt.text.patterns import unique
from motiongpt.text.requests import description
from motiongpt.text.thesaurus import familiar


@dataclass(frozen=True)
class Prompt:
    """One wording for which the language model writes candidates.

    Attributes:
        text: the wording.
        mirrored: it describes the mirror image of what is meant.
    """

    text: str
    mirrored: bool

    @property
    def caption(self) -> str:
        """The wording as captions are written in training."""
        return normalise_caption(self.text)


@dataclass(frozen=True)
class Clause:
    """One action of a sentence, with everything that later stages ask about it; each fact is computed once.

    Attributes:
        sentence: index of the sentence it belongs to.
        text: the action in familiar words.
        original: the action in the words of the user.
        canonical: a canonical sentence that means the same, see :mod:`motiongpt.generation.prototypes`.
        frames: exact length requested.
        steps: number of actions that the sentence describes one after the other.
        simultaneous: another action is done at the same time.
    """

    sentence: int
    text: str
    original: str
    canonical: str | None
    frames: int | None
    steps: int
    simultaneous: bool

    @cached_property
    def meaning(self) -> str:
        """What a motion is judged by: the clause, or its canonical sentence where it names no known action."""
        return self.text if self.canonical is None or names_action(self.text) else self.canonical

    @cached_property
    def distance(self) -> float | None:
        """The way in metres that a clause about walking and the like states, None if it states none."""
        return stated_distance(self.original) if goes_somewhere(self.text) else None

    @property
    def remark(self) -> str | None:
        """What is said of a clause whose words name no action that the model knows."""
        if checks(self.text):
            return None
        if self.canonical is None:
            return f"Nothing can verify {self.text!r} in this model: the motion may show something else."
        return f"{self.text!r} is read as {self.canonical!r}, the nearest action that this model knows."

    @cached_property
    def caption(self) -> str:
        """The meaning as captions are written in training."""
        return normalise_caption(self.meaning)

    @cached_property
    def mirrored_caption(self) -> str:
        """The caption of the mirror image."""
        return mirror_caption(self.caption)

    def caption_of(self, mirrored: bool) -> str:
        """The caption of what is meant, or of its mirror image."""
        return self.mirrored_caption if mirrored else self.caption

    def prompts(self, count: int) -> list[Prompt]:
        """So many wordings: the clause, its canonical sentence, and paraphrases of both in turn.

        Of a clause with a side, the second half describes the mirror image: a model that cannot throw with the left
        hand may be able to throw with the right.
        """
        if self.canonical is None or self.canonical == self.text or count == 1:
            texts = paraphrases(self.text, count)
        else:
            # A clause whose words name no known action says little to the model too.
            share = count - count // 2 if names_action(self.text) else max(1, count // 4)
            rows = paraphrases(self.text, share), paraphrases(self.canonical, count - share)
            texts = [row[number] for number in range(count) for row in rows if number < len(row)]
        if mirror_caption(self.meaning) == self.meaning:
            return [Prompt(text, False) for text in texts]
        upright = count - count // 2
        mirrored = [Prompt(mirror_caption(text), True) for text in texts[upright:]]
        return [Prompt(text, False) for text in texts[:upright]] + mirrored


@dataclass(frozen=True)
class Plan:
    """What a sentence asks for.

    Attributes:
        sentence: as the user wrote it.
        steps: one after the other; each is one clause, or what the legs and what the arms do at the same time.
        frames: exact length of the whole.
    """

    sentence: str
    steps: list[list[Clause]]
    frames: int | None

    @property
    def clauses(self) -> Iterator[Clause]:
        """All clauses in order."""
        return (clause for step in self.steps for clause in step)

    @property
    def remarks(self) -> tuple[str, ...]:
        """What the user should know of how the sentence was read, each once."""
        return tuple(dict.fromkeys(clause.remark for clause in self.clauses if clause.remark is not None))


def make_plan(
    index: int,
    sentence: str,
    requested: int | None,
    prompting: Prompting,
    prototypes: Prototypes | None,
    *,
    bounded: bool = False,
) -> Plan:
    """Read a sentence.

    Args:
        index: of the sentence in its list.
        sentence: as the user wrote it.
        requested: exact length in frames that the caller requests.
        prompting: lengths, under the options of the call.
        prototypes: finds canonical sentences, where the options want checks; None looks for none.
        bounded: the caller gives bounds of the length.

    Raises:
        MotionGPTError: the sentence is empty, or states a length that is out of range.
    """
    check_text(sentence)
    stated, description_text = stated_length(sentence)
    if requested is not None or bounded:
        # What the caller requests counts, and what the sentence says of it is left out all the same.
        stated = None
    frames = requested if stated is None else prompting.requested_frames(stated.seconds, stated.frames)
    settings = prompting.settings
    # The length of joined motions is not known before they are joined.
    split = settings.clauses and not bounded and frames is None and prompting.skeleton is HUMANML3D
    prototypes = prototypes if settings.checks else None
    own = normalise_caption(description(description_text))
    rows = parse(own) if split else [(ClauseText(familiar(own), own),)]
    steps = [
        [
            Clause(index, text.familiar, text.original, _canonical(prototypes, text), frames, len(rows), len(row) > 1)
            for text in row
        ]
        for row in rows
    ]
    return Plan(sentence, steps, frames)


def _canonical(prototypes: Prototypes | None, clause: ClauseText) -> str | None:
    texts = (clause.familiar, clause.original)
    return None if prototypes is None else prototypes.nearest(*unique([*texts, *map(of_anybody, texts)]))


def check_text(text: str) -> None:
    """Raise a MotionGPTError unless there is a text."""
    if not isinstance(text, str) or not text.strip():
        raise MotionGPTError("The text is empty: say what the person should do, such as 'a person walks forward'.")
