"""Checks and headers of all requests: host names, origins, the token, sizes, security headers and metrics."""

from __future__ import annotations

import asyncio
import hmac
import json
import time
from collections.abc import Mapping
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from motiongpt.web.settings import Settings, WebError

_MAX_ACTIVE = 256
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; "
    "font-src 'self'; connect-src 'self' blob:; worker-src 'self' blob:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "microphone=(self), camera=(), geolocation=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class Metrics:
    """The metrics for Prometheus."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "motiongpt_requests", "Requests by path and status.", ("path", "status"), registry=self.registry
        )
        self.duration = Histogram(
            "motiongpt_request_seconds",
            "Seconds until the last byte of an answer.",
            ("path",),
            registry=self.registry,
            buckets=(0.01, 0.05, 0.1, 0.25, 0.5, 1, 2, 4, 8, 16, 32, 64),
        )
        self.batches = Histogram(
            "motiongpt_batch_size",
            "Requests in a batch of the model.",
            registry=self.registry,
            buckets=(1, 2, 4, 8, 16, 32),
        )
        self.active = Gauge("motiongpt_active_requests", "Requests in progress.", registry=self.registry)


class Guard:
    """ASGI middleware around the whole application.

    Args:
        app: the application.
        settings: limits, token and host names.
        metrics: for Prometheus.
    """

    def __init__(self, app: ASGIApp, settings: Settings, metrics: Metrics) -> None:
        self.app, self.settings, self.metrics = app, settings, metrics
        self._active = 0
        self._headers = dict(HEADERS)
        if settings.embed is not None:
            del self._headers["X-Frame-Options"]
            policy = _POLICY.replace("frame-ancestors 'none'", f"frame-ancestors {settings.embed}")
            self._headers["Content-Security-Policy"] = policy

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self.app(scope, receive, send)
            return
        start, status, started = time.monotonic(), 500, False
        self._active += 1
        self.metrics.active.set(self._active)

        async def reply(message: Message) -> None:
            nonlocal status, started
            if message["type"] == "http.response.start":
                status, started = message["status"], True
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            self._check(scope)
            await self.app(scope, self._limited(scope, receive), reply)
        except WebError as error:
            if started:
                raise
            await respond(error, reply)
        finally:
            self._active -= 1
            self.metrics.active.set(self._active)
            route = scope.get("route")
            path = getattr(route, "path", "other")
            self.metrics.requests.labels(path, str(status)).inc()
            self.metrics.duration.labels(path).observe(time.monotonic() - start)

    def _check(self, scope: Scope) -> None:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if self.settings.hosts and _name(host) not in self.settings.hosts:
            raise WebError(
                403, "forbidden", "This host name is not accepted: use localhost, or the address of the server."
            )
        origin = headers.get("origin")
        # Another site must not use a visitor's browser to reach a server on the visitor's machine.
        if origin is not None and origin.partition("://")[2] != host:
            raise WebError(403, "forbidden", "Requests from other sites are not accepted.")
        if self._active > _MAX_ACTIVE:
            raise WebError(503, "unavailable", "Too many connections; try again in a moment.", 2)
        path = scope["path"]
        closed = path.startswith(("/api/", "/mcp", "/metrics")) and path != "/api/v1/health"
        if self.settings.token is not None and closed:
            given = headers.get("authorization", "")
            expected = f"Bearer {self.settings.token}"
            if not hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode()):
                raise WebError(401, "unauthorized", "Send the token as Authorization: Bearer TOKEN.")
        length = headers.get("content-length", "0")
        if length.isdigit() and int(length) > self._limit(headers):
            raise self._too_large(headers)

    def _limit(self, headers: Headers) -> int:
        form = headers.get("content-type", "").lower().startswith("multipart/form-data")
        return self.settings.upload_bytes if form else self.settings.body_bytes

    def _too_large(self, headers: Headers) -> WebError:
        return WebError(413, "too_large", f"The request is larger than {self._limit(headers) / 1e6:g} MB.")

    def _limited(self, scope: Scope, receive: Receive) -> Receive:
        """Receive the request's body within the limits of size and time."""
        headers, read, complete = Headers(scope=scope), 0, False
        end = time.monotonic() + self.settings.upload_timeout

        async def limited() -> Message:
            nonlocal read, complete
            if complete:
                return await receive()
            try:
                message = await asyncio.wait_for(receive(), max(end - time.monotonic(), 0.01))
            except asyncio.TimeoutError as error:
                raise WebError(408, "timeout", "The request did not arrive in time.") from error
            read += len(message.get("body", b""))
            complete = not message.get("more_body", False)
            if read > self._limit(headers):
                raise self._too_large(headers)
            return message

        return limited


def error_content(error: WebError) -> tuple[dict[str, Any], dict[str, str]]:
    """JSON and headers of an error."""
    headers = {} if error.retry_after is None else {"Retry-After": str(error.retry_after)}
    if error.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return {"error": {"code": error.code, "message": error.message}}, headers


async def respond(error: WebError, send: Send) -> None:
    """Send an error as the response."""
    content, extra = error_content(error)
    data = json.dumps(content).encode()
    headers = {"Content-Type": "application/json", "Content-Length": str(len(data)), "Connection": "close", **extra}
    await send(
        {
            "type": "http.response.start",
            "status": error.status,
            "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        }
    )
    await send({"type": "http.response.body", "body": data})


def _name(host: str) -> str:
    """The host name of a Host header, without the port."""
    return host.rpartition("]")[0] + "]" if host.startswith("[") else host.partition(":")[0].lower()
