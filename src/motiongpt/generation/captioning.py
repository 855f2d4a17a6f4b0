"""Motion to text: the language model writes captions, the matcher chooses among them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from motiongpt.generation.prompting import Prompting
from motiongpt.lm.decoding import Step, generate
from motiongpt.lm.grammars import TextGrammar
from motiongpt.lm.model import MotionLanguageModel
from motiongpt.lm.tasks import Task
from motiongpt.motion import Motion
from motiongpt.retrieval.matcher import Matcher
from motiongpt.tokenizer import MotionTokenizer

# Sampling temperature of the captions that a matcher chooses among.
_TEMPERATURE = 0.7


@dataclass(frozen=True)
class Captioner:
    """Describes motions.

    Attributes:
        tokenizer: motion <-> codes.
        language: writes captions.
        matcher: chooses among several, where there is one.
        prompting: prompts, under the options of the call.
    """

    tokenizer: MotionTokenizer
    language: MotionLanguageModel
    matcher: Matcher | None
    prompting: Prompting

    def describe(self, motions: Sequence[Motion], on_text: Callable[[int, str], None] | None) -> list[str]:
        """A caption of each motion; one longer than the model's window is described part by part, "..., then ...".

        Args:
            motions: any placement.
            on_text: called with the index of a motion and the beginning of its caption while it is written.
        """
        parts: list[tuple[int, np.ndarray]] = []
        for number, codes in enumerate(self.tokenizer.encode_batch(motions, coarse=True)):
            count = math.ceil(len(codes) / self.prompting.settings.window)
            parts += [(number, part) for part in np.array_split(codes, count)]
        # Only the first part of a motion is shown while it is written.
        first = {number: part for part, (number, _) in reversed(list(enumerate(parts)))}
        tokens: dict[int, list[int]] = {part: [] for part in first.values()}

        def on_token(step: Step) -> None:
            if on_text is not None and step.prompt in tokens:
                tokens[step.prompt].append(step.token)
                on_text(parts[step.prompt][0], self.language.tokenizer.decode(tokens[step.prompt]))

        texts: list[list[str]] = [[] for _ in motions]
        for (number, _), text in zip(parts, self._captions([codes for _, codes in parts], on_token), strict=True):
            if not texts[number] or texts[number][-1] != text:
                texts[number].append(text)
        return [", then ".join(sentences) for sentences in texts]

    def _captions(self, parts: Sequence[np.ndarray], on_token: Callable[[Step], None]) -> list[str]:
        """A caption for each row of codes: the greedy one, or the one of several that fits best.

        ``on_token`` sees the greedy one.
        """
        prompts = [self.prompting.prompt(Task.M2T, codes=codes) for codes in parts]
        grammar = TextGrammar(max_tokens=60, no_repeat=6)
        answers = generate(self.language, prompts, grammar, on_token=on_token, temperature=0)
        greedy = [answer.text for (answer,) in answers]
        others = self.prompting.settings.rerank - 1
        if self.matcher is None or others < 1:
            return greedy
        sampled = generate(self.language, prompts, grammar, n=others, temperature=_TEMPERATURE, seed=0)
        motions = self.matcher.embed_motions([self.tokenizer.decode(codes) for codes in parts])
        best = []
        for first, rest, vector in zip(greedy, sampled, motions, strict=True):
            # An empty caption fits nothing.
            texts = [text for text in dict.fromkeys([first, *(answer.text for answer in rest)]) if text.strip()]
            best.append(texts[int((self.matcher.embed_texts(texts) @ vector).argmax())] if texts else first)
        return best
