"""Requests: JSON, or a form with files, and the media type of the response."""

from __future__ import annotations

from typing import Any, TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException

from motiongpt.web.settings import WebError
from motiongpt.web.store import MEDIA_TYPES

B = TypeVar("B", bound=BaseModel)
JSON, EVENTS = "application/json", "text/event-stream"
FORM = "multipart/form-data"


async def read_json(request: Request, model: type[B]) -> B:
    """The JSON body of a request.

    Raises:
        WebError: 415 for another media type, 400 for invalid JSON, 422 for an invalid field.
    """
    if _content_type(request) not in (JSON, ""):
        raise WebError(415, "unsupported_media_type", "Send JSON with Content-Type: application/json.")
    return _validated(model, await request.body())


async def read_form(request: Request, model: type[B], files: tuple[str, ...]) -> tuple[B, dict[str, tuple[bytes, str]]]:
    """The fields of a form, and its files as bytes with their names.

    Raises:
        WebError: 400 for an invalid form, 415 for another media type, 422 for an invalid field or an unexpected file.
    """
    if _content_type(request) != FORM:
        raise WebError(415, "unsupported_media_type", f"Send the file in a form with Content-Type: {FORM}.")
    found: dict[str, tuple[bytes, str]] = {}
    fields: dict[str, Any] = {}
    try:
        async with request.form(max_files=len(files), max_fields=32) as form:
            for name, value in form.multi_items():
                if isinstance(value, UploadFile):
                    if name not in files:
                        raise WebError(422, "invalid", f"There is no file field {name!r}: send {' and '.join(files)}.")
                    found[name] = await value.read(), value.filename or name
                elif name in files:
                    raise WebError(422, "invalid", f"{name} must be a file, not text.")
                else:
                    fields[name] = value
    except (HTTPException, UnicodeError, ValueError, KeyError) as error:
        raise WebError(400, "bad_request", "The form cannot be parsed: it is damaged or has too many parts.") from error
    return _validated(model, fields), found


async def read_either(request: Request, model: type[B]) -> tuple[B, dict[str, tuple[bytes, str]]]:
    """JSON, or a form with the files ``file`` and ``skeleton``."""
    if _content_type(request) == FORM:
        return await read_form(request, model, ("file", "skeleton"))
    return await read_json(request, model), {}


def accepted(request: Request, *others: str) -> str:
    """The media type of the response: the caller's first choice among JSON, the file types and the others.

    Raises:
        WebError: 406, the caller accepts none of them.
    """
    known = (JSON, *others, *MEDIA_TYPES.values())
    choices: list[tuple[float, int, str]] = []
    for place, part in enumerate(request.headers.get("accept", "*/*").split(",")):
        name, *parameters = (piece.strip().lower() for piece in part.split(";"))
        quality = next((piece[2:] for piece in parameters if piece.startswith("q=")), "1")
        try:
            choices.append((-float(quality), place, name))
        except ValueError:
            choices.append((-1.0, place, name))
    for quality_, _, name in sorted(choices):
        if quality_ == 0:
            continue
        if name in ("*/*", "application/*", ""):
            return JSON
        if name in known:
            return name
    raise WebError(406, "not_acceptable", f"The answer can be {', '.join(dict.fromkeys(known))}.")


def described(
    model: type[BaseModel], *, file: bool = False, audio: bool = False, form_only: bool = False
) -> dict[str, Any]:
    """The OpenAPI description of a request body."""
    schema = model.model_json_schema()
    content: dict[str, Any] = {} if form_only else {JSON: {"schema": schema}}
    if file or form_only:
        binary = {"type": "string", "format": "binary"}
        properties = {**schema.get("properties", {}), "file": binary}
        if not audio:
            properties["skeleton"] = {**binary, "description": "The .asf of an .amc."}
        form = {**schema, "properties": properties}
        if form_only:
            form["required"] = [*schema.get("required", []), "file"]
        content[FORM] = {"schema": form}
    return {"requestBody": {"required": True, "content": content}}


def _content_type(request: Request) -> str:
    return request.headers.get("content-type", "").split(";")[0].strip().lower()


def _validated(model: type[B], data: bytes | dict[str, Any]) -> B:
    try:
        return model.model_validate_json(data) if isinstance(data, bytes) else model.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        if first["type"] == "json_invalid":
            raise WebError(400, "bad_request", "The request is not valid JSON.") from error
        place = ".".join(str(part) for part in first["loc"]) or "The request"
        raise WebError(422, "invalid", f"{place}: {first['msg'].rstrip('.')}.") from error
