"""The Model Context Protocol endpoint: tools with which language-model agents generate and edit motions."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from mcp.server.mcpserver import MCPServer
from mcp.server.transport_security import TransportSecuritySettings
from starlette.applications import Starlette

from motiongpt import __version__
from motiongpt.errors import MotionGPTError
from motiongpt.web.service import Service
from motiongpt.web.settings import WebError
from motiongpt.web.store import Result

_TEXT_FORMATS = ("bvh", "csv")


def make_mcp(service: Service) -> tuple[MCPServer[Any], Starlette]:
    """The server with its tools, and its application at /mcp (streamable HTTP, stateless)."""
    server: MCPServer[Any] = MCPServer(
        "motiongpt",
        version=__version__,
        log_level="WARNING",
        instructions="Human motion: generate it from sentences, describe it, continue it, fill in its middle, convert "
        "it. Every motion has an id; 'files' has the paths of its downloads.",
    )

    def found(motion: str) -> Result:
        return service.results.find(motion)

    @server.tool()
    async def generate_motion(
        text: str, seconds: float | None = None, samples: int = 1, seed: int | None = None, rerank: int | None = None
    ) -> dict[str, Any]:
        """Generate human motion from an English sentence such as "a person walks forward and turns left".

        The same seed and the same rerank, the number of candidates, give the same motion.
        """
        rerank, seed = _checked(rerank, "rerank", 1), _checked(seed)
        results = await service.generate(text, seconds=seconds, samples=samples, seed=seed, rerank=rerank)
        return {"results": [one.summary() for one in results]}

    @server.tool()
    async def upload_motion(name: str, data: str) -> dict[str, Any]:
        """Upload a motion file (.bvh, .npz of AMASS, .npy ...): its name, and its bytes as base64."""
        try:
            content = base64.b64decode(data, validate=True)
        except (binascii.Error, ValueError) as error:
            raise MotionGPTError("data must be the bytes of the file, encoded as base64.") from error
        return (await service.upload(content, name)).summary()

    @server.tool()
    async def describe_motion(motion: str) -> str:
        """Describe a motion in a sentence; motion is its id."""
        return await service.describe(found(motion).motion)

    @server.tool()
    async def continue_motion(motion: str, seconds: float = 4.0, seed: int | None = None) -> dict[str, Any]:
        """Continue a motion for that many seconds."""
        source = found(motion)
        length = source.motion.seconds + seconds
        return (await service.predict(source, given=1.0, seconds=length, seed=_checked(seed))).summary()

    @server.tool()
    async def fill_motion(
        motion: str, given_start: float = 0.25, given_end: float = 0.25, seed: int | None = None
    ) -> dict[str, Any]:
        """Generate a new middle for a motion; the given shares at its start and end stay the same."""
        given = (given_start, given_end)
        return (await service.inbetween(found(motion), given=given, seed=_checked(seed))).summary()

    @server.tool()
    async def convert_motion(motion: str, format: str = "bvh") -> dict[str, str]:
        """Convert a motion to a file: text for bvh and csv, base64 for glb, npy, npz, mp4 and other binary formats."""
        data = await service.file(found(motion), format.lower().lstrip("."))
        if format in _TEXT_FORMATS:
            return {"format": format, "text": data.decode()}
        return {"format": format, "base64": base64.b64encode(data).decode()}

    app = server.streamable_http_app(
        json_response=True,
        stateless_http=True,
        max_request_body_size=service.settings.body_bytes,
        # The application's own guard checks host names and origins.
        transport_security=TransportSecuritySettings(enable_dns_rebinding_protection=False),
    )
    return server, app


def _checked(number: int | None, name: str = "seed", minimum: int = 0) -> int | None:
    if number is not None and number < minimum:
        raise WebError(422, "invalid", f"{name} must be {minimum} or more.")
    return number
