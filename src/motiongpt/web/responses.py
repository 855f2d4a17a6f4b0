"""Responses: a result as JSON or as a file, and server-sent events."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

from fastapi.responses import JSONResponse, Response, StreamingResponse
from fastapi.sse import format_sse_event

from motiongpt.errors import MotionGPTError
from motiongpt.web.requests import EVENTS, JSON
from motiongpt.web.service import Service
from motiongpt.web.settings import WebError
from motiongpt.web.store import MEDIA_TYPES, Result, file_name

Event = tuple[str, dict[str, Any]]
"""Name and data of a server-sent event."""
SUFFIXES = {media: suffix for suffix, media in MEDIA_TYPES.items()}


async def send_result(service: Service, result: Result, media: str, view: str) -> Response:
    """A result as JSON, or as the file of that media type."""
    if media != JSON:
        return await send_file(service, result, SUFFIXES[media])
    return JSONResponse(await service.view(result, view))


async def send_file(service: Service, result: Result, suffix: str) -> Response:
    """A result as a download."""
    data = await service.file(result, suffix)
    headers = {"Content-Disposition": f'attachment; filename="{file_name(result)}.{suffix}"'}
    return Response(data, media_type=MEDIA_TYPES[suffix], headers=headers)


def send_events(events: AsyncIterator[Event]) -> Response:
    """Server-sent events. An error is one of them, and the last one is always ``done``."""

    async def stream() -> AsyncIterator[bytes]:
        start = asyncio.get_running_loop().time()
        try:
            async for name, data in events:
                yield _encoded(name, data)
        except WebError as error:
            yield _encoded("error", {"code": error.code, "message": error.message})
        except MotionGPTError as error:
            yield _encoded("error", {"code": "invalid", "message": str(error)})
        yield _encoded("done", {"seconds": round(asyncio.get_running_loop().time() - start, 3)})

    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(stream(), media_type=EVENTS, headers=headers)


def _encoded(name: str, data: dict[str, Any]) -> bytes:
    return format_sse_event(event=name, data_str=json.dumps(data))
