"""The REST API, /api/v1."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, TypeVar

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from fastapi.sse import format_sse_event
from pydantic import BaseModel

from motiongpt import __version__, formats
from motiongpt.errors import MotionGPTError
from motiongpt.viewer import body_data
from motiongpt.web import chat as talk
from motiongpt.web import schemas
from motiongpt.web.requests import EVENTS, JSON, accepted, described, read_either, read_form, read_json
from motiongpt.web.service import Sampling, Service
from motiongpt.web.settings import WebError
from motiongpt.web.store import MEDIA_TYPES, Result, Shelf, file_name

M = TypeVar("M", bound=schemas.OfMotion)
_SUFFIXES = {media: suffix for suffix, media in MEDIA_TYPES.items()}
_ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"model": schemas.ErrorOut, "description": text}
    for status, text in {
        400: "The request cannot be read.",
        401: "The token is missing or wrong.",
        403: "The request comes from another site, or under another name of the server.",
        404: "There is no such motion.",
        406: "The answer cannot be of the type that is wanted.",
        413: "The request or the motion is too large.",
        415: "The request is of another type.",
        422: "A value or a file is wrong.",
        429: "Too many requests are waiting; see Retry-After.",
        503: "The server is stopping, or the answer took too long; see Retry-After.",
    }.items()
}
_BINARY = {media: {"schema": {"type": "string", "format": "binary"}} for media in MEDIA_TYPES.values()}
_FILE: dict[int | str, dict[str, Any]] = {200: {"content": {**_BINARY}}}


def make_router(service: Service) -> APIRouter:
    """The routes of the API on a service."""
    router = APIRouter(prefix="/api/v1", responses=_ERRORS)
    conversations: Shelf[talk.Conversation] = Shelf(service.settings.conversations)

    async def source_of(
        motion: str | None, files: dict[str, tuple[bytes, str]], fps: float | None = None, unit: str | None = None
    ) -> Result:
        """The motion that a request speaks of: sent with it, or known by its id."""
        if "file" in files:
            data, name = files["file"]
            options = {"fps": fps, "unit": unit}
            given = {key: value for key, value in options.items() if value is not None}
            return await service.upload(data, name, rig=files.get("skeleton"), **given)
        if motion is None:
            raise WebError(422, "invalid", 'motion: give the id of a motion, or send a form with a file in "file".')
        return service.results.find(motion)

    async def read_about(request: Request, body: type[M]) -> tuple[M, Result]:
        """A request about one motion, and that motion."""
        asked, files = await read_either(request, body)
        return asked, await source_of(asked.motion, files)

    async def send(request: Request, result: Result, view: schemas.View) -> Response:
        """A result as JSON, or as the file that the caller wants."""
        media = accepted(request)
        if media != JSON:
            return await send_file(result, _SUFFIXES[media])
        return JSONResponse(await service.view(result, view))

    async def send_file(result: Result, suffix: str) -> Response:
        data = await service.file(result, suffix)
        name = f"{file_name(result)}.{suffix}"
        return Response(
            data, media_type=MEDIA_TYPES[suffix], headers={"Content-Disposition": f'attachment; filename="{name}"'}
        )

    def task(
        path: str,
        summary: str,
        body: type[schemas.Body],
        answer: type[BaseModel] = schemas.ResultOut,
        *,
        file: bool = False,
        tag: str = "tasks",
    ) -> Callable[[Any], Any]:
        """A route that takes ``body``, or a form with a motion in ``file``; a result can be had as a file as well."""
        return router.post(
            path,
            summary=summary,
            tags=[tag],
            response_model=answer,
            responses=_FILE if answer is schemas.ResultOut else None,
            openapi_extra=described(body, file=file),
        )

    @router.get("/health", summary="Is it there, and what can it do?", tags=["server"])
    async def health() -> dict[str, Any]:
        model, limits = service.model, service.settings
        return {
            "status": "ok",
            "version": __version__,
            "model": {
                "fingerprint": service.fingerprint,
                "fps": model.tokenizer.skeleton.fps,
                "stride": model.tokenizer.stride,
                "codes": model.tokenizer.num_codes,
                "defaults": {
                    name: getattr(model.defaults, name)
                    for name in ("temperature", "top_k", "top_p", "guidance", "rerank", "min_seconds", "max_seconds")
                },
            },
            "speech": service.speech is not None,
            "limits": {
                "upload_bytes": limits.upload_bytes,
                "upload_seconds": limits.upload_seconds,
                "seconds": limits.seconds,
                "samples": limits.samples,
                "rerank": limits.most_rerank,
                "text_characters": limits.text_characters,
            },
            "queue": {"waiting": service.engine.waiting, "limit": limits.queue},
            "formats": {
                "read": list(formats.READERS),
                "write": [name for name in MEDIA_TYPES if f".{name}" in formats.WRITERS],
            },
        }

    @router.get("/examples", summary="Sentences and instructions to try", tags=["server"])
    async def examples() -> list[dict[str, Any]]:
        text = (Path(__file__).parent / "examples.json").read_text(encoding="utf-8")
        loaded: list[dict[str, Any]] = json.loads(text)
        return loaded

    body: list[tuple[bytes, str]] = []

    @router.get("/body", summary="The mesh that the player bends", tags=["results"], response_class=Response)
    async def mesh(request: Request) -> Response:
        if not body:
            data = await service.thread(lambda: gzip.compress(json.dumps(body_data()).encode(), 6))
            body.append((data, f'"{hashlib.sha256(data).hexdigest()[:32]}"'))
        data, tag = body[0]
        headers = {"ETag": tag, "Cache-Control": "private, max-age=86400", "Vary": "Accept-Encoding"}
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=headers)
        if "gzip" in request.headers.get("accept-encoding", ""):
            return Response(data, media_type=JSON, headers={**headers, "Content-Encoding": "gzip"})
        return Response(gzip.decompress(data), media_type=JSON, headers=headers)

    @router.post(
        "/uploads",
        summary="Upload a motion file",
        tags=["results"],
        response_model=schemas.ResultOut,
        response_model_exclude_none=True,
        openapi_extra=described(schemas.Upload, form_only=True),
    )
    async def upload(request: Request, view: schemas.View = "joints") -> Response:
        fields, files = await read_form(request, schemas.Upload, ("file", "skeleton"))
        if "file" not in files:
            raise WebError(422, "invalid", 'file: send the motion file in the field "file".')
        return JSONResponse(await service.view(await source_of(None, files, fields.fps, fields.unit), view))

    @router.get(
        "/results/{name}",
        summary="A result again, or a file of it (ID.glb, ID.bvh ...)",
        tags=["results"],
        response_model=schemas.ResultOut,
        responses=_FILE,
    )
    async def result(name: str, view: schemas.View = "joints") -> Response:
        key, _, suffix = name.partition(".")
        found = service.results.find(key)
        if suffix:
            return await send_file(found, suffix.lower())
        return JSONResponse(await service.view(found, view))

    @router.post(
        "/generate",
        summary="Sentence to motion",
        tags=["tasks"],
        response_model=schemas.ResultsOut,
        responses={200: {"content": {**_BINARY, EVENTS: {"schema": {"type": "string"}}}}},
        openapi_extra=described(schemas.Generate),
    )
    async def generate(request: Request, view: schemas.View = "joints") -> Response:
        media = accepted(request, EVENTS)
        asked = await read_json(request, schemas.Generate)
        options: dict[str, Any] = {"seconds": asked.seconds, "samples": asked.samples, "seed": asked.seed}
        if media == EVENTS:
            made: list[Result] = []
            return events(talk.generated(service, asked.text, **options, sampling=asked.sampling(), made=made))
        results = await service.generate(asked.text, **options, sampling=asked.sampling())
        if media != JSON:
            return await send_file(results[0], _SUFFIXES[media])
        views = [await service.view(one, view) for one in results]
        return JSONResponse({"results": views, "seed": results[0].seed, "rerank": results[0].rerank})

    @task("/describe", "Motion to text", schemas.OfMotion, schemas.TextOut, file=True)
    async def describe(request: Request) -> Response:
        _, source = await read_about(request, schemas.OfMotion)
        return JSONResponse({"text": await service.describe(source.motion)})

    @task("/predict", "Continue a motion", schemas.Predict, file=True)
    async def predict(request: Request, view: schemas.View = "joints") -> Response:
        accepted(request)
        asked, source = await read_about(request, schemas.Predict)
        made = await service.predict(
            source, given=asked.given, seconds=asked.seconds, seed=asked.seed, sampling=asked.sampling()
        )
        return await send(request, made, view)

    @task("/inbetween", "Fill the middle of a motion", schemas.Inbetween, file=True)
    async def inbetween(request: Request, view: schemas.View = "joints") -> Response:
        accepted(request)
        asked, source = await read_about(request, schemas.Inbetween)
        made = await service.inbetween(source, given=asked.given, seed=asked.seed, sampling=asked.sampling())
        return await send(request, made, view)

    @task("/ask", "Any instruction", schemas.Ask, schemas.AnswerOut, file=True)
    async def ask(request: Request, view: schemas.View = "joints") -> Response:
        asked, files = await read_either(request, schemas.Ask)
        source = await source_of(asked.motion, files) if files or asked.motion is not None else None
        sampling = Sampling(temperature=asked.temperature, cleanup=asked.cleanup)
        text, made = await service.ask(asked.prompt, source, seed=asked.seed, sampling=sampling)
        return JSONResponse({"text": text, "result": None if made is None else await service.view(made, view)})

    @task("/convert", "A motion in another format, as the model reads it", schemas.OfMotion, file=True)
    async def convert(request: Request, view: schemas.View = "joints") -> Response:
        accepted(request)
        _, source = await read_about(request, schemas.OfMotion)
        return await send(request, source, view)

    @task("/tokens/encode", "Motion to codes", schemas.OfMotion, schemas.CodesOut, file=True, tag="tokens")
    async def encode(request: Request) -> Response:
        _, source = await read_about(request, schemas.OfMotion)
        codes = await service.encode(source.motion)
        tokenizer = service.model.tokenizer
        return JSONResponse({"codes": codes, "stride": tokenizer.stride, "fps": tokenizer.skeleton.fps})

    @task("/tokens/decode", "Codes to motion", schemas.Codes, tag="tokens")
    async def decode(request: Request, view: schemas.View = "joints") -> Response:
        accepted(request)
        asked = await read_json(request, schemas.Codes)
        return await send(request, await service.decode(asked.codes), view)

    @router.post(
        "/transcribe",
        summary="Recording to words",
        tags=["chat"],
        response_model=schemas.TextOut,
        responses={501: {"model": schemas.ErrorOut, "description": "There is no speech model."}},
        openapi_extra=described(schemas.Body, form_only=True, audio=True),
    )
    async def transcribe(request: Request) -> Response:
        _, files = await read_form(request, schemas.Body, ("file",))
        if "file" not in files:
            raise WebError(422, "invalid", 'file: send the recording in the field "file".')
        return JSONResponse({"text": await service.transcribe(files["file"][0])})

    @router.post(
        "/chat",
        summary="Talk",
        tags=["chat"],
        response_class=StreamingResponse,
        responses={200: {"content": {EVENTS: {"schema": {"type": "string"}}}}},
        openapi_extra=described(schemas.Chat),
    )
    async def chat(request: Request) -> Response:
        asked = await read_json(request, schemas.Chat)
        known = None if asked.conversation is None else conversations.get(asked.conversation)
        conversation = known or talk.Conversation()
        conversations.put(conversation.id, conversation)
        if asked.motion is not None:
            conversation.take(service.results.find(asked.motion))

        async def told() -> AsyncIterator[talk.Event]:
            yield "conversation", {"id": conversation.id}
            async for event in talk.answer(
                service,
                conversation,
                asked.message,
                samples=asked.samples,
                seconds=asked.seconds,
                seed=asked.seed,
                rerank=asked.rerank,
            ):
                yield event

        return events(told())

    return router


def events(told: AsyncIterator[talk.Event]) -> Response:
    """Server-sent events; what goes wrong on the way is one of them, and the last is always ``done``."""

    async def stream() -> AsyncIterator[bytes]:
        start = asyncio.get_running_loop().time()
        try:
            async for name, data in told:
                yield format_sse_event(event=name, data_str=json.dumps(data))
        except WebError as error:
            yield format_sse_event(event="error", data_str=json.dumps({"code": error.code, "message": error.message}))
        except MotionGPTError as error:
            yield format_sse_event(event="error", data_str=json.dumps({"code": "invalid", "message": str(error)}))
        seconds = round(asyncio.get_running_loop().time() - start, 3)
        yield format_sse_event(event="done", data_str=json.dumps({"seconds": seconds}))

    return StreamingResponse(
        stream(), media_type=EVENTS, headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    )
