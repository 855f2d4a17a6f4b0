"""The ASGI application: page, REST API with its documentation, metrics and the MCP endpoint."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import resources
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp

from motiongpt import __version__
from motiongpt.errors import MotionGPTError
from motiongpt.generation.motiongpt import MotionGPT
from motiongpt.viewer import ASSETS
from motiongpt.web.api import make_router
from motiongpt.web.guard import HEADERS, Guard, Metrics, error_content
from motiongpt.web.mcp import make_mcp
from motiongpt.web.service import Service
from motiongpt.web.settings import DEFAULTS, Settings, WebError
from motiongpt.web.speech import Whisper

log = logging.getLogger("motiongpt.web")
_PAGE = Path(__file__).parent / "page"
# Our own table, since the system's may be missing or wrong.
_TYPES = {
    ".html": "text/html",
    ".js": "text/javascript",
    ".css": "text/css",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
    ".txt": "text/plain",
    ".map": "application/json",
}
_CODES = {400: "bad_request", 404: "not_found", 405: "method_not_allowed", 406: "not_acceptable", 413: "too_large"}
_DOCS = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>MotionGPT API</title>
<link rel="stylesheet" href="/docs/swagger-ui.css"></head><body><div id="swagger-ui"></div>
<script src="/docs/swagger-ui-bundle.js"></script><script src="/docs/start.js"></script></body></html>"""
_DOCS_START = 'SwaggerUIBundle({url: "/openapi.json", dom_id: "#swagger-ui", validatorUrl: null, deepLinking: true});'
# Swagger UI sets inline styles.
_DOCS_POLICY = HEADERS["Content-Security-Policy"].replace("style-src 'self'", "style-src 'self' 'unsafe-inline'")


def create_app(model: MotionGPT, settings: Settings = DEFAULTS, speech: Whisper | None = None) -> ASGIApp:
    """The ASGI application of a model.

    Args:
        model: only one thread of the application uses it.
        settings: limits, token and host names.
        speech: the speech recognition model, if there is one.
    """
    metrics = Metrics()
    service = Service(model, settings, speech, metrics.batches.observe)
    mcp, mcp_app = make_mcp(service)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with mcp.session_manager.run():
            yield
        # By now every request has its answer or a rejection.
        await service.thread(service.stop)

    app = FastAPI(
        title="MotionGPT",
        version=__version__,
        description="Generate human motion from text, describe motion, continue it, and fill in its middle.",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
    )
    app.include_router(make_router(service))
    app.router.routes.extend(mcp_app.routes)
    app.add_middleware(GZipMiddleware, minimum_size=4000, compresslevel=4)
    _answer_errors(app)

    @app.get("/api/v1/metrics", summary="Metrics for Prometheus", tags=["server"], response_class=Response)
    async def prometheus() -> Response:
        return Response(generate_latest(metrics.registry), media_type=CONTENT_TYPE_LATEST)

    @app.get("/", include_in_schema=False)
    async def page() -> Response:
        return _static(_PAGE, "index.html")

    @app.get("/page/{path:path}", include_in_schema=False)
    async def page_file(path: str) -> Response:
        return _static(_PAGE, path)

    @app.get("/viewer/{path:path}", include_in_schema=False)
    async def viewer_file(path: str) -> Response:
        return _static(ASSETS, path)

    @app.get("/docs", include_in_schema=False)
    async def docs() -> Response:
        return HTMLResponse(_DOCS, headers={"Content-Security-Policy": _DOCS_POLICY})

    @app.get("/docs/{name}", include_in_schema=False)
    async def docs_file(name: str) -> Response:
        if name == "start.js":
            return Response(_DOCS_START, media_type=_TYPES[".js"])
        return _static(Path(str(resources.files("fastapi_offline"))) / "static", name)

    return Guard(app, settings, metrics)


def _static(folder: Path, path: str) -> Response:
    """A file inside a folder."""
    try:
        file = (folder / path).resolve()
        known = file.is_relative_to(folder.resolve()) and file.is_file() and file.suffix in _TYPES
    except (ValueError, OSError):
        known = False
    if not known:
        raise WebError(404, "not_found", "There is no such page.")
    return FileResponse(file, media_type=_TYPES[file.suffix], headers={"Cache-Control": "no-cache"})


def _answer_errors(app: FastAPI) -> None:
    """Answer every error with one sentence in JSON."""

    def answer(error: WebError) -> JSONResponse:
        content, headers = error_content(error)
        return JSONResponse(content, error.status, headers=headers)

    @app.exception_handler(WebError)
    async def web_error(request: Request, error: WebError) -> JSONResponse:
        return answer(error)

    @app.exception_handler(MotionGPTError)
    async def user_error(request: Request, error: MotionGPTError) -> JSONResponse:
        return answer(WebError(422, "invalid", str(error)))

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        return answer(WebError(422, "invalid", f"{'.'.join(map(str, first['loc'][1:]))}: {first['msg'].rstrip('.')}."))

    @app.exception_handler(HTTPException)
    async def http_error(request: Request, error: HTTPException) -> JSONResponse:
        sentence = {404: "There is no such address.", 405: "This address does not support that method."}
        message = sentence.get(error.status_code, f"{str(error.detail).rstrip('.')}.")
        response = answer(WebError(error.status_code, _CODES.get(error.status_code, "error"), message))
        response.headers.update(error.headers or {})
        return response

    @app.exception_handler(Exception)
    async def broken(request: Request, error: Exception) -> JSONResponse:
        log.error("A request failed", exc_info=error)
        return answer(WebError(500, "internal", "An internal error occurred; the server keeps running."))
