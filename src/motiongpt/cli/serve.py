"""The verb serve."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

import typer

from motiongpt.cli.console import say
from motiongpt.cli.options import Device, Model
from motiongpt.errors import MotionGPTError


def serve(
    host: Annotated[
        str, typer.Option("--host", help="Address to listen at; 0.0.0.0 lets other machines in.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="Port to listen at.")] = 8888,
    token: Annotated[
        str | None,
        typer.Option("--token", envvar="MOTIONGPT_TOKEN", help="What callers must show; needed by nobody without it."),
    ] = None,
    speech: Annotated[
        str | None, typer.Option("--speech", metavar="FOLDER", help="Whisper model that writes down recordings.")
    ] = None,
    embed: Annotated[
        str | None, typer.Option("--embed", metavar="SITE", help="Site that may show the page in a frame.")
    ] = None,
    queue: Annotated[int | None, typer.Option(min=1, help="Requests that may wait for the model.")] = None,
    timeout: Annotated[float | None, typer.Option(min=1, help="Seconds until a request is given up.")] = None,
    rerank: Annotated[
        int | None,
        typer.Option(min=1, help="Candidates of every motion whose caller does not say, however many ask at once."),
    ] = None,
    candidates: Annotated[
        int | None, typer.Option(min=1, help="Candidates that requests share which are answered together.")
    ] = None,
    model: Model = None,
    device: Device = "cpu",
) -> None:
    """Chat page, REST API and MCP endpoint in one server.

    Runs until it is interrupted; what was accepted by then is finished.
    """
    from motiongpt.web.server import make_server
    from motiongpt.web.settings import Settings

    limits = {"queue": queue, "timeout": timeout, "rerank": rerank, "candidates": candidates}
    given: dict[str, Any] = {name: value for name, value in limits.items() if value is not None}
    settings = replace(Settings(token=token or None, embed=embed), **given)
    server = make_server(settings, host=host, port=port, model=model, device=device, speech=speech)
    if settings.token is None and host not in ("127.0.0.1", "localhost", "::1"):
        say("Everybody who can reach this machine can use the server: give --token to let in only those who have it.")
    name = f"[{host}]" if ":" in host else "localhost" if host == "0.0.0.0" else host
    say(f"MotionGPT: http://{name}:{port}/ (API: /docs, MCP: /mcp); Ctrl+C stops it")
    try:
        server.run()
    except SystemExit as error:
        # uvicorn has logged why; most often it is the port.
        raise MotionGPTError(f"Cannot listen at {host}, port {port}: it may be in use; give another --port.") from error
