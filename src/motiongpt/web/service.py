"""What the server can do, apart from how it is asked: the model's tasks, edits, uploads, files and views of results."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, TypeVar

import anyio
import numpy as np
from anyio.to_thread import run_sync

from motiongpt.errors import MotionGPTError
from motiongpt.generation.motiongpt import MotionGPT
from motiongpt.motion import Motion, editing
from motiongpt.text.captions import mirror_caption
from motiongpt.viewer import clip_data
from motiongpt.web.engine import Engine, Job
from motiongpt.web.settings import Settings, WebError
from motiongpt.web.speech import Whisper
from motiongpt.web.store import PICTURES, Result, Results, read_upload, write_file

T = TypeVar("T")
_SEEDS = 2**31
# Pictures and films that may wait to be drawn.
_DRAWINGS = 8
# Candidates of a sample, however many wait: the first few are worth the most.
_FEWEST = 4


@dataclass(frozen=True)
class Sampling:
    """How the model draws; None takes its own default. See :meth:`motiongpt.MotionGPT.generate`."""

    temperature: float | None = None
    top_k: int | None = None
    top_p: float | None = None
    guidance: float | None = None
    rerank: int | None = None
    cleanup: bool | None = None

    def options(self, *names: str) -> dict[str, Any]:
        return {item.name: getattr(self, item.name) for item in fields(self) if not names or item.name in names}


PLAIN = Sampling()
_COMPLETION = ("temperature", "top_k", "top_p", "cleanup")


class Service:
    """One model behind a queue, and the motions that came of it.

    Args:
        model: used by the engine's thread alone.
        settings: limits.
        speech: what writes down recordings, if anything does.
        on_batch: told the size of every batch.
    """

    def __init__(
        self,
        model: MotionGPT,
        settings: Settings,
        speech: Whisper | None = None,
        on_batch: Callable[[int], None] = lambda count: None,
    ) -> None:
        self.model, self.settings, self.speech = model, settings, speech
        self.engine = Engine(queue=settings.queue, batch=settings.batch, linger=settings.linger, on_batch=on_batch)
        self.results = Results(settings)
        self.fingerprint = model.fingerprint()
        self._threads = anyio.CapacityLimiter(2)
        self._drawing = anyio.CapacityLimiter(1)

    async def generate(
        self,
        text: str,
        *,
        seconds: float | None = None,
        samples: int = 1,
        seed: int | None = None,
        sampling: Sampling = PLAIN,
        on_part: Callable[[int, Motion], None] | None = None,
    ) -> list[Result]:
        """Motions of a sentence; a seed is drawn where none is given.

        Without ``sampling.rerank`` the number of candidates depends on how many ask at the same time, see
        :class:`motiongpt.web.settings.Settings`. The results say how many there were: the same seed and the same number
        give the same motion.

        Args:
            on_part: called in another thread with the number of a sample and what there is of it.
        """
        limits = self.settings
        self._check_text(text)
        if samples > limits.samples or (sampling.rerank or 1) > limits.most_rerank:
            raise WebError(
                422,
                "invalid",
                f"At most {limits.samples} samples with {limits.most_rerank} candidates each can be asked for at once.",
            )
        self._check_seconds(seconds)
        seed = secrets.randbelow(_SEEDS) if seed is None else seed
        if sampling.rerank is None:
            sampling = replace(sampling, rerank=limits.rerank)

        def run(jobs: Sequence[Any]) -> Sequence[Any]:
            texts, lengths, seeds, callbacks = (list(column) for column in zip(*jobs, strict=True))

            def show(number: int, sample: int, part: Motion) -> None:
                if callbacks[number] is not None:
                    callbacks[number](sample, part)

            rerank = self._candidates(len(jobs), samples) if sampling.rerank is None else sampling.rerank
            made = self.model.generate(
                texts,
                n=samples,
                seconds=lengths,
                seed=seeds,
                on_part=show if any(callbacks) else None,
                **{**sampling.options(), "rerank": rerank},
            )
            return [(motions, rerank) for motions in made]

        job = Job(("generate", samples, sampling), run, (text, seconds, seed, on_part), samples)
        motions, rerank = await self._ask(job)
        return [
            self.results.add(Result("generate", motion, text, seed, sample, rerank))
            for sample, motion in enumerate(motions)
        ]

    def _candidates(self, requests: int, samples: int) -> int:
        """Candidates of each sample when so many requests with so many samples each are answered together."""
        full = self.model.defaults.rerank
        share = self.settings.candidates // (requests * samples)
        # The model writes as many candidates of each of its wordings.
        share -= share % self.model.defaults.paraphrases
        return full if requests == 1 else min(full, max(_FEWEST, share))

    async def describe(self, motion: Motion, on_text: Callable[[str], None] | None = None) -> str:
        """A motion in words; ``on_text`` is called in another thread with what there is of them.

        A model with a matcher chooses among several descriptions in the end, so there is nothing to be shown before.
        """
        shown = None if self.model.matcher is not None else on_text

        def run(jobs: Sequence[Any]) -> Sequence[Any]:
            motions, callbacks = (list(column) for column in zip(*jobs, strict=True))

            def show(number: int, text: str) -> None:
                if callbacks[number] is not None:
                    callbacks[number](text)

            return self.model.describe(motions, on_text=show)

        return await self._ask(Job("describe", run, (motion, shown)))

    async def predict(
        self,
        source: Result,
        *,
        given: float = 0.2,
        seconds: float | None = None,
        seed: int | None = None,
        sampling: Sampling = PLAIN,
    ) -> Result:
        """A motion continued; see :meth:`motiongpt.MotionGPT.predict`."""
        self._check_seconds(seconds, least=source.motion.seconds)
        seed = secrets.randbelow(_SEEDS) if seed is None else seed
        motion: Motion = await self._alone(
            lambda: self.model.predict(
                source.motion, given=given, seconds=seconds, seed=seed, **sampling.options(*_COMPLETION)
            )
        )
        kept = min(max(1, round(given * len(source.motion))), len(motion))
        return self._made("predict", source, motion, source.text, seed, given=(kept, 0))

    async def inbetween(
        self,
        source: Result,
        *,
        given: tuple[float, float] = (0.25, 0.25),
        seed: int | None = None,
        sampling: Sampling = PLAIN,
    ) -> Result:
        """A motion whose middle is made anew; see :meth:`motiongpt.MotionGPT.inbetween`."""
        seed = secrets.randbelow(_SEEDS) if seed is None else seed
        motion: Motion = await self._alone(
            lambda: self.model.inbetween(source.motion, given=given, seed=seed, **sampling.options(*_COMPLETION))
        )
        kept = (max(1, round(given[0] * len(motion))), max(1, round(given[1] * len(motion))))
        return self._made("inbetween", source, motion, source.text, seed, given=kept)

    async def ask(
        self, prompt: str, source: Result | None = None, *, seed: int = 0, sampling: Sampling = PLAIN
    ) -> tuple[str, Result | None]:
        """The model's own answer to any instruction: words, and a motion if it writes one."""
        self._check_text(prompt)
        motion = None if source is None else source.motion
        answer = await self._alone(
            lambda: self.model.ask(prompt, motion, seed=seed, **sampling.options("temperature", "cleanup"))
        )
        if answer.motion is None:
            return answer.text, None
        made = Result("ask", answer.motion, prompt, seed, source=None if source is None else source.id)
        return answer.text, self.results.add(made)

    async def encode(self, motion: Motion) -> list[int]:
        """The coarse codes of a motion."""
        codes: np.ndarray = await self._alone(lambda: self.model.tokenizer.encode(motion, coarse=True))
        return [int(code) for code in codes]

    async def decode(self, codes: Sequence[int]) -> Result:
        """The motion of codes."""
        self._check_seconds(len(codes) * self.model.tokenizer.stride / self.model.tokenizer.skeleton.fps)
        motion: Motion = await self._alone(lambda: self.model.tokenizer.decode_motion(codes))
        return self.results.add(Result("decode", motion))

    async def edit(self, source: Result, change: Callable[[Motion], Motion], text: str | None = None) -> Result:
        """A motion changed by a function of :mod:`motiongpt.motion.editing`."""
        motion = await self.thread(lambda: change(source.motion))
        return self._made("edit", source, motion, source.text if text is None else text)

    async def mirror(self, source: Result) -> Result:
        """Left and right exchanged, in the motion and in its text."""
        return await self.edit(source, Motion.mirrored, mirror_caption(source.text))

    async def tempo(self, source: Result, factor: float) -> Result:
        """Faster (above 1) or slower."""
        self._check_seconds(source.motion.seconds / factor)
        return await self.edit(source, lambda motion: editing.change_tempo(motion, factor))

    async def upload(self, data: bytes, name: str, *, rig: tuple[bytes, str] | None = None, **options: Any) -> Result:
        """An uploaded motion file."""
        motion = await self.thread(lambda: read_upload(self.settings, data, name, rig=rig, **options))
        if motion.skeleton is not self.model.tokenizer.skeleton:
            raise WebError(
                422,
                "invalid",
                f"This motion has {motion.skeleton.num_joints} joints, and the model here reads the "
                f"{self.model.tokenizer.skeleton.num_joints} of {self.model.tokenizer.skeleton.name}.",
            )
        return self.results.add(Result("upload", replace(motion, text=""), ""))

    async def file(self, result: Result, suffix: str) -> bytes:
        """A result as a file of that format."""
        if suffix not in PICTURES:
            return await self.thread(lambda: write_file(result, suffix))
        if self._drawing.statistics().tasks_waiting >= _DRAWINGS:
            raise WebError(429, "busy", "Too many films are being drawn; try again in a moment.", 10)
        return await run_sync(lambda: write_file(result, suffix), limiter=self._drawing)

    async def view(self, result: Result, view: str = "joints") -> dict[str, Any]:
        """A result as JSON, with joints, with what the player needs, or with neither."""
        summary = result.summary()
        if view == "joints":
            summary["joints"] = await self.thread(lambda: np.round(result.motion.joints.astype(np.float64), 5).tolist())
        elif view == "clip":
            summary["clip"] = await self.clip(result.motion, result)
        return summary

    async def clip(self, motion: Motion, result: Result | None = None) -> dict[str, Any]:
        """What the player in the page plays."""
        given = None if result is None else result.given
        label = None if result is None else result.text or None
        return await self.thread(lambda: clip_data(motion, label=label, given=given))

    async def transcribe(self, data: bytes) -> str:
        """The words of a recording.

        Raises:
            WebError: 501 without a speech model.
        """
        speech = self.speech
        if speech is None:
            raise WebError(
                501,
                "not_available",
                "This server has no speech model: start it with --speech FOLDER, the folder of a Whisper model.",
            )
        return await run_sync(lambda: speech(data), limiter=self._drawing)

    async def thread(self, function: Callable[[], T]) -> T:
        """The result of a function that takes its time, found beside the event loop."""
        return await run_sync(function, limiter=self._threads)

    def stop(self) -> None:
        """Finish what was accepted, accept nothing more."""
        self.engine.stop()

    def _made(
        self, kind: str, source: Result, motion: Motion, text: str, seed: int | None = None, **more: Any
    ) -> Result:
        result = Result(kind, replace(motion, text=text), text, seed, source=source.id, **more)
        return self.results.add(result)

    async def _alone(self, function: Callable[[], Any]) -> Any:
        return await self._ask(Job(object(), lambda jobs: [job() for job in jobs], function))

    async def _ask(self, job: Job) -> Any:
        future = asyncio.wrap_future(self.engine.submit(job))
        try:
            return await asyncio.wait_for(future, self.settings.timeout)
        except asyncio.TimeoutError as error:
            raise WebError(
                503, "unavailable", f"No answer within {self.settings.timeout:g} seconds; try again later.", 10
            ) from error

    def _check_text(self, text: str) -> None:
        if not text.strip():
            raise MotionGPTError("The text is empty: say what the person should do, such as 'a person walks forward'.")
        if len(text) > self.settings.text_characters:
            raise WebError(
                422,
                "invalid",
                f"The text has {len(text)} characters, more than {self.settings.text_characters}: say less at once.",
            )

    def _check_seconds(self, seconds: float | None, least: float = 0.0) -> None:
        limit = max(self.settings.seconds, least)
        if seconds is not None and not 0 < seconds <= limit:
            raise WebError(422, "invalid", f"A motion may last up to {limit:g} seconds here, not {seconds:g}.")
