"""Replies to chat messages: each intent is carried out, and its events are sent while it is."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeVar

from motiongpt.motion import Motion
from motiongpt.motion.edits import Edits
from motiongpt.web.intents import GREETING, Intent, understand
from motiongpt.web.service import Service
from motiongpt.web.settings import WebError
from motiongpt.web.store import Result

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from motiongpt.generation.options import SamplingOptions
    from motiongpt.web.responses import Event

T = TypeVar("T")
# Seconds that "continue this" adds.
_CONTINUATION = 4.0
_IT = {"it", "this", "that", "here", "motion", "<motion>"}


@dataclass
class Conversation:
    """What a conversation remembers.

    Attributes:
        motion: the motion that "it" refers to.
        prompt: the sentence that it was generated from, "" when it was uploaded.
        base: the motion that ``intent`` was carried out on.
        intent: the last one that made a motion, for "again".
        id: for links, cannot be guessed.
    """

    motion: Result | None = None
    prompt: str = ""
    base: Result | None = None
    intent: Intent | None = None
    id: str = field(default_factory=lambda: secrets.token_urlsafe(12))

    def take(self, motion: Result) -> None:
        """Refer to a motion that was not made in this conversation from now on."""
        self.motion, self.prompt, self.base, self.intent = motion, motion.text, None, None


@dataclass
class Reply:
    """The reply to one message.

    Attributes:
        service: does the work.
        conversation: what "it" refers to; kept up to date.
        samples, seconds, seed, rerank: options of generated motions, where the message does not say.
    """

    service: Service
    conversation: Conversation
    samples: int | None = None
    seconds: float | None = None
    seed: int | None = None
    rerank: int | None = None

    async def to(self, message: str) -> AsyncIterator[Event]:
        """The events of the reply: task, text, partial, result."""
        it = self.conversation.motion
        intent = understand(message, motion=it is not None, prompt=self.conversation.prompt)
        if intent.task == "again":
            intent, it = self._again(intent, it)
        if intent.task == "resize" and it is not None:
            intent = self._resized(intent, it)
        yield (
            "task",
            {"task": intent.task, "note": intent.text if intent.task == "generate" else intent.edit or intent.task},
        )
        async for event in self._carry_out(intent, it):
            yield event

    def _carry_out(self, intent: Intent, it: Result | None) -> AsyncIterator[Event]:
        if intent.task == "generate":
            return self._generate(intent)
        if intent.task == "ask":
            return self._ask(intent, it)
        if it is None or intent.task == "help":
            return _text(intent.text or GREETING)
        if intent.task == "describe":
            return self._describe(intent, it)
        if intent.task == "length":
            motion = it.motion
            return _text(f"It lasts {motion.seconds:.1f} seconds: {len(motion)} frames at {motion.fps:g} per second.")
        if intent.task == "export":
            return self._export(intent, it)
        return self._change(intent, it)

    def _again(self, intent: Intent, it: Result | None) -> tuple[Intent, Result | None]:
        """The last intent with another seed, on the motion that it was carried out on."""
        last = self.conversation.intent or Intent("predict")
        self.seed = None
        if last.task in ("predict", "inbetween"):
            it = self.conversation.base or it
        return replace(last, samples=intent.samples or last.samples), it

    def _resized(self, intent: Intent, it: Result) -> Intent:
        """Another length: generate a sentence again with the same seed; continue or cut any other motion."""
        now = it.motion.seconds
        if intent.seconds is None:
            target = now * intent.amount
        else:
            target = now + intent.seconds if intent.more else intent.seconds
        target = max(round(target, 2), 0.5)
        if it.kind == "generate" and self.conversation.prompt:
            if self.seed is None:
                self.seed, self.rerank = it.seed, it.rerank
            return Intent("generate", self.conversation.prompt, seconds=target)
        if target > now:
            return Intent("predict", seconds=target - now)
        return Intent("edit", edit="cut", seconds=target)

    async def _generate(self, intent: Intent) -> AsyncIterator[Event]:
        seconds = self.seconds if intent.seconds is None else intent.seconds
        samples = intent.samples or self.samples or 1
        results: list[Result] = []
        options: dict[str, Any] = {"seconds": seconds, "samples": samples, "seed": self.seed, "rerank": self.rerank}
        async for event in generated(self.service, intent.text, results, **options):
            yield event
        first = results[0]
        self.conversation.motion, self.conversation.prompt = first, intent.text
        self.conversation.intent, self.conversation.base = replace(intent, seconds=seconds), None
        count = f" {len(results)} times" if len(results) > 1 else f", {first.motion.seconds:.1f} seconds"
        best = f", best of {first.rerank}" if (first.rerank or 1) > 1 else ""
        remarks = "".join(f" {remark}" for remark in first.motion.remarks)
        yield "text", {"delta": f"Here is “{intent.text}”{count} (seed {first.seed}{best}).{remarks}"}

    async def _ask(self, intent: Intent, it: Result | None) -> AsyncIterator[Event]:
        mentions_it = not _IT.isdisjoint(intent.text.lower().split())
        text, result = await self.service.ask(intent.text, it if mentions_it else None)
        if result is not None:
            yield "result", await self.service.view(result, "clip")
            self.conversation.motion, self.conversation.prompt = result, ""
        yield "text", {"delta": text or "This motion is my answer."}

    async def _describe(self, intent: Intent, it: Result) -> AsyncIterator[Event]:
        """The words of a description as the model writes them."""
        shown = ""
        finished: list[str] = []

        async def work(report: Callable[[str], None]) -> list[str]:
            return [await self.service.describe(it.motion, report)]

        async for text in _progress(work, finished):
            # The last word may still grow.
            complete = text[: text.rfind(" ") + 1]
            if len(complete) > len(shown) and complete.startswith(shown):
                yield "text", {"delta": complete[len(shown) :]}
                shown = complete
        yield "text", {"delta": finished[0][len(shown) :]}
        if intent.length:
            yield "text", {"delta": f". It lasts {it.motion.seconds:.1f} seconds."}

    async def _export(self, intent: Intent, it: Result) -> AsyncIterator[Event]:
        files = it.summary()["files"]
        if intent.text not in files:
            raise WebError(422, "invalid", f"This server cannot write this motion as .{intent.text}.")
        yield "text", {"delta": f"Here is the file: {files[intent.text]}"}

    async def _change(self, intent: Intent, it: Result) -> AsyncIterator[Event]:
        """A completion or an edit of the motion, with a remark."""
        if intent.task == "predict":
            result, remark = await self._predict(intent, it)
        elif intent.task == "inbetween":
            result, remark = await self._inbetween(intent, it)
        else:
            result, remark = await _edited(self.service, intent, it)
        self.conversation.motion, self.conversation.base, self.conversation.intent = result, it, intent
        self.conversation.prompt = result.text or self.conversation.prompt
        yield "result", await self.service.view(result, "clip")
        yield "text", {"delta": remark}

    async def _predict(self, intent: Intent, it: Result) -> tuple[Result, str]:
        now, more = it.motion.seconds, intent.seconds or _CONTINUATION
        result = await self.service.predict(it, given=1.0, seconds=now + more, seed=self.seed)
        return result, f"It continues for {more:.1f} seconds; the first {now:.1f} stay the same."

    async def _inbetween(self, intent: Intent, it: Result) -> tuple[Result, str]:
        result = await self.service.inbetween(it, given=intent.given, seed=self.seed)
        assert result.given is not None
        fps = result.motion.fps
        first, last = result.given[0] / fps, it.motion.seconds - result.given[1] / fps
        return result, f"From {first:.1f} to {last:.1f} seconds it is new; both ends stay the same."


async def _edited(service: Service, intent: Intent, it: Result) -> tuple[Result, str]:
    """The motion after an edit, and a remark about it."""
    now = it.motion.seconds
    if intent.edit == "tempo":
        result = await service.edit(it, Edits(tempo=intent.amount))
        pace = "Faster" if intent.amount > 1 else "Slower"
        return result, f"{pace}: {result.motion.seconds:.1f} seconds instead of {now:.1f}."
    if intent.edit == "mirror":
        result = await service.edit(it, Edits(mirror=True))
        return result, f"Left and right are swapped{': ' + result.text if result.text else ''}."
    if intent.edit == "reverse":
        return await service.edit(it, Edits(reverse=True)), "Reversed in time."
    if intent.edit == "turn":
        side = "left" if intent.amount > 0 else "right"
        result = await service.edit(it, Edits(bend=intent.amount))
        return result, f"It turns {abs(intent.amount):g}° more to the {side}."
    if intent.edit == "loop":
        seconds = min(intent.seconds or now * intent.amount, service.settings.seconds)
        result = await service.edit(it, Edits(loop=seconds))
        return result, f"A loop of {result.motion.seconds:.1f} seconds, whose end is its beginning."
    seconds = min(max(now * intent.amount if intent.seconds is None else intent.seconds, 1 / it.motion.fps), now)
    result = await service.edit(it, Edits(trim=(now - seconds, None) if intent.last else (None, seconds)))
    return result, f"Cut to {result.motion.seconds:.1f} seconds."


async def generated(
    service: Service,
    text: str,
    results: list[Result],
    *,
    seconds: float | None,
    samples: int,
    seed: int | None,
    **options: Unpack[SamplingOptions],
) -> AsyncIterator[Event]:
    """Events of motions that are being generated: partial motions, then the results, which are added to ``results``."""

    def work(report: Callable[[tuple[int, Motion]], None]) -> Awaitable[list[Result]]:
        return service.generate(
            text,
            seconds=seconds,
            samples=samples,
            seed=seed,
            on_part=lambda sample, part: report((sample, part)),
            **options,
        )

    async for sample, part in _progress(work, results):
        yield "partial", {"sample": sample, "seconds": part.seconds, "clip": await service.clip(part)}
    for result in results:
        yield "result", await service.view(result, "clip")


async def _progress(
    work: Callable[[Callable[[T], None]], Awaitable[list[Any]]], results: list[Any]
) -> AsyncIterator[T]:
    """What work in another thread reports while it runs; its results are added to ``results``."""
    loop = asyncio.get_running_loop()
    reports: asyncio.Queue[T | None] = asyncio.Queue()

    def report(item: T) -> None:
        loop.call_soon_threadsafe(reports.put_nowait, item)

    task = asyncio.ensure_future(work(report))
    task.add_done_callback(lambda _: reports.put_nowait(None))
    try:
        while (item := await reports.get()) is not None:
            yield item
        results += await task
    finally:
        task.cancel()


async def _text(text: str) -> AsyncIterator[Event]:
    yield "text", {"delta": text}
