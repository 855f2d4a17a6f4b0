"""The uvicorn server of the application."""

from __future__ import annotations

import ipaddress
from dataclasses import replace

from motiongpt.errors import MotionGPTError, require
from motiongpt.web.settings import Settings

_LOCAL = ("localhost", "127.0.0.1", "[::1]")


def names_of(host: str) -> tuple[str, ...]:
    """The host names that a server which listens at ``host`` accepts; () for any.

    Another site can point its own name to this machine (DNS rebinding); such requests have that name.
    """
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return (*_LOCAL, host.lower())
    if address.is_unspecified:
        return ()
    return (*_LOCAL, f"[{address}]" if address.version == 6 else str(address))


def make_server(
    settings: Settings,
    *,
    host: str,
    port: int,
    model: str | None = None,
    device: str = "cpu",
    speech: str | None = None,
):  # type: ignore[no-untyped-def]  # uvicorn.Server, which only the extra installs
    """A uvicorn server with a loaded model, not yet running.

    Raises:
        MotionGPTError: the extra web is not installed, or there is no such model.
    """
    uvicorn = require("uvicorn", "web")
    for module in ("fastapi", "multipart", "prometheus_client", "mcp", "fastapi_offline"):
        require(module, "web")
    from motiongpt.generation.motiongpt import MotionGPT
    from motiongpt.web.app import create_app
    from motiongpt.web.speech import Whisper

    if not 0 <= port < 65536:
        raise MotionGPTError(f"port must be 0 to 65535, not {port}.")
    app = create_app(
        MotionGPT.from_pretrained(model, device),
        replace(settings, hosts=names_of(host)),
        None if speech is None else Whisper(speech),
    )
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_keep_alive=15,
        timeout_graceful_shutdown=int(settings.drain),
        h11_max_incomplete_event_size=64 * 1024,
    )
    return uvicorn.Server(config)
