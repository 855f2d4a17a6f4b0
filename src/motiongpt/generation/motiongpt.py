"""MotionGPT: one object that turns sentences into motion, motion into sentences, and completes motion."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial, reduce
from importlib import resources
from pathlib import Path
from typing import Any, TypedDict, TypeVar, overload

import numpy as np
from torch import nn

from motiongpt.errors import MotionGPTError, require
from motiongpt.generation.checks import names_action, passed
from motiongpt.generation.options import GenerationDefaults
from motiongpt.generation.prototypes import PlainSentences
from motiongpt.generation.refiner import SPREAD, STEPS, Refiner
from motiongpt.lm.decoding import (
    FreeGrammar,
    Generation,
    MotionGrammar,
    Step,
    TextGrammar,
    generate,
    score,
    stream,
)
from motiongpt.lm.model import STORAGE, MotionLanguageModel
from motiongpt.lm.motion_tokens import motion_string
from motiongpt.lm.prompts import Fields, Task, Templates
from motiongpt.lm.sentence_encoder import SentenceReader
from motiongpt.motion import HUMANML3D, Motion
from motiongpt.motion.blending import join, seam_cost
from motiongpt.motion.cleanup import clean, smooth
from motiongpt.motion.editing import combine, splice, splice_frame
from motiongpt.motion.placement import floor_of_part
from motiongpt.retrieval.matcher import Matcher
from motiongpt.text.captions import mirror_caption, normalise_caption
from motiongpt.text.clauses import clauses as clauses_of
from motiongpt.text.clauses import of_anybody
from motiongpt.text.numbers import asked_seconds
from motiongpt.text.paraphrase import wordings
from motiongpt.text.patterns import unique
from motiongpt.text.requests import description
from motiongpt.text.thesaurus import familiar
from motiongpt.tokenizer import MotionTokenizer
from motiongpt.weights_io import load_config, save_config, to_device

KIND = "motiongpt"
MATCHER = "matcher"
REFINER = "refiner"
# Of the captions that a matcher chooses among.
_CAPTION_TEMPERATURE = 0.7
# Candidates whose details are drawn where none does what is asked without.
_DRAWN = 12
# Apart from each other, so that wordings that are the same sentence give other candidates.
_WAY_SEED = 104_729
# Completions of a motion among which the one is chosen that joins what is given best.
_WAYS = 8
# Ten minutes at 20 fps.
MAX_FRAMES = 12_000


# How much of two motions is searched for the best place to join them: less where that would cut off what they show.
_SEARCHES = (1.0, 0.5, 0.25, 0.0)
# So little of what they show may get lost.
_LITTLE = 0.1
# Seconds that what legs and arms do at once takes at least: the shorter of the two is how long both last.
_AT_ONCE = 3.0

_Item = TypeVar("_Item")


class _Sampling(TypedDict):
    temperature: float
    top_k: int | None
    top_p: float | None


class _Guidance(TypedDict):
    guidance: float | None
    unconditional: list[str] | None


@dataclass(frozen=True)
class Answer:
    """Answer to a free instruction: words (maybe none) and a motion (maybe none)."""

    text: str
    motion: Motion | None = None


@dataclass(frozen=True)
class _Clause:
    """One action of a sentence.

    Attributes:
        sentence: number of the sentence it belongs to.
        text: in familiar words.
        plain: a plain sentence that says the same, see :class:`motiongpt.generation.prototypes.PlainSentences`.
        frames: exact length asked for.
        parts: how many actions the sentence tells one after the other.
        at_once: there is another one that is done at the same time.
    """

    sentence: int
    text: str
    plain: str | None
    frames: int | None
    parts: int
    at_once: bool

    @property
    def meaning(self) -> str:
        """What a motion is judged by: the clause itself, or where it names no known action the plain sentence."""
        return self.text if self.plain is None or names_action(self.text) else self.plain

    def wordings(self, count: int) -> list[tuple[str, bool]]:
        """So many wordings: the clause, the plain sentence, and other words for both in turn.

        Of a clause that has a side the second half are mirrored, and True beside them: whoever does not know how to
        throw with the left hand may know it of the right.
        """
        if self.plain is None or self.plain == self.text or count == 1:
            told = wordings(self.text, count)
        else:
            # Words that name no action that is known say little to the model too.
            share = count - count // 2 if names_action(self.text) else max(1, count // 4)
            own, plain = wordings(self.text, share), wordings(self.plain, count - share)
            told = [way[number] for number in range(count) for way in (own, plain) if number < len(way)]
        if mirror_caption(self.meaning) == self.meaning:
            return [(text, False) for text in told]
        upright = count - count // 2
        return [(text, False) for text in told[:upright]] + [(mirror_caption(text), True) for text in told[upright:]]


@dataclass(frozen=True)
class _Candidate:
    """What was written for a wording of a clause.

    Attributes:
        answer: its codes, and how likely they were.
        mirrored: the wording is that of the mirror image of what is meant.
        drawn: its details are to be drawn instead of told in the mean.
    """

    answer: Generation
    mirrored: bool
    drawn: bool = False

    @property
    def codes(self) -> np.ndarray:
        return _codes(self.answer)

    def told(self, caption: str) -> str:
        """What the codes should show when the caption is meant."""
        return mirror_caption(caption) if self.mirrored else caption


class MotionGPT:
    """A motion tokenizer and a language model that share one vocabulary.

    Motions are given and returned as :class:`motiongpt.Motion`. Everything random is seeded: the same seed gives the
    same motion on the same machine, alone or in a list.

    Args:
        tokenizer: motion <-> codes.
        language: words and codes.
        defaults: of generation.
        matcher: chooses among candidates.
        refiner: gives what is decoded from coarse codes its details.
    """

    def __init__(
        self,
        tokenizer: MotionTokenizer,
        language: MotionLanguageModel,
        defaults: GenerationDefaults | None = None,
        matcher: Matcher | None = None,
        refiner: Refiner | None = None,
    ) -> None:
        if tokenizer.num_codes != language.tokenizer.num_codes:
            raise MotionGPTError(
                f"The motion tokenizer has {tokenizer.num_codes} codes, but the language model "
                f"{language.tokenizer.num_codes}: take the two of one model."
            )
        if matcher is not None and matcher.skeleton.name != tokenizer.skeleton.name:
            raise MotionGPTError(
                f"The matcher is for skeleton {matcher.skeleton.name}, but the motion tokenizer for "
                f"{tokenizer.skeleton.name}: take the two of one model."
            )
        self.tokenizer = tokenizer
        self.language = language
        self.matcher = matcher
        self.refiner = refiner
        self.defaults = defaults or GenerationDefaults()
        self._plain_sentences = None if matcher is None else PlainSentences(matcher.reader)

    @classmethod
    def from_pretrained(cls, source: str | Path | None = None, device: str = "cpu") -> MotionGPT:
        """Load a model.

        Args:
            source: a model folder, an id on the Hugging Face hub, or None for the model that comes with the package.
            device: where it runs, such as ``"cpu"``, ``"cuda"`` or ``"mps"``.

        Raises:
            MotionGPTError: there is no such model or device, or a file is missing, damaged or of another version.
        """
        folder = _model_folder(source)
        config = load_config(folder, KIND)
        defaults = GenerationDefaults.from_config(config.get("defaults", {}), str(folder / "config.json"))
        tokenizer = MotionTokenizer.load(folder / "tokenizer")
        language = MotionLanguageModel.load(folder / "language")
        reader = None if language.text_encoder is None else SentenceReader.of(language.text_encoder)
        matcher = Matcher.load(folder / MATCHER, reader) if (folder / MATCHER).is_dir() else None
        refiner = Refiner.load(folder / REFINER, tokenizer, reader) if (folder / REFINER).is_dir() else None
        return cls(tokenizer, language, defaults, matcher, refiner).to(device)

    def save_pretrained(self, folder: str | Path, *, dtype: str = "float16") -> None:
        """Write a model folder that :meth:`from_pretrained` reads.

        Args:
            folder: made where missing.
            dtype: of the stored weights: ``"float16"``, ``"bfloat16"``, ``"float32"`` to keep them as they are, or
                ``"int8"``: large matrices in eight bits with a scale a row, the rest as float16.
        """
        folder = Path(folder)
        self.language.save(folder / "language", dtype=dtype)
        self.tokenizer.save(folder / "tokenizer", dtype=STORAGE[dtype])
        encoder = self.language.text_encoder
        for name, part in ((MATCHER, self.matcher), (REFINER, self.refiner)):
            if part is not None:
                shared = encoder is not None and part.reader.equals(encoder)
                part.save(folder / name, dtype=STORAGE[dtype], shared_reader=shared)
        save_config(folder, KIND, {"defaults": self.defaults.as_dict()})

    def to(self, device: str) -> MotionGPT:
        """Move to a device and return self."""
        for module in self._modules():
            to_device(module, device)
        return self

    def _modules(self) -> list[nn.Module]:
        parts = (self.tokenizer, self.language, self.matcher, self.refiner)
        return [part for part in parts if part is not None]

    def fingerprint(self) -> str:
        """Short hash of all weights and generation defaults: tells results of one model from those of another."""
        digest = hashlib.sha256(repr(self.defaults).encode())
        for module in self._modules():
            for name, tensor in sorted(module.state_dict().items()):
                digest.update(name.encode())
                digest.update(tensor.detach().cpu().numpy().tobytes())
        return digest.hexdigest()[:16]

    @overload
    def generate(
        self,
        text: str,
        *,
        n: None = None,
        seconds: float | None = None,
        frames: int | None = None,
        min_seconds: float | None = None,
        max_seconds: float | None = None,
        seed: int = 0,
        temperature: float | None = None,
        top_k: int | None = None,
        top_p: float | None = None,
        guidance: float | None = None,
        rerank: int | None = None,
        clauses: bool | None = None,
        cleanup: bool | None = None,
        on_part: Callable[[int, int, Motion], None] | None = None,
    ) -> Motion: ...
    @overload
    def generate(
        self,
        text: str,
        *,
        n: int,
        seconds: float | None = None,
        frames: int | None = None,
        min_seconds: float | None = None,
        max_seconds: float | None = None,
        seed: int = 0,
        temperature: float | None = None,
        top_k: int | None = None,
        top_p: float | None = None,
        guidance: float | None = None,
        rerank: int | None = None,
        clauses: bool | None = None,
        cleanup: bool | None = None,
        on_part: Callable[[int, int, Motion], None] | None = None,
    ) -> list[Motion]: ...
    @overload
    def generate(
        self,
        text: list[str],
        *,
        n: None = None,
        seconds: float | Sequence[float | None] | None = None,
        frames: int | None = None,
        min_seconds: float | None = None,
        max_seconds: float | None = None,
        seed: int | Sequence[int] = 0,
        temperature: float | None = None,
        top_k: int | None = None,
        top_p: float | None = None,
        guidance: float | None = None,
        rerank: int | None = None,
        clauses: bool | None = None,
        cleanup: bool | None = None,
        on_part: Callable[[int, int, Motion], None] | None = None,
    ) -> list[Motion]: ...
    @overload
    def generate(
        self,
        text: list[str],
        *,
        n: int,
        seconds: float | Sequence[float | None] | None = None,
        frames: int | None = None,
        min_seconds: float | None = None,
        max_seconds: float | None = None,
        seed: int | Sequence[int] = 0,
        temperature: float | None = None,
        top_k: int | None = None,
        top_p: float | None = None,
        guidance: float | None = None,
        rerank: int | None = None,
        clauses: bool | None = None,
        cleanup: bool | None = None,
        on_part: Callable[[int, int, Motion], None] | None = None,
    ) -> list[list[Motion]]: ...
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
        temperature: float | None = None,
        top_k: int | None = None,
        top_p: float | None = None,
        guidance: float | None = None,
        rerank: int | None = None,
        clauses: bool | None = None,
        cleanup: bool | None = None,
        on_part: Callable[[int, int, Motion], None] | None = None,
    ) -> Motion | list[Motion] | list[list[Motion]]:
        """Motion that does what a sentence says.

        Args:
            text: one sentence, or a list of them.
            n: samples of each sentence; gives a list for each. Sample s is the same whatever n is.
            seconds, frames: exact length asked for (frames at the skeleton's rate, 20 fps for HumanML3D); of seconds
                a list may have one value for each sentence. Without them and without bounds a sentence may say it:
                "walks forward for three seconds".
            min_seconds, max_seconds: bounds when the model chooses the length.
            seed: of all randomness; a list may have one for each sentence, whose motion is then the same as alone.
            temperature, top_k, top_p, guidance, rerank: of sampling; see :class:`GenerationDefaults`.
            clauses: make the actions of "..., then ..." each by itself and join them, see :class:`GenerationDefaults`.
            cleanup: False leaves jitter and sliding feet as decoded; None takes the default.
            on_part: called with the number of the sentence, that of the sample, and what is written of it so far, as
                decoded, after every few codes. With ``rerank`` it is the first candidate that is shown while all are
                written; the result may be another one.

        Returns:
            A motion in canonical placement for a sentence, a list for a list, and lists of n when n is given.

        Raises:
            MotionGPTError: a text is empty or too long, or a number is out of its range.
        """
        texts = [text] if isinstance(text, str) else text
        asked_lengths = (
            [seconds] * len(texts) if seconds is None or isinstance(seconds, (int, float)) else list(seconds)
        )
        seeds = [seed] * len(texts) if isinstance(seed, int) else list(seed)
        if not len(asked_lengths) == len(seeds) == len(texts):
            raise MotionGPTError(
                f"{len(texts)} sentences need as many lengths and seeds, not {len(asked_lengths)} and {len(seeds)}."
            )
        asked = [self._frames(length, frames) for length in asked_lengths]
        samples, candidates = 1 if n is None else n, self.defaults.rerank if rerank is None else rerank
        if samples < 1 or candidates < 1:
            raise MotionGPTError(f"n and rerank must be at least 1, but are {samples} and {candidates}.")
        bounded = min_seconds is not None or max_seconds is not None
        lengths = [
            self._told_frames(item) if length is None and not bounded else length
            for item, length in zip(texts, asked, strict=True)
        ]
        # What is joined has no length that could be known before.
        wanted = (self.defaults.clauses if clauses is None else clauses) and not bounded
        parts = [
            self._parts(number, item, exact, wanted and exact is None)
            for number, (item, exact) in enumerate(zip(texts, lengths, strict=True))
        ]
        told = [clause for row in parts for at_once in row for clause in at_once]
        # Candidates are shared out among the wordings of a clause, which follow each other in the list of prompts.
        ways = min(self.defaults.paraphrases, candidates)
        share = -(-candidates // ways)
        worded = [wording for clause in told for wording in clause.wordings(ways)]
        jobs = [
            self._text_job(
                wording, clause.frames, _AT_ONCE if clause.at_once else min_seconds, max_seconds, clause.parts
            )
            for clause, (wording, _) in zip([one for one in told for _ in range(ways)], worded, strict=True)
        ]
        window = self.defaults.window
        on_token = None
        if on_part is not None:
            # Of a sentence of several actions the first is shown.
            numbers = [clause.sentence for clause in told for _ in range(ways)]
            owners = [number if numbers.index(number) == place else None for place, number in enumerate(numbers)]
            on_token = self._preview(owners, texts, share, on_part)
        written = generate(
            self.language,
            [prompt for prompt, _, _ in jobs],
            [MotionGrammar(min(low, window), min(high, window)) for _, low, high in jobs],
            on_token=on_token,
            n=samples * share,
            seed=[seeds[clause.sentence] + _WAY_SEED * way for clause in told for way in range(ways)],
            **self._sampling(temperature, top_k, top_p),
            **self._guidance(guidance, [asked[clause.sentence] for clause in told for _ in range(ways)]),
        )
        rows = [[_Candidate(one, mirrored) for one in row] for row, (_, mirrored) in zip(written, worded, strict=True)]
        answers = [_in_turn(rows[place : place + ways], samples, candidates) for place in range(0, len(jobs), ways)]
        # The refiner's randomness: one for each sample, whatever candidate it becomes.
        refining = [[(seeds[clause.sentence], sample) for sample in range(samples)] for clause in told]
        kept = self._best([clause.meaning for clause in told], answers, candidates, refining)
        chosen = [
            (clause, low, sample, one)
            for clause, (_, low, _), row in zip(told, jobs[::ways], kept, strict=True)
            for sample, one in enumerate(row)
        ]
        whole = [
            self.extend_codes(
                [one.codes],
                [low],
                seed=seeds[clause.sentence] + sample,
                temperature=temperature,
                top_k=top_k,
                top_p=top_p,
            )[0]
            for clause, low, sample, one in chosen
        ]
        decoded = self._decode(
            whole,
            [one.told(clause.meaning) for clause, _, _, one in chosen],
            [seed for row in refining for seed in row],
            [one.drawn for _, _, _, one in chosen],
        )
        upright = [
            motion.mirrored() if one.mirrored else motion
            for motion, (_, _, _, one) in zip(decoded, chosen, strict=True)
        ]
        done, motions = iter(upright), []
        for item, sentences, exact in zip(texts, parts, lengths, strict=True):
            parts_made = [[[next(done) for _ in range(samples)] for _ in at_once] for at_once in sentences]
            made = [[[row[number] for row in at_once] for at_once in parts_made] for number in range(samples)]
            shown = [[clause.meaning for clause in at_once] for at_once in sentences]
            motions.append([replace(self._joined(some, exact, cleanup, shown), text=item) for some in made])
        if n is None:
            return motions[0][0] if isinstance(text, str) else [row[0] for row in motions]
        return motions[0] if isinstance(text, str) else motions

    def candidates(
        self, sentences: Sequence[str], n: int, *, seed: int = 0, batch_size: int = 64
    ) -> list[list[np.ndarray]]:
        """Coarse codes (length,) of n motions for each sentence as it stands: what :meth:`generate` chooses from.

        Args:
            batch_size: motions written at once, at most (but at least n).
        """
        jobs = [self._text_job(sentence, None, None, None) for sentence in sentences]
        window = self.defaults.window
        written = generate(
            self.language,
            [prompt for prompt, _, _ in jobs],
            [MotionGrammar(min(low, window), min(high, window)) for _, low, high in jobs],
            n=n,
            seed=seed,
            batch_size=batch_size,
            **self._sampling(None, None, None),
            **self._guidance(None, [None] * len(jobs)),
        )
        return [[_codes(answer) for answer in row] for row in written]

    def stream(
        self, text: str, *, seconds: float | None = None, seed: int = 0, every: int = 5, cleanup: bool | None = None
    ) -> Iterator[Motion]:
        """The motion of a sentence while it is written: what there is after every few codes, the whole at the end.

        The last motion equals that of :meth:`generate` with the same arguments, ``rerank=1`` and ``clauses=False``:
        what is shown already cannot be exchanged for a better candidate. The length asked for must fit one window of
        the model.

        Args:
            every: codes between two partial motions.
            cleanup: of the last motion, as in :meth:`generate`; those before it are shown as decoded.
        """
        exact = self._told_frames(text) if seconds is None else self._frames(seconds, None)
        ((clause,),) = self._parts(0, text, exact, apart=False)
        prompt, low, high = self._text_job(clause.text, exact, None, None)
        if low > self.defaults.window:
            raise MotionGPTError(
                f"Streaming writes at most {self._seconds(self.defaults.window):g} seconds: ask for fewer seconds."
            )
        grammar = MotionGrammar(low, min(high, self.defaults.window))
        codes: list[int] = []
        words = self.language.tokenizer
        sampling = self._sampling(None, None, None)
        for step in stream(self.language, [prompt], grammar, seed=seed, **sampling, **self._guidance(None, [exact])):
            new = words.codes([step.token])
            codes += new
            if step.token == words.end:
                (made,) = self._decode([np.array(codes)], [clause.meaning], [(seed, 0)])
                yield replace(self._joined([[made]], exact, cleanup), text=text)
            elif new and len(codes) % every == 0:
                yield replace(self._shown(codes, exact), text=text)

    @overload
    def describe(self, motion: Motion, *, on_text: Callable[[int, str], None] | None = None) -> str: ...
    @overload
    def describe(self, motion: Sequence[Motion], *, on_text: Callable[[int, str], None] | None = None) -> list[str]: ...
    def describe(
        self, motion: Motion | Sequence[Motion], *, on_text: Callable[[int, str], None] | None = None
    ) -> str | list[str]:
        """What a motion shows, in a sentence; for a list, a list.

        A motion longer than the model reads at once is described part by part, "..., then ...".

        Args:
            motion: one, or several.
            on_text: called with the number of a motion and the words that its description begins with, as they come;
                the matcher may prefer another one in the end.
        """
        motions = [motion] if isinstance(motion, Motion) else list(motion)
        parts: list[tuple[int, np.ndarray]] = []
        for number, codes in enumerate(self.tokenizer.encode_batch(motions, coarse=True)):
            count = math.ceil(len(codes) / self.defaults.window)
            parts += [(number, part) for part in np.array_split(codes, count)]
        first = {number: part for part, (number, _) in reversed(list(enumerate(parts)))}
        written: dict[int, list[int]] = {part: [] for part in first.values()}

        def on_token(step: Step) -> None:
            if on_text is not None and step.prompt in written:
                written[step.prompt].append(step.token)
                on_text(parts[step.prompt][0], self.language.tokenizer.decode(written[step.prompt]))

        texts: list[list[str]] = [[] for _ in motions]
        for (number, _), text in zip(parts, self._captions([codes for _, codes in parts], on_token), strict=True):
            if not texts[number] or texts[number][-1] != text:
                texts[number].append(text)
        results = [", then ".join(sentences) for sentences in texts]
        return results[0] if isinstance(motion, Motion) else results

    def _captions(self, parts: Sequence[np.ndarray], on_token: Callable[[Step], None]) -> list[str]:
        """A sentence for each row of codes: the likeliest, or the one of several that the matcher finds to fit best.

        The likeliest is shown by ``on_token`` while it is written.
        """
        prompts = [_prompt(Task.M2T, self._fields(codes=codes)) for codes in parts]
        grammar = TextGrammar(max_tokens=60, no_repeat=6)
        answers = generate(self.language, prompts, grammar, on_token=on_token, temperature=0)
        likeliest = [answer.text for (answer,) in answers]
        others = self.defaults.rerank - 1
        if self.matcher is None or others < 1:
            return likeliest
        sampled = generate(self.language, prompts, grammar, n=others, temperature=_CAPTION_TEMPERATURE, seed=0)
        motions = self.matcher.embed_motions([self.tokenizer.decode(codes) for codes in parts])
        best = []
        for first, rest, vector in zip(likeliest, sampled, motions, strict=True):
            # A caption may come out empty; it fits nothing.
            texts = [text for text in dict.fromkeys([first, *(answer.text for answer in rest)]) if text.strip()]
            best.append(texts[int((self.matcher.embed_texts(texts) @ vector).argmax())] if texts else first)
        return best

    @overload
    def predict(
        self,
        motion: Motion,
        *,
        given: float = 0.2,
        seconds: float | None = None,
        seed: int = 0,
        temperature: float | None = None,
        top_k: int | None = None,
        top_p: float | None = None,
        cleanup: bool | None = None,
    ) -> Motion: ...
    @overload
    def predict(
        self,
        motion: Sequence[Motion],
        *,
        given: float = 0.2,
        seconds: float | None = None,
        seed: int = 0,
        temperature: float | None = None,
        top_k: int | None = None,
        top_p: float | None = None,
        cleanup: bool | None = None,
    ) -> list[Motion]: ...
    def predict(
        self,
        motion: Motion | Sequence[Motion],
        *,
        given: float = 0.2,
        seconds: float | None = None,
        seed: int = 0,
        temperature: float | None = None,
        top_k: int | None = None,
        top_p: float | None = None,
        cleanup: bool | None = None,
    ) -> Motion | list[Motion]:
        """Continue the first part of a motion; a list is continued in one batch.

        Of several continuations the one is taken that goes on most smoothly.

        Args:
            motion: any placement, frame rate and proportions; only its first part is looked at.
            given: share of the motion to keep, above 0 and at most 1.
            seconds: length of the result; that of ``motion`` when None.
            seed, temperature, top_k, top_p, cleanup: as in :meth:`generate`.

        Returns:
            The whole clip at the model's frame rate in the motion's own placement and proportions; its given frames
            are those of the motion, resampled where the frame rate differs.
        """
        if not 0 < given <= 1:
            raise MotionGPTError(f"given must be above 0 and at most 1, but is {given}.")
        motions = [motion] if isinstance(motion, Motion) else list(motion)
        stride = self.tokenizer.stride
        sources, firsts, totals, shown = [], [], [], []
        for one in motions:
            self.tokenizer.check_skeleton(one)
            source = one.resample(self.tokenizer.skeleton.fps)
            first = max(1, round(given * len(source)))
            head = source[:first]
            sources.append(source)
            firsts.append(first)
            totals.append(len(source) if seconds is None else self._require_frames(seconds, None))
            # Only codes that the given frames cover in full; the rest of a stride is written anew and faded in.
            shown.append(self._encode_part(head, head)[: max(1, first // stride)])
        counts = [
            math.ceil(total / stride) if total > first else 0 for total, first in zip(totals, firsts, strict=True)
        ]
        # Several ways to go on for as long as the model writes at once, then the rest of the one that fits best.
        window, context = self.defaults.window, self.defaults.context
        at_once = [
            min(count, max(len(codes) - context, 0) + window) for count, codes in zip(counts, shown, strict=True)
        ]
        extend = partial(self.extend_codes, temperature=temperature, top_k=top_k, top_p=top_p)
        ways = extend(_several(shown), _several(at_once), seed=_way_seeds(seed, len(shown)))
        begun = [
            self._fitting(ways[_WAYS * number : _WAYS * (number + 1)], source, first, len(source))
            for number, (source, first) in enumerate(zip(sources, firsts, strict=True))
        ]
        written = extend(begun, counts, seed=seed)
        results = []
        decoded = self._decode(written, [None] * len(written), [(seed, 0)] * len(written))
        for source, first, total, made in zip(sources, firsts, totals, decoded, strict=True):
            if total <= first:
                results.append(source[:total])
                continue
            generated = made.joints[:total]
            joined = replace(source, joints=join(source[:first].joints, generated, skeleton=source.skeleton))
            results.append(self._cleaned(joined, cleanup, keep=np.arange(total) < first))
        return results[0] if isinstance(motion, Motion) else results

    @overload
    def inbetween(
        self,
        motion: Motion,
        *,
        given: tuple[float, float] = (0.25, 0.25),
        seed: int = 0,
        temperature: float | None = None,
        top_k: int | None = None,
        top_p: float | None = None,
        cleanup: bool | None = None,
    ) -> Motion: ...
    @overload
    def inbetween(
        self,
        motion: Sequence[Motion],
        *,
        given: tuple[float, float] = (0.25, 0.25),
        seed: int = 0,
        temperature: float | None = None,
        top_k: int | None = None,
        top_p: float | None = None,
        cleanup: bool | None = None,
    ) -> list[Motion]: ...
    def inbetween(
        self,
        motion: Motion | Sequence[Motion],
        *,
        given: tuple[float, float] = (0.25, 0.25),
        seed: int = 0,
        temperature: float | None = None,
        top_k: int | None = None,
        top_p: float | None = None,
        cleanup: bool | None = None,
    ) -> Motion | list[Motion]:
        """Fill the middle of a motion between its first and last part; a list is filled in one batch.

        Of several ways the one is taken that joins both parts most smoothly.

        Args:
            motion: any placement, frame rate and proportions; its middle is not looked at.
            given: shares of the motion to keep at its start and at its end.
            seed, temperature, top_k, top_p, cleanup: as in :meth:`generate`.

        Returns:
            The whole clip as in :meth:`predict`; given frames at both ends are those of the motion.

        Raises:
            MotionGPTError: nothing is given, or the gap is longer than the model can fill.
        """
        if not (0 < given[0] < 1 and 0 < given[1] < 1 and given[0] + given[1] <= 1):
            raise MotionGPTError(f"given must be two shares above 0 that add up to at most 1, but is {given}.")
        motions = [motion] if isinstance(motion, Motion) else list(motion)
        stride = self.tokenizer.stride
        results, seams, ends, gaps = [], [], [], []
        for one in motions:
            self.tokenizer.check_skeleton(one)
            source = one.resample(self.tokenizer.skeleton.fps)
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
        ways = self.fill_codes(
            _several(ends),
            _several(gaps),
            seed=_way_seeds(seed, len(ends)),
            temperature=temperature,
            top_k=top_k,
            top_p=top_p,
        )
        filled = [number for number, (first, last) in enumerate(seams) if last > first]
        # Where the hidden frames lie inside the codes at the seam, these can be one too many or too few.
        counts = [math.ceil(len(results[number]) / stride) for number in filled]
        ways = [
            np.concatenate([codes[:count], np.repeat(codes[-1:], max(count - len(codes), 0))])
            for codes, count in zip(ways, _several(counts), strict=True)
        ]
        written = [
            self._fitting(ways[_WAYS * place : _WAYS * (place + 1)], results[number], *seams[number])
            for place, number in enumerate(filled)
        ]
        decoded = self._decode(written, [None] * len(filled), [(seed, 0)] * len(filled))
        for number, made in zip(filled, decoded, strict=True):
            source, (first, last) = results[number], seams[number]
            total = len(source)
            generated = made.joints[:total]
            joints = join(source[:first].joints, generated, source[last:].joints, skeleton=source.skeleton)
            frames = np.arange(total)
            keep = (frames < first) | (frames >= last)
            results[number] = self._cleaned(replace(source, joints=joints), cleanup, keep=keep)
        return results[0] if isinstance(motion, Motion) else results

    def _fitting(self, ways: Sequence[np.ndarray], source: Motion, first: int, last: int) -> np.ndarray:
        """Of several completions of a motion that shows frames before ``first`` and from ``last`` on the best to join.

        What cannot be told apart, as nothing is to be joined, is the first.
        """
        if all(len(codes) * self.tokenizer.stride <= first for codes in ways):
            return ways[0]
        head, tail = source[:first].joints, source[last:].joints if last < len(source) else None
        costs = []
        for features in self.tokenizer.decode_batch(ways):
            joints = Motion.from_features(features, self.tokenizer.skeleton).joints
            made = joints if tail is None else joints[: len(source)]
            costs.append(seam_cost(head, made, tail, skeleton=source.skeleton))
        return ways[int(np.argmin(costs))]

    def extend_codes(
        self,
        codes: Sequence[np.ndarray],
        totals: Sequence[int],
        *,
        seed: int | Sequence[int] = 0,
        temperature: float | None = None,
        top_k: int | None = None,
        top_p: float | None = None,
    ) -> list[np.ndarray]:
        """Coarse codes (n,) of each motion continued to its total, in parts that each see the last codes before them.

        Codes that are enough already are returned as they are.

        Args:
            codes, totals: of each motion.
            seed: of all randomness; a list may have one for each motion.
            temperature, top_k, top_p: as in :meth:`generate`.
        """
        results = [np.asarray(one) for one in codes]
        seeds = [seed] * len(results) if isinstance(seed, int) else list(seed)
        sampling = self._sampling(temperature, top_k, top_p)
        part = 0
        while todo := [i for i, total in enumerate(totals) if len(results[i]) < total]:
            heads = [results[i][-self.defaults.context :] for i in todo]
            counts = [
                min(totals[i] - len(results[i]), self.defaults.window - len(head))
                for i, head in zip(todo, heads, strict=True)
            ]
            prompts = [_prompt(Task.PREDICT, self._fields(head=head)) for head in heads]
            grammars = [MotionGrammar(count, count) for count in counts]
            # Every part draws other numbers.
            drawn = [seeds[i] + 7919 * part for i in todo]
            answers = generate(self.language, prompts, grammars, seed=drawn, **sampling)
            for i, (answer,) in zip(todo, answers, strict=True):
                results[i] = np.concatenate([results[i], _codes(answer)])
            part += 1
        return results

    def fill_codes(
        self,
        ends: Sequence[tuple[np.ndarray, np.ndarray]],
        gaps: Sequence[int],
        *,
        seed: int | Sequence[int] = 0,
        temperature: float | None = None,
        top_k: int | None = None,
        top_p: float | None = None,
    ) -> list[np.ndarray]:
        """Coarse codes of each motion: those of its two ends with as many between them as its gap says.

        Args:
            ends, gaps: of each motion.
            seed: of all randomness; a list may have one for each motion.
            temperature, top_k, top_p: as in :meth:`generate`.

        Raises:
            MotionGPTError: a gap is longer than the model can fill.
        """
        limit = self.defaults.window - 2
        longest = max(gaps, default=0)
        if longest > limit:
            raise MotionGPTError(
                f"The gap of {self._seconds(longest):.1f} seconds is longer than the "
                f"{self._seconds(limit):.1f} seconds this model fills: give more of the motion."
            )
        todo = [i for i, gap in enumerate(gaps) if gap > 0]
        prompts, grammars, lefts = [], [], []
        for i in todo:
            near = max(1, min(self.defaults.context, (self.defaults.window - gaps[i]) // 2))
            left, right = ends[i][0][-near:], ends[i][1][:near]
            prompts.append(_prompt(Task.INBETWEEN, self._fields(head=left, tail=right, hidden=gaps[i])))
            forced = [*left.tolist(), *[None] * gaps[i], *right.tolist()]
            grammars.append(MotionGrammar(len(forced), len(forced), forced))
            lefts.append(len(left))
        results = [np.concatenate(pair) for pair in ends]
        seeds = [seed] * len(results) if isinstance(seed, int) else list(seed)
        sampling = self._sampling(temperature, top_k, top_p)
        drawn = [seeds[i] for i in todo]
        answers = generate(self.language, prompts, grammars, seed=drawn, **sampling) if prompts else []
        for i, start, (answer,) in zip(todo, lefts, answers, strict=True):
            before, after = ends[i]
            results[i] = np.concatenate([before, _codes(answer)[start : start + gaps[i]], after])
        return results

    def ask(
        self,
        prompt: str,
        motion: Motion | None = None,
        *,
        seed: int = 0,
        temperature: float | None = None,
        cleanup: bool | None = None,
    ) -> Answer:
        """Follow any instruction.

        Args:
            prompt: the instruction; ``<motion>`` in it stands for ``motion``, which is put at its end otherwise.
            motion: the motion it speaks of.
            seed, cleanup: as in :meth:`generate`.
            temperature: as in :meth:`generate`; 0, the likeliest answer, by default.

        Raises:
            MotionGPTError: the prompt is empty or too long, or speaks of ``<motion>`` without one.
        """
        self._check_text(prompt)
        if motion is None and "<motion>" in prompt:
            raise MotionGPTError("The prompt speaks of <motion>, but no motion is given: give a motion file.")
        if motion is not None:
            prompt = prompt if "<motion>" in prompt else f"{prompt} <motion>"
            codes = self.tokenizer.encode(motion, coarse=True)
            if len(codes) > self.defaults.window:
                raise MotionGPTError(
                    f"The motion lasts {motion.seconds:.1f} seconds, but an instruction can speak of at most "
                    f"{self._seconds(self.defaults.window):g}: cut it."
                )
            prompt = prompt.replace("<motion>", motion_string(codes, self.tokenizer.num_codes))
        grammar = FreeGrammar(max_tokens=80, max_codes=self.defaults.window)
        sampling = self._sampling(0.0 if temperature is None else temperature, None, None)
        answer = generate(self.language, [prompt], grammar, seed=seed, **sampling)[0][0]
        if answer.codes is None:
            return Answer(answer.text)
        return Answer(answer.text, self._joined([self._decode([answer.codes], [None], [(seed, 0)])], None, cleanup))

    def _parts(self, number: int, sentence: str, frames: int | None, apart: bool) -> list[list[_Clause]]:
        """What a sentence tells, in order; each entry is one action, or what the legs and what the arms do at once.

        Args:
            number: of the sentence.
            frames: exact length asked for.
            apart: take the sentence apart where that can be done.
        """
        self._check_text(sentence)
        said = normalise_caption(description(sentence))
        told = familiar(said)
        split = clauses_of if apart and self.tokenizer.skeleton is HUMANML3D else _whole
        rows, own = split(told), split(said)
        # As the user said it, too, where that is taken apart in the same way.
        if [len(at_once) for at_once in own] != [len(at_once) for at_once in rows]:
            own = rows
        return [
            [
                _Clause(number, clause, self._plain(clause, wording), frames, len(rows), len(at_once) > 1)
                for clause, wording in zip(at_once, wordings, strict=True)
            ]
            for at_once, wordings in zip(rows, own, strict=True)
        ]

    def _plain(self, *wordings: str) -> str | None:
        """A plain sentence that says the same as a clause, where there is one."""
        if self._plain_sentences is None or not self.defaults.checks:
            return None
        return self._plain_sentences.nearest(*unique([*wordings, *map(of_anybody, wordings)]))

    def _told_frames(self, text: str) -> int | None:
        """The exact length that a sentence itself asks for."""
        self._check_text(text)
        told = asked_seconds(text)
        return None if told is None else self._frames(told, None)

    def _text_job(
        self, text: str, exact: int | None, min_seconds: float | None, max_seconds: float | None, parts: int = 1
    ) -> tuple[str, int, int]:
        """Prompt and bounds of the number of codes of a sentence that is one of so many parts of a motion."""
        self._check_text(text)
        stride, fps = self.tokenizer.stride, self.tokenizer.skeleton.fps
        if exact is not None:
            if min_seconds is not None or max_seconds is not None:
                raise MotionGPTError("Give either an exact length or bounds, not both.")
            count = math.ceil(exact / stride)
            fields = self._fields(caption=normalise_caption(text), frames=self._shown_frames(exact))
            return _prompt(Task.T2M_SECONDS, fields), count, count
        low = self._require_frames(self.defaults.min_seconds if min_seconds is None else min_seconds, None)
        high = self._require_frames(self.defaults.max_seconds if max_seconds is None else max_seconds, None)
        if low > high:
            raise MotionGPTError(f"The shortest length, {low / fps:g} s, is above the longest, {high / fps:g} s.")
        fewest = math.ceil(low / stride)
        most = max(fewest, int(high / parts) // stride)
        return _prompt(Task.T2M, self._fields(caption=normalise_caption(text))), fewest, most

    def _decode(
        self,
        codes: Sequence[np.ndarray],
        sentences: Sequence[str | None],
        seeds: Sequence[tuple[int, int]],
        drawn: Sequence[bool] = (),
    ) -> list[Motion]:
        """Motions of coarse codes, before any cleanup; refined where there is a refiner, by what each motion shows."""
        if self.refiner is None:
            return [self.tokenizer.decode_motion(one, cleanup=False) for one in codes]
        features = self._refined(codes, sentences, seeds)
        for place in np.flatnonzero(drawn).tolist():
            (features[place],) = self._refined([codes[place]], [sentences[place]], [seeds[place]], drawn=True)
        return [Motion.from_features(one, self.tokenizer.skeleton) for one in features]

    def _refined(
        self,
        codes: Sequence[np.ndarray],
        sentences: Sequence[str | None],
        seeds: Sequence[tuple[int, int]],
        *,
        drawn: bool = False,
    ) -> list[np.ndarray]:
        """Features of coarse codes with what the refiner adds: in the mean, or as it may be."""
        assert self.refiner is not None
        captions = [None if sentence is None else normalise_caption(sentence) for sentence in sentences]
        held = [self.tokenizer.held(one) for one in codes]
        streams = [stream for stream, _ in held]
        steps, spread = (STEPS, SPREAD) if drawn else (1, 1.0)
        latents = self.refiner.refine(streams, captions, seeds, steps=steps, spread=spread)
        features = self.tokenizer.decode_batch(streams, latents)
        return [one[extra:-extra] for one, (_, extra) in zip(features, held, strict=True)]

    def shown_features(
        self, codes: Sequence[np.ndarray], sentences: Sequence[str | None], seeds: Sequence[tuple[int, int]]
    ) -> list[np.ndarray]:
        """Un-normalised features (n * stride, D) of coarse codes (n,) as :meth:`generate` shows them, before cleanup.

        Args:
            sentences: what each motion shows, if that is known.
            seeds: of each motion: of the call, and of its sample.
        """
        if self.refiner is None:
            return self.tokenizer.decode_batch(codes)
        return self._refined(codes, sentences, seeds)

    def _shown(self, codes: Sequence[int], exact: int | None = None) -> Motion:
        """What there is of a motion that is being written: not refined, as its end is not known."""
        return self._joined([[self.tokenizer.decode_motion(np.array(codes), cleanup=False)]], exact, False)

    def _joined(
        self,
        parts: Sequence[Sequence[Motion]],
        exact: int | None,
        cleanup: bool | None,
        told: Sequence[Sequence[str]] | None = None,
    ) -> Motion:
        """One motion in canonical placement, cut to the length asked for.

        Args:
            parts: one after the other; of each its motion, or that of the legs and that of the arms.
            told: what each of the parts should show.
        """
        motion, *others = (reduce(combine, at_once) for at_once in parts)
        start = 0
        for number, other in enumerate(others):
            if told is None or not self.defaults.checks or self.tokenizer.skeleton is not HUMANML3D:
                motion = splice(motion, other)
            else:
                motion, start = _spliced(motion, start, other, told[number], told[number + 1])
        motion = self._cleaned(motion[:exact], cleanup)
        # Cleanup may have moved the first frame a little.
        return replace(motion, joints=motion.joints - motion.joints[0, 0] * np.array([1, 0, 1], dtype=np.float32))

    def _cleaned(self, motion: Motion, cleanup: bool | None, keep: np.ndarray | None = None) -> Motion:
        wanted = self.defaults.cleanup if cleanup is None else cleanup
        # Where the feet of other skeletons rest is not known.
        if not wanted or motion.skeleton.name != HUMANML3D.name:
            return motion
        return clean(motion, keep=keep)

    def _encode_part(self, part: Motion, shown: Motion) -> np.ndarray:
        """Codes of a part of a clip, its floor taken from all frames that are shown."""
        both = replace(shown, joints=np.concatenate([shown.joints, part.joints]))
        placed = floor_of_part(shown.joints) == 0
        if self.tokenizer.skeleton.lengths is not None:
            # Retarget both together: one body, one scale, one floor.
            both = both.retargeted()
        floor = 0.0 if placed else float(both.joints[: len(shown), :, 1].min())
        features = self.tokenizer.features_of(both[len(shown) :], floor=floor)
        return self.tokenizer.encode(features, coarse=True)

    def _sampling(self, temperature: float | None, top_k: int | None, top_p: float | None) -> _Sampling:
        top_k = self.defaults.top_k if top_k is None else top_k
        return {
            "temperature": self.defaults.temperature if temperature is None else temperature,
            "top_k": top_k or None,
            "top_p": self.defaults.top_p if top_p is None else top_p,
        }

    def _preview(
        self,
        owners: Sequence[int | None],
        texts: Sequence[str],
        candidates: int,
        on_part: Callable[[int, int, Motion], None],
        every: int = 5,
    ) -> Callable[[Step], None]:
        """What decoding calls with every token, so that ``on_part`` sees the first candidate of each sample grow.

        Args:
            owners: for each prompt the number of the sentence that begins with it, or None.
        """
        written: dict[tuple[int, int], list[int]] = {}

        def on_token(step: Step) -> None:
            owner = owners[step.prompt]
            if owner is None or step.sample % candidates:
                return
            codes = written.setdefault((step.prompt, step.sample), [])
            new = self.language.tokenizer.codes([step.token])
            codes += new
            if new and len(codes) % every == 0:
                on_part(owner, step.sample // candidates, replace(self._shown(codes), text=texts[owner]))

        return on_token

    def _best(
        self,
        texts: Sequence[str],
        answers: list[list[_Candidate]],
        candidates: int,
        seeds: Sequence[Sequence[tuple[int, int]]],
    ) -> list[list[_Candidate]]:
        """Of every ``candidates`` answers to a sentence the one that fits it best.

        Args:
            seeds: of each sample of each sentence.
        """
        if candidates == 1:
            return answers
        written = [answer for row in answers for answer in row]
        captions = [one.told(normalise_caption(text)) for text, row in zip(texts, answers, strict=True) for one in row]
        codes = [one.codes for one in written]
        features = self.tokenizer.decode_batch(codes)
        if self.matcher is not None:
            places = {caption: place for place, caption in enumerate(dict.fromkeys(captions))}
            sentences = self.matcher.embed_texts(list(places))[[places[caption] for caption in captions]]
            fit = (self.matcher.embed_motions(features) * sentences).sum(1)
        else:
            prompts = [_prompt(Task.M2T, self._fields(codes=one)) for one in codes]
            fit = score(self.language, prompts, captions).numpy()
        drawn = np.zeros(len(written), dtype=bool)
        groups = np.arange(len(written)).reshape(-1, candidates)
        if self.defaults.checks and self.tokenizer.skeleton is HUMANML3D:
            shared = [seed for row in seeds for seed in row for _ in range(candidates)]
            done = self._done(captions, self.shown_features(codes, captions, shared))
            missing = groups[done[groups].max(1) < 1]
            if self.refiner is not None and len(missing):
                # What is quick is blunt in coarse codes and in the mean: where none does all, drawn ones may do more.
                order = (done * 10 * (1 + np.ptp(fit)) + fit)[missing].argsort(1)[:, ::-1]
                firsts = np.take_along_axis(missing, order[:, :_DRAWN], 1)
                places = firsts.flatten().tolist()
                rows = [captions[i] for i in places]
                made = self._refined([codes[i] for i in places], rows, [shared[i] for i in places], drawn=True)
                again = self._done(rows, made).reshape(firsts.shape)
                better = again > done[missing].max(1, keepdims=True)
                done[firsts[better]] = again[better]
                drawn[firsts[better]] = True
            # Above every difference of fits.
            fit = fit + done * 10 * (1 + np.ptp(fit))
        best = groups[np.arange(len(groups)), fit[groups].argmax(1)]
        chosen = iter([replace(written[i], drawn=bool(drawn[i])) for i in best])
        return [[next(chosen) for _ in range(len(row) // candidates)] for row in answers]

    def _done(self, captions: Sequence[str], features: Sequence[np.ndarray]) -> np.ndarray:
        """How much of what geometry can tell of its sentence each motion does, rounded: about as much is as much."""
        joints = [steady_joints(one) for one in features]
        return np.round([passed(caption, one) for caption, one in zip(captions, joints, strict=True)], 1)

    def _guidance(self, scale: float | None, exact: Sequence[int | None]) -> _Guidance:
        """The scale, and for each sentence the instruction that asks for any motion of its length."""
        scale = self.defaults.guidance if scale is None else scale
        if not (math.isfinite(scale) and scale >= 0):
            raise MotionGPTError(f"guidance must be a number of 0 or more, but is {scale}.")
        if scale == 1:
            return {"guidance": None, "unconditional": None}
        prompts = [
            _prompt(Task.RANDOM_M, self._fields())
            if length is None
            else _prompt(Task.SECONDS2M, self._fields(frames=self._shown_frames(length)))
            for length in exact
        ]
        return {"guidance": scale, "unconditional": prompts}

    def _fields(self, **known: Any) -> Fields:
        tokenizer = self.tokenizer
        return Fields(**known, fps=tokenizer.skeleton.fps, stride=tokenizer.stride, num_codes=tokenizer.num_codes)

    def _shown_frames(self, exact: int) -> int:
        """The length that an instruction asks for: whole strides, at most a window."""
        return min(math.ceil(exact / self.tokenizer.stride), self.defaults.window) * self.tokenizer.stride

    def _frames(self, seconds: float | None, frames: int | None) -> int | None:
        return None if seconds is None and frames is None else self._require_frames(seconds, frames)

    def _require_frames(self, seconds: float | None, frames: int | None) -> int:
        if seconds is not None and frames is not None:
            raise MotionGPTError("Give the length either in seconds or in frames, not in both.")
        if seconds is not None:
            if not math.isfinite(seconds):
                raise MotionGPTError(f"A length must be a number of seconds, but is {seconds}.")
            frames = round(seconds * self.tokenizer.skeleton.fps)
        if frames is None or not 1 <= frames <= MAX_FRAMES:
            raise MotionGPTError(
                f"A motion can have 1 to {MAX_FRAMES} frames "
                f"({MAX_FRAMES / self.tokenizer.skeleton.fps:g} seconds), not {frames}."
            )
        return frames

    def _seconds(self, codes: int) -> float:
        return codes * self.tokenizer.stride / self.tokenizer.skeleton.fps

    @staticmethod
    def _check_text(text: str) -> None:
        if not isinstance(text, str) or not text.strip():
            raise MotionGPTError("The text is empty: say what the person should do, such as 'a person walks forward'.")


def _whole(sentence: str) -> list[tuple[str, ...]]:
    """A sentence that is not taken apart."""
    return [(sentence,)]


def _several(items: Sequence[_Item]) -> list[_Item]:
    """Each item as often as a motion is completed before the best way is chosen."""
    return [item for item in items for _ in range(_WAYS)]


def _way_seeds(seed: int, count: int) -> list[int]:
    """Seeds of all ways to complete so many motions."""
    return [seed + _WAY_SEED * way for _ in range(count) for way in range(_WAYS)]


def _spliced(
    first: Motion, start: int, second: Motion, before: Sequence[str], after: Sequence[str]
) -> tuple[Motion, int]:
    """Two motions joined where they are most alike, but not at a place that cuts off what one of them should show.

    Args:
        start: frame of the first motion from which on it should show what ``before`` says.
        before, after: sentences that tell what the first and the second motion should show.

    Returns:
        The motion, and its frame from which on it shows the second one.
    """
    apart = _shows(before, first[start:]), _shows(after, second)
    found: list[tuple[float, Motion, int]] = []
    for search in _SEARCHES:
        motion, border = splice(first, second, search=search), splice_frame(first, second, search=search)
        lost = max(apart[0] - _shows(before, motion[start:border]), apart[1] - _shows(after, motion[border:]))
        found.append((lost, motion, border))
        if lost <= _LITTLE:
            return motion, border
    _, motion, border = min(found, key=lambda one: one[0])
    return motion, border


def _shows(sentences: Sequence[str], motion: Motion) -> float:
    """How much of what geometry can tell of the sentences a motion shows, in the mean."""
    joints = smooth(motion).joints
    return float(np.mean([passed(sentence, joints) for sentence in sentences]))


def steady_joints(features: np.ndarray) -> np.ndarray:
    """Joints (T, 22, 3) of features (T, 263) to be judged by geometry: smoothed, as what jitters is quick too."""
    return smooth(Motion.from_features(features)).joints


@cache
def _plain_templates() -> Templates:
    return Templates.default().plain()


def _prompt(task: Task, fields: Fields) -> str:
    """The sub-task's one plain instruction, filled; a plain set has nothing to draw."""
    return _plain_templates().prompt(task, np.random.default_rng(0), fields)


def _in_turn(ways: Sequence[list[_Candidate]], samples: int, candidates: int) -> list[_Candidate]:
    """Candidates of all wordings, those of the first sample before those of the second and so on."""
    share = len(ways[0]) // samples
    rows = [[one for way in ways for one in way[share * k : share * (k + 1)]] for k in range(samples)]
    return [one for row in rows for one in row[:candidates]]


def _codes(answer: Generation) -> np.ndarray:
    assert answer.codes is not None, "a motion grammar always gives codes"
    return answer.codes


def _model_folder(source: str | Path | None) -> Path:
    if source is None:
        return Path(str(resources.files("motiongpt"))) / "weights"
    folder = Path(source)
    if folder.is_dir():
        return folder
    if folder.exists() or isinstance(source, Path) or str(source).count("/") != 1 or str(source).startswith((".", "~")):
        raise MotionGPTError(
            f"There is no model folder {source}: expected a folder with config.json, tokenizer/ and language/."
        )
    hub = require("huggingface_hub", "hub")
    try:
        return Path(hub.snapshot_download(str(source), allow_patterns=["**/*.json", "*.json", "**/*.safetensors"]))
    except Exception as error:  # the hub library has no common base class for what can go wrong
        raise MotionGPTError(
            f"There is no model folder {source}, and the hub does not give a model of that name "
            f"({type(error).__name__})."
        ) from error
