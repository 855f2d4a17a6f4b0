"""The REST API, /api/v1."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from pydantic import BaseModel

from motiongpt import __version__, formats
from motiongpt.generation.options import SamplingOptions
from motiongpt.motion.edits import Edits
from motiongpt.viewer import body_data
from motiongpt.web import chat, schemas
from motiongpt.web.requests import EVENTS, JSON, accepted, described, read_either, read_form, read_json
from motiongpt.web.responses import SUFFIXES, Event, send_events, send_file, send_result
from motiongpt.web.service import Service
from motiongpt.web.settings import WebError
from motiongpt.web.store import MEDIA_TYPES, Result, Shelf

Files = dict[str, tuple[bytes, str]]
# The work of a task: its request and the motion that it is about -> a motion, or the fields of a JSON answer.
Work = Callable[[Any, Any], Awaitable[Result | dict[str, Any]]]
_ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"model": schemas.ErrorOut, "description": text}
    for status, text in {
        400: "The request cannot be parsed.",
        401: "The token is missing or wrong.",
        403: "The request comes from another site, or uses another host name.",
        404: "There is no such motion.",
        406: "The server cannot answer with any of the accepted media types.",
        413: "The request or the motion is too large.",
        415: "The request has an unsupported media type.",
        422: "A value or a file is invalid.",
        429: "Too many requests are waiting; see Retry-After.",
        503: "The server is stopping, or the answer took too long; see Retry-After.",
    }.items()
}
_BINARY = {media: {"schema": {"type": "string", "format": "binary"}} for media in MEDIA_TYPES.values()}
_FILE: dict[int | str, dict[str, Any]] = {200: {"content": {**_BINARY}}}
_STREAM: dict[int | str, dict[str, Any]] = {200: {"content": {EVENTS: {"schema": {"type": "string"}}}}}


def make_router(service: Service) -> APIRouter:
    """The routes of the API on a service."""
    router = APIRouter(prefix="/api/v1", responses=_ERRORS)
    _add_server(router, service)
    _add_results(router, service)
    _add_generate(router, service)
    _add_tasks(router, service)
    _add_chat(router, service)
    return router


def _add_server(router: APIRouter, service: Service) -> None:
    """State, limits and examples."""

    @router.get("/health", summary="State, model and limits of the server", tags=["server"])
    async def health() -> dict[str, Any]:
        model, limits = service.model, service.settings
        defaults = (*sorted(SamplingOptions.__optional_keys__), "min_seconds", "max_seconds")
        return {
            "status": "ok",
            "version": __version__,
            "model": {
                "fingerprint": service.fingerprint,
                "fps": model.tokenizer.skeleton.fps,
                "stride": model.tokenizer.stride,
                "codes": model.tokenizer.num_codes,
                "defaults": {name: getattr(model.defaults, name) for name in defaults},
            },
            "speech": service.speech is not None,
            "limits": {
                "upload_bytes": limits.upload_bytes,
                "upload_seconds": limits.upload_seconds,
                "seconds": limits.seconds,
                "samples": limits.samples,
                "rerank": limits.max_rerank,
                "text_characters": limits.text_characters,
            },
            "queue": {"waiting": service.engine.waiting, "limit": limits.queue},
            "formats": {"read": list(formats.READERS), "write": list(MEDIA_TYPES)},
        }

    @router.get("/examples", summary="Example sentences and instructions", tags=["server"])
    async def examples() -> list[dict[str, Any]]:
        text = (Path(__file__).parent / "examples.json").read_text(encoding="utf-8")
        loaded: list[dict[str, Any]] = json.loads(text)
        return loaded


def _add_results(router: APIRouter, service: Service) -> None:
    """Uploads, results and the body of the player."""
    body: list[tuple[bytes, str]] = []  # the compressed mesh and its tag, after the first request for it

    @router.get("/body", summary="The skinned mesh for the player", tags=["results"], response_class=Response)
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
        source = await _source(service, None, files, **fields.model_dump(exclude_none=True))
        return JSONResponse(await service.view(source, view))

    @router.get(
        "/results/{name}",
        summary="A result (ID), or a file of it (ID.glb, ID.bvh ...)",
        tags=["results"],
        response_model=schemas.ResultOut,
        responses=_FILE,
    )
    async def result(name: str, view: schemas.View = "joints") -> Response:
        key, _, suffix = name.partition(".")
        found = service.results.find(key)
        if suffix:
            return await send_file(service, found, suffix.lower())
        return JSONResponse(await service.view(found, view))


def _add_generate(router: APIRouter, service: Service) -> None:
    """Text to motion: as JSON, as a file, or as a stream of events."""

    @router.post(
        "/generate",
        summary="Text to motion",
        tags=["tasks"],
        response_model=schemas.ResultsOut,
        responses={200: {"content": {**_BINARY, **_STREAM[200]["content"]}}},
        openapi_extra=described(schemas.Generate),
    )
    async def generate(request: Request, view: schemas.View = "joints") -> Response:
        media = accepted(request, EVENTS)
        body = await read_json(request, schemas.Generate)
        options: dict[str, Any] = {"seconds": body.seconds, "samples": body.samples, "seed": body.seed, **body.options}
        if media == EVENTS:
            return send_events(chat.generated(service, body.text, [], **options))
        results = await service.generate(body.text, **options)
        if media != JSON:
            return await send_file(service, results[0], SUFFIXES[media])
        views = [await service.view(one, view) for one in results]
        return JSONResponse({"results": views, "seed": results[0].seed, "rerank": results[0].rerank})


def _add_tasks(router: APIRouter, service: Service) -> None:
    """The tasks about one motion, and those about codes: a line of work each."""

    def task(
        path: str, summary: str, body: type[schemas.Body], *, answer: type[BaseModel] | None = None, tag: str = "tasks"
    ) -> Callable[[Work], Work]:
        """Make a route of work on a request ``body`` that answers with a motion, or with the fields of ``answer``."""
        about_motion = issubclass(body, schemas.OfMotion)

        async def respond(request: Request, view: str, work: Work) -> Response:
            # Refuse a media type before the model works.
            media = accepted(request) if answer is None else JSON
            fields, files = await read_either(request, body) if about_motion else (await read_json(request, body), {})
            source = await _source(service, fields.motion, files) if isinstance(fields, schemas.OfMotion) else None
            done = await work(fields, source)
            if isinstance(done, Result):
                return await send_result(service, done, media, view)
            return JSONResponse(done)

        def register(work: Work) -> Work:
            async def with_view(request: Request, view: schemas.View = "joints") -> Response:
                return await respond(request, view, work)

            async def without_view(request: Request) -> Response:
                return await respond(request, "none", work)

            router.add_api_route(
                path,
                with_view if answer is None else without_view,
                methods=["POST"],
                name=path.strip("/").replace("/", "_"),
                summary=summary,
                tags=[tag],
                response_model=answer or schemas.ResultOut,
                responses=_FILE if answer is None else None,
                openapi_extra=described(body, file=about_motion),
            )
            return work

        return register

    @task("/describe", "Motion to text", schemas.OfMotion, answer=schemas.TextOut)
    async def describe(body: schemas.OfMotion, source: Result) -> dict[str, Any]:
        return {"text": await service.describe(source.motion)}

    @task("/predict", "Continue a motion", schemas.Predict)
    async def predict(body: schemas.Predict, source: Result) -> Result:
        return await service.predict(source, given=body.given, seconds=body.seconds, seed=body.seed, **body.options)

    @task("/inbetween", "Fill in the middle of a motion", schemas.Inbetween)
    async def inbetween(body: schemas.Inbetween, source: Result) -> Result:
        return await service.inbetween(source, given=body.given, seed=body.seed, **body.options)

    @task("/edit", "Trim, loop, mirror, bend and otherwise edit a motion", schemas.Edit)
    async def edit(body: schemas.Edit, source: Result) -> Result:
        return await service.edit(source, Edits(**body.model_dump(exclude={"motion"})))

    @task("/convert", "A motion in another format, standardised for the model", schemas.OfMotion)
    async def convert(body: schemas.OfMotion, source: Result) -> Result:
        return source

    @task("/tokens/encode", "Motion to codes", schemas.OfMotion, answer=schemas.CodesOut, tag="tokens")
    async def encode(body: schemas.OfMotion, source: Result) -> dict[str, Any]:
        tokenizer = service.model.tokenizer
        codes = await service.encode(source.motion)
        return {"codes": codes, "stride": tokenizer.stride, "fps": tokenizer.skeleton.fps}

    @task("/tokens/decode", "Codes to motion", schemas.Codes, tag="tokens")
    async def decode(body: schemas.Codes, source: None) -> Result:
        return await service.decode(body.codes)

    @router.post(
        "/ask",
        summary="Follow any instruction",
        tags=["tasks"],
        response_model=schemas.AnswerOut,
        openapi_extra=described(schemas.Ask, file=True),
    )
    async def ask(request: Request, view: schemas.View = "joints") -> Response:
        body, files = await read_either(request, schemas.Ask)
        source = await _source(service, body.motion, files) if files or body.motion is not None else None
        text, result = await service.ask(body.prompt, source, seed=body.seed, **body.options)
        return JSONResponse({"text": text, "result": None if result is None else await service.view(result, view)})


def _add_chat(router: APIRouter, service: Service) -> None:
    """The chat, and speech for it."""
    conversations: Shelf[chat.Conversation] = Shelf(service.settings.conversations)

    @router.post(
        "/transcribe",
        summary="Speech to text",
        tags=["chat"],
        response_model=schemas.TextOut,
        responses={501: {"model": schemas.ErrorOut, "description": "The server has no speech model."}},
        openapi_extra=described(schemas.Body, form_only=True, audio=True),
    )
    async def transcribe(request: Request) -> Response:
        _, files = await read_form(request, schemas.Body, ("file",))
        if "file" not in files:
            raise WebError(422, "invalid", 'file: send the recording in the field "file".')
        return JSONResponse({"text": await service.transcribe(files["file"][0])})

    @router.post(
        "/chat",
        summary="Send a chat message",
        tags=["chat"],
        response_class=StreamingResponse,
        responses=_STREAM,
        openapi_extra=described(schemas.Chat),
    )
    async def say(request: Request) -> Response:
        body = await read_json(request, schemas.Chat)
        known = None if body.conversation is None else conversations.get(body.conversation)
        conversation = known or chat.Conversation()
        conversations.put(conversation.id, conversation)
        if body.motion is not None:
            conversation.take(service.results.find(body.motion))
        reply = chat.Reply(
            service, conversation, samples=body.samples, seconds=body.seconds, seed=body.seed, rerank=body.rerank
        )

        async def events() -> AsyncIterator[Event]:
            yield "conversation", {"id": conversation.id}
            async for event in reply.to(body.message):
                yield event

        return send_events(events())


async def _source(service: Service, motion: str | None, files: Files, **options: Any) -> Result:
    """The motion of a request: a file in the request, or the id of a result.

    Raises:
        WebError: 422 with neither, 404 without such a result; see also :meth:`Service.upload`.
    """
    if "file" in files:
        data, name = files["file"]
        return await service.upload(data, name, rig=files.get("skeleton"), **options)
    if motion is None:
        raise WebError(422, "invalid", 'motion: give the id of a motion, or send a form with a file in "file".')
    return service.results.find(motion)
