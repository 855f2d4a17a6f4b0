"""MotionGPT: the public face. Each call reads as its stages, which live in the modules beside this one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from operator import add
from typing import TYPE_CHECKING, TypedDict, TypeVar, overload

import numpy as np

from motiongpt.errors import MotionGPTError
from motiongpt.generation.candidates import Candidate, Writer, decode_candidates
from motiongpt.generation.captioning import Captioner
from motiongpt.generation.completion import Completer
from motiongpt.generation.compose import as_far, compose, follow
from motiongpt.generation.decode import Decoder
from motiongpt.generation.options import CompletionOptions, GenerationDefaults, SamplingOptions
from motiongpt.generation.parts import ModelParts
from motiongpt.generation.plan import check_text, make_plan
from motiongpt.generation.preview import EVERY, OnPart, Preview, draft
from motiongpt.generation.prompting import Prompting
from motiongpt.generation.ranking import Ranker
from motiongpt.generation.retrieved import Retriever
from motiongpt.lm.decoding import generate, stream
from motiongpt.lm.grammars import FreeGrammar, MotionGrammar
from motiongpt.lm.motion_tokens import motion_string
from motiongpt.motion import HUMANML3D, Motion
from motiongpt.text.captions import normalise_caption
from motiongpt.text.instructions import following_action, length_question
from motiongpt.text.patterns import unique

if TYPE_CHECKING:
    from typing_extensions import Unpack

Motions = TypeVar("Motions", Motion, list[Motion])


@dataclass(frozen=True)
class Answer:
    """Answer to a free instruction: words (maybe none) and a motion (maybe none)."""

    text: str
    motion: Motion | None = None


class MotionGPT(ModelParts):
    """Text to motion, motion to text, prediction, in-between and free instructions, by one model.

    Motions are given and returned as :class:`motiongpt.Motion`: joints (T, J, 3) in metres, Y up. Everything random is
    seeded: the same seed gives the same motion on the same machine, alone or in a list. Arguments are those of
    :class:`motiongpt.generation.parts.ModelParts`; :meth:`from_pretrained` loads a model.
    """

    # Text to motion.

    @overload
    def generate(
        self, text: str, *, n: None = None, seconds: float | None = None, frames: int | None = None,
        min_seconds: float | None = None, max_seconds: float | None = None, seed: int = 0,
        on_part: OnPart | None = None, **options: Unpack[SamplingOptions],
    ) -> Motion: ...  # fmt: skip
    @overload
    def generate(
        self, text: str, *, n: int, seconds: float | None = None, frames: int | None = None,
        min_seconds: float | None = None, max_seconds: float | None = None, seed: int = 0,
        on_part: OnPart | None = None, **options: Unpack[SamplingOptions],
    ) -> list[Motion]: ...  # fmt: skip
    @overload
    def generate(
        self, text: list[str], *, n: None = None, seconds: float | Sequence[float | None] | None = None,
        frames: int | None = None, min_seconds: float | None = None, max_seconds: float | None = None,
        seed: int | Sequence[int] = 0, on_part: OnPart | None = None, **options: Unpack[SamplingOptions],
    ) -> list[Motion]: ...  # fmt: skip
    @overload
    def generate(
        self, text: list[str], *, n: int, seconds: float | Sequence[float | None] | None = None,
        frames: int | None = None, min_seconds: float | None = None, max_seconds: float | None = None,
        seed: int | Sequence[int] = 0, on_part: OnPart | None = None, **options: Unpack[SamplingOptions],
    ) -> list[list[Motion]]: ...  # fmt: skip
    def generate(
        self,
        text: str | list[str],
        *,
        n: int | None = None,
        seconds: float | Sequence[float | None] | None = None,
        frames: int | None = None,
        min_seconds: float | None = None,
        max_seconds: float | None = None,
        seed: int | Sequence[int] = 0,
        on_part: OnPart | None = None,
        **options: Unpack[SamplingOptions],
    ) -> Motion | list[Motion] | list[list[Motion]]:
        """Generate motion from text.

        Args:
            text: one sentence, or a list of them.
            n: samples per sentence; gives a list for each. Sample s is the same whatever n is.
            seconds, frames: exact length (frames at the skeleton's rate, 20 fps for HumanML3D); of seconds a list may
                have one value per sentence. Without a length and bounds, a sentence may state it: "walks forward for
                three seconds".
            min_seconds, max_seconds: bounds when the model chooses the length.
            seed: random seed; a list may have one per sentence, whose motion is then the same as alone.
            on_part: called after every few codes with the first candidate as it is written; the result may be another
                candidate.
            options: override the model's defaults, see :class:`motiongpt.generation.options.GenerationDefaults`.

        Returns:
            A motion in canonical placement for a sentence, a list for a list, and lists of n when n is given.

        Raises:
            MotionGPTError: a text is empty or too long, or a number is out of its range.
        """
        settings = self.defaults.override(options)
        prompting = Prompting(self.tokenizer, settings)
        texts = [text] if isinstance(text, str) else text
        samples = 1 if n is None else n
        if samples < 1:
            raise MotionGPTError(f"n must be at least 1, but is {n}.")
        seeds = [seed] * len(texts) if isinstance(seed, int) else list(seed)
        durations = [seconds] * len(texts) if seconds is None or isinstance(seconds, (int, float)) else list(seconds)
        if not len(durations) == len(seeds) == len(texts):
            raise MotionGPTError(
                f"{len(texts)} sentences need as many lengths and seeds, not {len(durations)} and {len(seeds)}."
            )
        requested = [prompting.requested_frames(duration, frames) for duration in durations]
        bounded = min_seconds is not None or max_seconds is not None

        # 1. Read each sentence once.
        plans = [
            make_plan(index, sentence, length, prompting, self._prototypes, bounded=bounded)
            for index, (sentence, length) in enumerate(zip(texts, requested, strict=True))
        ]
        clauses = [clause for plan in plans for clause in plan.clauses]
        # 2. Write candidates for every clause, and find recordings that compete with them.
        own_seeds = [seeds[clause.sentence] for clause in clauses]
        rows: list[list[list[Candidate]]] = [[[] for _ in range(samples)] for _ in clauses]
        if (retriever := self._retriever(prompting)) is not None:
            rows = retriever.find(clauses, own_seeds, samples, min_seconds=min_seconds, max_seconds=max_seconds)
        if settings.retrieval != "only":
            preview = None
            if on_part is not None:
                preview = Preview(texts, on_part, self.tokenizer, settings, self.language.tokenizer.codes)
            written = Writer(self.language, prompting).write(
                clauses,
                own_seeds,
                samples,
                min_seconds=min_seconds,
                max_seconds=max_seconds,
                guided_frames=[requested[clause.sentence] for clause in clauses],
                preview=preview,
            )
            rows = [list(map(add, *pair)) for pair in zip(written, rows, strict=True)]
        elif lacking := next((clause for clause, row in zip(clauses, rows, strict=True) if [] in row), None):
            raise MotionGPTError(f"No recording of the library can show {lacking.text!r} in that length.")
        # 3. Keep the best of each sample, continued where it is longer than one window.
        decoder = Decoder(self.tokenizer, self.refiner)
        chosen = Ranker(decoder, self.language, self.matcher, prompting).choose(rows)
        completer = Completer(self.language, decoder, prompting)
        chosen = [completer.lengthen(row) for row in chosen]
        decode_candidates(decoder, [one for row in chosen for one in row])
        # 4. Compose the steps of each sentence.
        rest, results = iter(chosen), []
        for plan in plans:
            steps = [[next(rest) for _ in step] for step in plan.steps]
            captions = [[clause.meaning for clause in step] for step in plan.steps]
            row = []
            for sample in range(samples):
                parts = [[clause[sample] for clause in step] for step in steps]
                made = compose(
                    [[as_far(one.shown, one.clause) for one in step] for step in parts], plan.frames, settings, captions
                )
                row.append(replace(made, text=plan.sentence, remarks=plan.remarks, **_origin(parts)))
            results.append(row)
        if n is None:
            return results[0][0] if isinstance(text, str) else [row[0] for row in results]
        return results[0] if isinstance(text, str) else results

    def stream(
        self, text: str, *, seconds: float | None = None, seed: int = 0, every: int = EVERY, cleanup: bool | None = None
    ) -> Iterator[Motion]:
        """Yield the motion of a sentence while it is written, after every few codes, and the whole at the end.

        The last motion equals that of :meth:`generate` with the same arguments, ``rerank=1`` and ``clauses=False``:
        what is shown already cannot be exchanged for a better candidate. The length must fit one window of the model.

        Args:
            text: one sentence.
            seconds: exact length.
            seed: random seed.
            every: codes between two partial motions.
            cleanup: of the last motion, as in :meth:`generate`; those before it are shown as decoded.

        Raises:
            MotionGPTError: the text is empty or too long, or the length is out of range.
        """
        settings = self.defaults.override({"cleanup": cleanup, "clauses": False})
        prompting = Prompting(self.tokenizer, settings)
        plan = make_plan(0, text, prompting.requested_frames(seconds, None), prompting, self._prototypes)
        (clause,) = plan.clauses
        low, high = prompting.code_bounds(plan.frames, None, None)
        if low > settings.window:
            raise MotionGPTError(
                f"Streaming writes at most {prompting.seconds(settings.window):g} seconds: ask for fewer seconds."
            )
        decoder, codes, words = Decoder(self.tokenizer, self.refiner), [], self.language.tokenizer
        steps = stream(
            self.language,
            [prompting.caption_prompt(normalise_caption(clause.text), plan.frames)],
            MotionGrammar(low, min(high, settings.window)),
            seed=seed,
            **settings.token_sampling,
            **Writer(self.language, prompting).guidance([plan.frames]),
        )
        for step in steps:
            new = words.codes([step.token])
            codes += new
            if step.token == words.end:
                whole = decoder.motions([np.array(codes)], [clause.caption], [(seed, 0)])
                yield replace(compose([whole], plan.frames, settings), text=text)
            elif new and len(codes) % every == 0:
                yield replace(draft(self.tokenizer, codes, settings, plan.frames), text=text)

    def candidates(
        self, sentences: Sequence[str], n: int, *, seed: int = 0, batch_size: int = 64
    ) -> list[list[np.ndarray]]:
        """Coarse codes (length,) of n motions for each sentence as it stands: what :meth:`generate` chooses from.

        Args:
            sentences: one action each.
            n: motions per sentence.
            seed: random seed.
            batch_size: motions written at once, at most (but at least n).
        """
        for sentence in sentences:
            check_text(sentence)
        writer = Writer(self.language, Prompting(self.tokenizer, self.defaults))
        return writer.codes(sentences, n, seed, batch_size)

    def shown_features(
        self, codes: Sequence[np.ndarray], sentences: Sequence[str | None], seeds: Sequence[tuple[int, int]]
    ) -> list[np.ndarray]:
        """Un-normalised features (n * stride, D) of coarse codes (n,) as :meth:`generate` delivers them, uncleaned.

        Args:
            codes: of each motion.
            sentences: what each motion shows, where that is known.
            seeds: of each motion: of the call, and of its sample.
        """
        captions = [None if sentence is None else normalise_caption(sentence) for sentence in sentences]
        return Decoder(self.tokenizer, self.refiner).features(codes, captions, seeds)

    # Motion to text, completion, instructions.

    @overload
    def describe(self, motion: Motion, *, on_text: Callable[[int, str], None] | None = None) -> str: ...
    @overload
    def describe(self, motion: Sequence[Motion], *, on_text: Callable[[int, str], None] | None = None) -> list[str]: ...
    def describe(
        self, motion: Motion | Sequence[Motion], *, on_text: Callable[[int, str], None] | None = None
    ) -> str | list[str]:
        """Caption a motion in a sentence; for a list, a list.

        A motion longer than the model reads at once is described part by part, "..., then ...".

        Args:
            motion: one, or several; any placement and frame rate.
            on_text: called with the index of a motion and the beginning of its caption while it is written; the
                matcher may prefer another caption in the end.
        """
        captioner = Captioner(self.tokenizer, self.language, self.matcher, Prompting(self.tokenizer, self.defaults))
        texts = captioner.describe([motion] if isinstance(motion, Motion) else motion, on_text)
        return texts[0] if isinstance(motion, Motion) else texts

    def predict(
        self,
        motion: Motions,
        *,
        given: float = 0.2,
        seconds: float | None = None,
        seed: int = 0,
        **options: Unpack[CompletionOptions],
    ) -> Motions:
        """Continue the first part of a motion; a list is continued in one batch.

        Of several continuations, and the motion's own cycle, the one is kept that goes on most as it was: along the
        path that its velocity and turn lead to, at its pace, in its poses. See :mod:`motiongpt.motion.continuation`.

        Args:
            motion: any placement, frame rate and proportions; only its first part is looked at.
            given: share of the motion to keep, above 0 and at most 1.
            seconds: length of the result; that of ``motion`` when None.
            seed: random seed.
            options: override the model's defaults, see :class:`motiongpt.generation.options.GenerationDefaults`.

        Returns:
            The whole clip at the model's frame rate in the motion's own placement and proportions; its given frames
            are those of the motion, resampled where the frame rate differs.

        Raises:
            MotionGPTError: a number is out of its range, or the skeleton is another one.
        """
        if not 0 < given <= 1:
            raise MotionGPTError(f"given must be above 0 and at most 1, but is {given}.")
        completer = self._completer(self.defaults.override(options))
        if isinstance(motion, Motion):
            return completer.predict([motion], given, seconds, seed)[0]
        return completer.predict(motion, given, seconds, seed)

    def inbetween(
        self,
        motion: Motions,
        *,
        given: tuple[float, float] = (0.25, 0.25),
        seed: int = 0,
        **options: Unpack[CompletionOptions],
    ) -> Motions:
        """Fill the middle of a motion between its first and last part; a list is filled in one batch.

        Of several fillings, the one that joins both parts most smoothly is kept.

        Args:
            motion: any placement, frame rate and proportions; its middle is not looked at.
            given: shares of the motion to keep at its start and at its end.
            seed: random seed.
            options: override the model's defaults, see :class:`motiongpt.generation.options.GenerationDefaults`.

        Returns:
            The whole clip as in :meth:`predict`; given frames at both ends are those of the motion.

        Raises:
            MotionGPTError: nothing is given, or the gap is longer than the model can fill.
        """
        if not (0 < given[0] < 1 and 0 < given[1] < 1 and given[0] + given[1] <= 1):
            raise MotionGPTError(f"given must be two shares above 0 that add up to at most 1, but is {given}.")
        completer = self._completer(self.defaults.override(options))
        if isinstance(motion, Motion):
            return completer.inbetween([motion], given, seed)[0]
        return completer.inbetween(motion, given, seed)

    def extend_codes(
        self,
        codes: Sequence[np.ndarray],
        totals: Sequence[int],
        *,
        seed: int = 0,
        **options: Unpack[CompletionOptions],
    ) -> list[np.ndarray]:
        """Coarse codes (n,) of each motion continued to its total; those that are enough are returned as they are."""
        return self._completer(self.defaults.override(options)).extend(codes, totals, [seed] * len(codes))

    def fill_codes(
        self,
        ends: Sequence[tuple[np.ndarray, np.ndarray]],
        gaps: Sequence[int],
        *,
        seed: int = 0,
        **options: Unpack[CompletionOptions],
    ) -> list[np.ndarray]:
        """Coarse codes of each motion: those of its two ends with as many between them as its gap says.

        Raises:
            MotionGPTError: a gap is longer than the model can fill.
        """
        return self._completer(self.defaults.override(options)).fill(ends, gaps, [seed] * len(ends))

    def _retriever(self, prompting: Prompting) -> Retriever | None:
        """What finds recordings, where the options of the call want some and there is a library.

        Raises:
            MotionGPTError: recordings alone are wanted, and there is no library.
        """
        if self.library is None or self.matcher is None:
            if prompting.settings.retrieval == "only":
                raise MotionGPTError("This model has no library of recordings: leave out retrieval='only'.")
            return None
        return None if prompting.settings.retrieval == "off" else Retriever(self.library, self.matcher, prompting)

    def _completer(self, settings: GenerationDefaults) -> Completer:
        decoder = Decoder(self.tokenizer, self.refiner)
        return Completer(self.language, decoder, Prompting(self.tokenizer, settings))

    def ask(
        self,
        prompt: str,
        motion: Motion | None = None,
        *,
        seed: int = 0,
        temperature: float | None = None,
        cleanup: bool | None = None,
        strict_reference: bool = False,
    ) -> Answer:
        """Follow any instruction.

        The language model answers, but it does not count: a question about the length of the motion is answered from
        the motion itself. An action that should follow ("sit down after that") is generated and joined to the motion.

        Args:
            prompt: the instruction; ``<motion>`` in it stands for ``motion``, which is put at its end otherwise.
            motion: the motion it is about.
            seed: random seed.
            temperature: sampling temperature; 0, greedy, by default.
            cleanup: as in :meth:`generate`.
            strict_reference: leave every answer to the language model, like the original MotionGPT.

        Raises:
            MotionGPTError: the prompt is empty or too long, or mentions ``<motion>`` without one.
        """
        check_text(prompt)
        if motion is not None and not strict_reference:
            if (question := length_question(prompt)) is not None:
                described = self.describe(motion) if question.description else ""
                return Answer(question.answer(len(motion), motion.fps, described))
            if motion.skeleton is HUMANML3D and (action := following_action(prompt)) is not None:
                following = self.generate(action, seed=seed, cleanup=cleanup)
                return Answer("", follow(motion.resample(following.fps), following, action))
        settings = self.defaults.override({"temperature": temperature or 0.0, "cleanup": cleanup})
        if motion is None and "<motion>" in prompt:
            raise MotionGPTError("The prompt mentions <motion>, but no motion is given: give a motion file.")
        if motion is not None:
            prompt = prompt if "<motion>" in prompt else f"{prompt} <motion>"
            codes = self.tokenizer.encode(motion, coarse=True)
            if len(codes) > settings.window:
                longest = Prompting(self.tokenizer, settings).seconds(settings.window)
                raise MotionGPTError(
                    f"The motion lasts {motion.seconds:.1f} seconds, but an instruction can be about at most "
                    f"{longest:g}: cut it."
                )
            prompt = prompt.replace("<motion>", motion_string(codes, self.tokenizer.num_codes))
        grammar = FreeGrammar(max_tokens=80, max_codes=settings.window)
        ((answer,),) = generate(self.language, [prompt], grammar, seed=seed, **settings.token_sampling)
        if answer.codes is None:
            return Answer(answer.text)
        decoder = Decoder(self.tokenizer, self.refiner)
        return Answer(answer.text, compose([decoder.motions([answer.codes], [None], [(seed, 0)])], None, settings))


class _Origin(TypedDict):
    source: str
    recordings: tuple[str, ...]


def _origin(steps: Sequence[Sequence[Candidate]]) -> _Origin:
    """Where a motion of these steps comes from, see :class:`motiongpt.Motion`."""
    parts = [one for step in steps for one in step]
    recordings = tuple(unique(one.recording for one in parts if one.recording))
    source = "generated" if not recordings else "retrieved" if len(parts) == 1 else "composed"
    return {"source": source, "recordings": recordings}
