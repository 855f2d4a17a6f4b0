"""The verb serve."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

import typer

from motiongpt.cli.console import limit_threads, say
from motiongpt.cli.groups import grouped
from motiongpt.cli.options import ModelOptions
from motiongpt.errors import MotionGPTError


@grouped
def serve(
    model: ModelOptions,
    host: Annotated[
        str, typer.Option("--host", help="Address to listen on; 0.0.0.0 admits other machines.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="Port to listen on.")] = 8888,
    token: Annotated[
        str | None,
        typer.Option("--token", envvar="MOTIONGPT_TOKEN", help="Token that clients must send; none by default."),
    ] = None,
    speech: Annotated[
        str | None, typer.Option("--speech", metavar="FOLDER", help="Whisper model that transcribes recordings.")
    ] = None,
    embed: Annotated[
        str | None, typer.Option("--embed", metavar="SITE", help="Site that may show the page in a frame.")
    ] = None,
    queue: Annotated[
        int | None, typer.Option("--queue", min=1, help="Largest number of requests that wait for the model.")
    ] = None,
    timeout: Annotated[
        float | None, typer.Option("--timeout", min=1, help="Seconds after which a request is abandoned.")
    ] = None,
    rerank: Annotated[
        int | None,
        typer.Option(
            "--rerank", min=1, help="Candidates per motion for requests that do not say, at any load of the server."
        ),
    ] = None,
    candidates: Annotated[
        int | None,
        typer.Option("--candidates", min=1, help="Candidates that the requests of one batch share."),
    ] = None,
) -> None:
    """Serve the chat page, the REST API and the MCP endpoint.

    Runs until interrupted, then finishes the requests it has accepted. Needs the extra 'web'.
    """
    from motiongpt.web.server import make_server
    from motiongpt.web.settings import Settings

    limits = {"queue": queue, "timeout": timeout, "rerank": rerank, "candidates": candidates}
    given: dict[str, Any] = {name: value for name, value in limits.items() if value is not None}
    settings = replace(Settings(token=token or None, embed=embed), **given)
    limit_threads(model.threads)
    server = make_server(settings, host=host, port=port, model=model.model, device=model.device, speech=speech)
    if settings.token is None and host not in ("127.0.0.1", "localhost", "::1"):
        say("Anyone who can reach this machine can use the server: set --token to restrict access.")
    name = f"[{host}]" if ":" in host else "localhost" if host == "0.0.0.0" else host
    say(f"MotionGPT: http://{name}:{port}/ (API: /docs, MCP: /mcp); press Ctrl+C to stop")
    try:
        server.run()
    except SystemExit as error:
        # uvicorn has logged the reason; most often the port is taken.
        raise MotionGPTError(f"Cannot listen on {host}, port {port}: it may be in use; give another --port.") from error
