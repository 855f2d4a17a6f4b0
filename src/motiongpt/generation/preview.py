"""What a caller sees of a motion while it is being written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from motiongpt.generation.compose import compose
from motiongpt.generation.options import GenerationDefaults
from motiongpt.lm.decoding import Step
from motiongpt.motion import Motion
from motiongpt.tokenizer import MotionTokenizer

OnPart = Callable[[int, int, Motion], None]
"""Called with the index of a sentence, that of a sample, and the motion so far."""
# Codes between two drafts.
EVERY = 5


def draft(
    tokenizer: MotionTokenizer, codes: Sequence[int], settings: GenerationDefaults, frames: int | None = None
) -> Motion:
    """A motion that is being written: neither refined nor cleaned, as its end is not known.

    Args:
        tokenizer: decodes.
        codes: written so far.
        settings: options of the call.
        frames: cut to so many frames; None keeps all.
    """
    drafted = tokenizer.decode_motion(np.array(codes), cleanup=False)
    return compose([[drafted]], frames, replace(settings, cleanup=False))


@dataclass(frozen=True)
class Preview:
    """Shows the first candidate of every sample as it grows.

    Attributes:
        texts: the sentences.
        on_part: called after every few codes.
        tokenizer: decodes drafts.
        settings: options of the call.
        codes_of: motion codes of a token, none or one.
    """

    texts: Sequence[str]
    on_part: OnPart
    tokenizer: MotionTokenizer
    settings: GenerationDefaults
    codes_of: Callable[[Sequence[int]], list[int]]

    def listener(self, owners: Sequence[int | None], share: int) -> Callable[[Step], None]:
        """What the decoding engine calls with every token.

        Args:
            owners: for each prompt the index of the sentence that begins with it, or None.
            share: answers of a prompt to one sample.
        """
        written: dict[tuple[int, int], list[int]] = {}

        def on_token(step: Step) -> None:
            owner = owners[step.prompt]
            if owner is None or step.sample % share:
                return
            codes = written.setdefault((step.prompt, step.sample), [])
            new = self.codes_of([step.token])
            codes += new
            if new and len(codes) % EVERY == 0:
                part = replace(draft(self.tokenizer, codes, self.settings), text=self.texts[owner])
                self.on_part(owner, step.sample // share, part)

        return on_token
