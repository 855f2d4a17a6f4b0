"""The operations of the server, apart from HTTP: the model's tasks, edits, uploads, files and views of results."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

import anyio
import numpy as np
from anyio.to_thread import run_sync

from motiongpt.errors import MotionGPTError
from motiongpt.generation.motiongpt import MotionGPT
from motiongpt.motion import Motion
from motiongpt.motion.edits import Edits
from motiongpt.text.captions import mirror_caption
from motiongpt.viewer import clip_data
from motiongpt.web.engine import Engine, Job
from motiongpt.web.settings import Settings, WebError
from motiongpt.web.speech import Whisper
from motiongpt.web.store import PICTURES, Result, Results, read_upload, write_file

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from motiongpt.generation.options import CompletionOptions, SamplingOptions

T = TypeVar("T")
_MAX_SEED = 2**31
# Pictures and videos that may wait to be rendered.
_MAX_WAITING_RENDERS = 8
# Candidates of a sample on a busy server, since the first few improve the motion the most.
_MIN_CANDIDATES = 4


class Service:
    """One model behind a queue, and the motions that it made.

    Args:
        model: used by the engine's thread alone.
        settings: limits.
        speech: the speech recognition model, if there is one.
        on_batch: called with the size of every batch.
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
        self._rendering = anyio.CapacityLimiter(1)

    async def generate(
        self,
        text: str,
        *,
        seconds: float | None = None,
        samples: int = 1,
        seed: int | None = None,
        on_part: Callable[[int, Motion], None] | None = None,
        **options: Unpack[SamplingOptions],
    ) -> list[Result]:
        """Generate motions from a sentence; without a seed a random one is drawn.

        Without ``rerank`` the number of candidates depends on the load, see :class:`motiongpt.web.settings.Settings`.
        The results report it: the same seed and the same number of candidates give the same motion.

        Args:
            text: the sentence.
            seconds: requested length.
            samples: number of motions.
            seed: random seed.
            on_part: called in another thread with the index of a sample and its motion so far.
            options: see :meth:`motiongpt.MotionGPT.generate`.
        """
        limits = self.settings
        self._check_text(text)
        if samples > limits.samples or (options.get("rerank") or 1) > limits.max_rerank:
            raise WebError(
                422,
                "invalid",
                f"At most {limits.samples} samples with {limits.max_rerank} candidates each can be requested at once.",
            )
        self._check_seconds(seconds)
        seed = _drawn(seed)
        requested = limits.rerank if options.get("rerank") is None else options["rerank"]

        def run(jobs: Sequence[Any]) -> Sequence[Any]:
            texts, lengths, seeds, callbacks = (list(column) for column in zip(*jobs, strict=True))

            def show(index: int, sample: int, part: Motion) -> None:
                if callbacks[index] is not None:
                    callbacks[index](sample, part)

            rerank = self._candidates(len(jobs), samples) if requested is None else requested
            sampling: SamplingOptions = {**options, "rerank": rerank}
            generated = self.model.generate(
                texts,
                n=samples,
                seconds=lengths,
                seed=seeds,
                on_part=show if any(callbacks) else None,
                **sampling,
            )
            return [(motions, rerank) for motions in generated]

        key = ("generate", samples, *sorted({**options, "rerank": requested}.items()))
        job = Job(key, run, (text, seconds, seed, on_part), samples)
        motions, rerank = await self._ask(job)
        return [
            self.results.add(Result("generate", motion, text, seed, sample, rerank))
            for sample, motion in enumerate(motions)
        ]

    def _candidates(self, requests: int, samples: int) -> int:
        """Candidates of each sample in a batch of that many requests with that many samples each."""
        full = self.model.defaults.rerank
        share = self.settings.candidates // (requests * samples)
        # The model divides its candidates evenly among the paraphrases of a sentence.
        share -= share % self.model.defaults.paraphrases
        return full if requests == 1 else min(full, max(_MIN_CANDIDATES, share))

    async def describe(self, motion: Motion, on_text: Callable[[str], None] | None = None) -> str:
        """Describe a motion; ``on_text`` is called in another thread with the description so far.

        A model with a matcher chooses among several descriptions at the end, so it has nothing to show before.
        """
        shown = None if self.model.matcher is not None else on_text

        def run(jobs: Sequence[Any]) -> Sequence[Any]:
            motions, callbacks = (list(column) for column in zip(*jobs, strict=True))

            def show(index: int, text: str) -> None:
                if callbacks[index] is not None:
                    callbacks[index](text)

            return self.model.describe(motions, on_text=show)

        return await self._ask(Job("describe", run, (motion, shown)))

    async def predict(
        self,
        source: Result,
        *,
        given: float = 0.2,
        seconds: float | None = None,
        seed: int | None = None,
        **options: Unpack[CompletionOptions],
    ) -> Result:
        """Continue a motion, see :meth:`motiongpt.MotionGPT.predict`."""
        self._check_seconds(seconds, minimum=source.motion.seconds)
        seed = _drawn(seed)
        motion: Motion = await self._alone(
            lambda: self.model.predict(source.motion, given=given, seconds=seconds, seed=seed, **options)
        )
        kept = min(max(1, round(given * len(source.motion))), len(motion))
        return self._keep("predict", source, motion, source.text, seed, given=(kept, 0))

    async def inbetween(
        self,
        source: Result,
        *,
        given: tuple[float, float] = (0.25, 0.25),
        seed: int | None = None,
        **options: Unpack[CompletionOptions],
    ) -> Result:
        """Generate a new middle for a motion, see :meth:`motiongpt.MotionGPT.inbetween`."""
        seed = _drawn(seed)
        motion: Motion = await self._alone(
            lambda: self.model.inbetween(source.motion, given=given, seed=seed, **options)
        )
        kept = (max(1, round(given[0] * len(motion))), max(1, round(given[1] * len(motion))))
        return self._keep("inbetween", source, motion, source.text, seed, given=kept)

    async def ask(
        self,
        prompt: str,
        source: Result | None = None,
        *,
        seed: int = 0,
        temperature: float | None = None,
        cleanup: bool | None = None,
    ) -> tuple[str, Result | None]:
        """The model's answer to any instruction: text, and a motion if it writes one."""
        self._check_text(prompt)
        motion = None if source is None else source.motion
        answer = await self._alone(
            lambda: self.model.ask(prompt, motion, seed=seed, temperature=temperature, cleanup=cleanup)
        )
        if answer.motion is None:
            return answer.text, None
        result = Result("ask", answer.motion, prompt, seed, source=None if source is None else source.id)
        return answer.text, self.results.add(result)

    async def encode(self, motion: Motion) -> list[int]:
        """The coarse codes of a motion."""
        codes: np.ndarray = await self._alone(lambda: self.model.tokenizer.encode(motion, coarse=True))
        return [int(code) for code in codes]

    async def decode(self, codes: Sequence[int]) -> Result:
        """Decode codes to a motion."""
        self._check_seconds(len(codes) * self.model.tokenizer.stride / self.model.tokenizer.skeleton.fps)
        motion: Motion = await self._alone(lambda: self.model.tokenizer.decode_motion(codes))
        return self.results.add(Result("decode", motion))

    async def edit(self, source: Result, edits: Edits) -> Result:
        """Edit a motion, and its text where left and right are exchanged."""
        if edits.loop is not False and edits.loop is not True:
            self._check_seconds(edits.loop)
        if edits.tempo is not None:
            self._check_seconds(source.motion.seconds / edits.tempo, minimum=source.motion.seconds)
        # What was guessed of the source stays with the source.
        motion = await self.thread(lambda: edits.apply(replace(source.motion, remarks=())))
        return self._keep("edit", source, motion, mirror_caption(source.text) if edits.mirror else source.text)

    async def upload(self, data: bytes, name: str, *, rig: tuple[bytes, str] | None = None, **options: Any) -> Result:
        """Read an uploaded motion file."""
        motion = await self.thread(lambda: read_upload(self.settings, data, name, rig=rig, **options))
        if motion.skeleton is not self.model.tokenizer.skeleton:
            raise WebError(
                422,
                "invalid",
                f"This motion has {motion.skeleton.num_joints} joints, but the model needs the "
                f"{self.model.tokenizer.skeleton.num_joints} joints of {self.model.tokenizer.skeleton.name}.",
            )
        return self.results.add(Result("upload", replace(motion, text=""), ""))

    async def file(self, result: Result, suffix: str) -> bytes:
        """A result as a file, in the format of that suffix."""
        if suffix not in PICTURES:
            return await self.thread(lambda: write_file(result, suffix))
        if self._rendering.statistics().tasks_waiting >= _MAX_WAITING_RENDERS:
            raise WebError(429, "busy", "Too many videos are being rendered; try again in a moment.", 10)
        return await run_sync(lambda: write_file(result, suffix), limiter=self._rendering)

    async def view(self, result: Result, view: str = "joints") -> dict[str, Any]:
        """A result as JSON: with its joints (``joints``), with the player's data (``clip``), or with neither."""
        summary = result.summary()
        if view == "joints":
            summary["joints"] = await self.thread(lambda: np.round(result.motion.joints.astype(np.float64), 5).tolist())
        elif view == "clip":
            summary["clip"] = await self.clip(result.motion, result)
        return summary

    async def clip(self, motion: Motion, result: Result | None = None) -> dict[str, Any]:
        """The data of a motion for the player in the page."""
        given = None if result is None else result.given
        label = None if result is None else result.text or None
        return await self.thread(lambda: clip_data(motion, label=label, given=given))

    async def transcribe(self, data: bytes) -> str:
        """The text of a recording.

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
        return await run_sync(lambda: speech(data), limiter=self._rendering)

    async def thread(self, function: Callable[[], T]) -> T:
        """Run a slow function in a thread, so that it does not block the event loop."""
        return await run_sync(function, limiter=self._threads)

    def stop(self) -> None:
        """Finish accepted requests and reject new ones."""
        self.engine.stop()

    def _keep(
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
            raise MotionGPTError("The text is empty: describe what the person does, such as 'a person walks forward'.")
        if len(text) > self.settings.text_characters:
            raise WebError(
                422,
                "invalid",
                f"The text has {len(text)} characters, more than {self.settings.text_characters}: shorten it.",
            )

    def _check_seconds(self, seconds: float | None, minimum: float = 0.0) -> None:
        limit = max(self.settings.seconds, minimum)
        if seconds is not None and not 0 < seconds <= limit:
            raise WebError(422, "invalid", f"A motion can last up to {limit:g} seconds here, not {seconds:g}.")


def _drawn(seed: int | None) -> int:
    """The seed, or a random one where there is none."""
    return secrets.randbelow(_MAX_SEED) if seed is None else seed
