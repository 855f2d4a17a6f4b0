"""A message answered: what is understood is carried out, and everything is told as it happens."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Any

from motiongpt.motion import editing
from motiongpt.web.intents import GREETING, Intent, understand
from motiongpt.web.service import PLAIN, Sampling, Service
from motiongpt.web.settings import WebError
from motiongpt.web.store import Result

Event = tuple[str, dict[str, Any]]
# Seconds by which "continue this" continues.
_CONTINUED = 4.0


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


async def answer(
    service: Service,
    conversation: Conversation,
    message: str,
    *,
    samples: int | None = None,
    seconds: float | None = None,
    seed: int | None = None,
    rerank: int | None = None,
) -> AsyncIterator[Event]:
    """Events that answer a message: task, text, partial, result.

    Args:
        service: what does the work.
        conversation: what "it" means; kept up to date.
        message: as typed.
        samples, seconds, seed, rerank: of motions, where the message does not say.
    """
    it = conversation.motion
    intent = understand(message, motion=it is not None, prompt=conversation.prompt)
    if intent.task == "again":
        before = conversation.intent or Intent("predict")
        seed = None
        intent = replace(before, samples=intent.samples or before.samples)
        it = conversation.base or it if before.task in ("predict", "inbetween") else it
    if intent.task == "resize" and it is not None:
        intent = _resized(intent, conversation, it)
        if intent.task == "generate" and seed is None:
            seed, rerank = it.seed, it.rerank
    if intent.task == "edit" and intent.edit == "cut" and it is not None and intent.seconds is None:
        intent = replace(intent, seconds=intent.amount * it.motion.seconds)
    yield "task", {"task": intent.task, "note": _note(intent)}

    if intent.task == "generate":
        length = seconds if intent.seconds is None else intent.seconds
        made: list[Result] = []
        async for event in generated(
            service,
            intent.text,
            seconds=length,
            samples=intent.samples or samples or 1,
            seed=seed,
            made=made,
            sampling=Sampling(rerank=rerank),
        ):
            yield event
        conversation.motion, conversation.prompt = made[0], intent.text
        conversation.intent, conversation.base = replace(intent, seconds=length), None
        number = f" {len(made)} times" if len(made) > 1 else f", {made[0].motion.seconds:.1f} seconds"
        best = f", best of {made[0].rerank}" if (made[0].rerank or 1) > 1 else ""
        yield "text", {"delta": f"Here is “{intent.text}”{number} (seed {made[0].seed}{best})."}
    elif intent.task == "ask":
        words, result = await service.ask(intent.text, it if it is not None and _about_it(intent.text) else None)
        if result is not None:
            yield "result", await service.view(result, "clip")
            conversation.motion, conversation.prompt = result, ""
        yield "text", {"delta": words or "This is how I would answer."}
    elif it is None or intent.task == "help":
        yield "text", {"delta": intent.text or GREETING}
    elif intent.task == "describe":
        async for event in _described(service, it):
            yield event
        if intent.length:
            yield "text", {"delta": f". It lasts {it.motion.seconds:.1f} seconds."}
    elif intent.task == "length":
        clip = it.motion
        words = f"It lasts {clip.seconds:.1f} seconds: {len(clip)} frames, {clip.fps:g} a second."
        yield "text", {"delta": words}
    elif intent.task == "export":
        if intent.text not in it.summary()["files"]:
            raise WebError(422, "invalid", f"This motion cannot be written as .{intent.text} here.")
        yield "text", {"delta": f"Here it is: {it.summary()['files'][intent.text]}"}
    else:
        result, words = await _changed(service, intent, it, seed)
        conversation.motion, conversation.base, conversation.intent = result, it, intent
        if result.text:
            conversation.prompt = result.text
        yield "result", await service.view(result, "clip")
        yield "text", {"delta": words}


def _resized(intent: Intent, conversation: Conversation, it: Result) -> Intent:
    """Another length: a sentence is asked again, another motion is continued or cut."""
    now = it.motion.seconds
    if intent.seconds is None:
        target = now * intent.amount
    else:
        target = now + intent.seconds if intent.more else intent.seconds
    target = max(round(target, 2), 0.5)
    if it.kind == "generate" and conversation.prompt:
        return Intent("generate", conversation.prompt, seconds=target)
    if target > now:
        return Intent("predict", seconds=target - now)
    return Intent("edit", edit="cut", seconds=target)


async def _changed(service: Service, intent: Intent, it: Result, seed: int | None) -> tuple[Result, str]:
    """The motion after a completion or an edit, and what to say about it."""
    now = it.motion.seconds
    if intent.task == "predict":
        more = intent.seconds or _CONTINUED
        result = await service.predict(it, given=1.0, seconds=now + more, seed=seed)
        return result, f"It goes on for {more:.1f} more seconds; the first {now:.1f} stay as they are."
    if intent.task == "inbetween":
        result = await service.inbetween(it, given=intent.given, seed=seed)
        assert result.given is not None
        first, last = result.given[0] / result.motion.fps, now - result.given[1] / result.motion.fps
        return result, f"From {first:.1f} to {last:.1f} seconds it is new; both ends stay as they are."
    if intent.edit == "tempo":
        result = await service.tempo(it, intent.amount)
        pace = "Faster" if intent.amount > 1 else "Slower"
        return result, f"{pace}: {now:.1f} seconds have become {result.motion.seconds:.1f}."
    if intent.edit == "mirror":
        result = await service.mirror(it)
        return result, f"Left and right are exchanged{': ' + result.text if result.text else ''}."
    if intent.edit == "reverse":
        return await service.edit(it, editing.reverse), "Backwards in time."
    if intent.edit == "turn":
        result = await service.edit(it, lambda motion: editing.bend_path(motion, intent.amount))
        side = "left" if intent.amount > 0 else "right"
        return result, f"It turns {abs(intent.amount):g}° more to the {side}."
    if intent.edit == "loop":
        length = min(intent.seconds or now * intent.amount, service.settings.seconds)
        result = await service.edit(it, lambda motion: editing.loop(motion, length))
        return result, f"Repeated for {result.motion.seconds:.1f} seconds."
    frames = max(1, min(round((intent.seconds or now) * it.motion.fps), len(it.motion)))
    part = slice(len(it.motion) - frames, None) if intent.last else slice(0, frames)
    result = await service.edit(it, lambda motion: motion[part])
    return result, f"Cut to {result.motion.seconds:.1f} seconds."


async def generated(
    service: Service,
    text: str,
    *,
    seconds: float | None,
    samples: int,
    seed: int | None,
    made: list[Result],
    sampling: Sampling = PLAIN,
) -> AsyncIterator[Event]:
    """Partial motions while they are written, then the results, which are put into ``made``."""
    work = service.generate
    async for sample, part in _while(
        lambda tell: work(
            text,
            seconds=seconds,
            samples=samples,
            seed=seed,
            sampling=sampling,
            on_part=lambda number, motion: tell((number, motion)),
        ),
        made,
    ):
        yield "partial", {"sample": sample, "seconds": part.seconds, "clip": await service.clip(part)}
    for result in made:
        yield "result", await service.view(result, "clip")


async def _described(service: Service, it: Result) -> AsyncIterator[Event]:
    """The words of a description as they come."""
    told = ""
    finished: list[str] = []

    async def work(tell: Callable[[str], None]) -> list[str]:
        return [await service.describe(it.motion, tell)]

    async for text in _while(work, finished):
        # The last word may still grow.
        sure = text[: text.rfind(" ") + 1]
        if len(sure) > len(told) and sure.startswith(told):
            yield "text", {"delta": sure[len(told) :]}
            told = sure
    yield "text", {"delta": finished[0][len(told) :]}


async def _while(work: Callable[[Callable[[Any], None]], Awaitable[list[Any]]], made: list[Any]) -> AsyncIterator[Any]:
    """What some work in another thread tells while it goes on; its results are put into ``made``."""
    loop = asyncio.get_running_loop()
    told: asyncio.Queue[Any] = asyncio.Queue()

    def tell(item: Any) -> None:
        loop.call_soon_threadsafe(told.put_nowait, item)

    task = asyncio.ensure_future(work(tell))
    task.add_done_callback(lambda _: told.put_nowait(None))
    try:
        while (item := await told.get()) is not None:
            yield item
        made += await task
    finally:
        task.cancel()


def _about_it(question: str) -> bool:
    return any(word in question.lower().split() for word in ("it", "this", "that", "here", "motion", "<motion>"))


def _note(intent: Intent) -> str:
    """A few words for a label."""
    if intent.task == "generate":
        return intent.text
    return intent.edit or intent.task
