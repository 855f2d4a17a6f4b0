"""A client of the server; beyond this package it needs only Python's standard library."""

from __future__ import annotations

import json
import secrets
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import Any

import numpy as np

from motiongpt.errors import MotionGPTError
from motiongpt.motion import HUMANML3D, KIT, Motion


class ServerError(MotionGPTError):
    """The server answered with an error.

    Attributes:
        status: HTTP status.
        code: a word for programs, such as "busy".
        retry_after: seconds after which a retry may succeed, where the server gives them.
    """

    def __init__(self, message: str, status: int, code: str, retry_after: float | None) -> None:
        super().__init__(message)
        self.status, self.code, self.retry_after = status, code, retry_after


@dataclass(frozen=True)
class RemoteMotion:
    """A motion on the server.

    Attributes:
        id: for further requests.
        kind, text, seed, sample, rerank, given, source: see :class:`motiongpt.web.store.Result`.
        motion: joints (T, 22, 3) in metres, Y up.
        files: paths of downloads, by format.
    """

    id: str
    kind: str
    text: str
    seed: int | None
    sample: int
    rerank: int | None
    given: tuple[int, int] | None
    source: str | None
    motion: Motion
    files: dict[str, str]


@dataclass(frozen=True)
class Event:
    """An event of a stream: its name (conversation, task, text, partial, result, error, done) and its data."""

    name: str
    data: dict[str, Any]


class Client:
    """A client of one server.

    Every method raises :class:`ServerError` when the server answers with an error, and
    :class:`motiongpt.MotionGPTError` when there is no server.

    Args:
        url: such as ``http://localhost:8888``.
        token: the token of the server, if it has one.
        timeout: seconds to wait for an answer.
    """

    def __init__(self, url: str = "http://localhost:8888", token: str | None = None, timeout: float = 120.0) -> None:
        if not url.startswith(("http://", "https://")):
            raise MotionGPTError(f"The address of a server must start with http:// or https://, not {url!r}.")
        self.url, self.token, self.timeout = url.rstrip("/"), token, timeout

    def health(self) -> dict[str, Any]:
        """State, model and limits of the server."""
        return self._json("GET", "/health")

    def wait(self, seconds: float = 60.0) -> None:
        """Wait until a starting server answers.

        Raises:
            MotionGPTError: it does not answer within that many seconds.
        """
        end = time.monotonic() + seconds
        while True:
            try:
                self.health()
                return
            except MotionGPTError:
                if time.monotonic() > end:
                    raise
            time.sleep(0.1)

    def generate(self, text: str, **options: Any) -> list[RemoteMotion]:
        """Generate motions from a sentence; options are those of POST /generate: seconds, samples, seed, rerank ..."""
        return [_remote(item) for item in self._json("POST", "/generate", {"text": text, **options})["results"]]

    def upload(self, path: str | Path, *, skeleton: str | Path | None = None, **fields: Any) -> RemoteMotion:
        """Upload a motion file; ``skeleton`` is the .asf of an .amc, ``fields`` are fps and unit."""
        files = {"file": Path(path)}
        if skeleton is not None:
            files["skeleton"] = Path(skeleton)
        data, kind = _form(files, fields)
        with self._open("POST", "/uploads", data, {"Content-Type": kind}) as response:
            return _remote(json.load(response))

    def describe(self, motion: str | RemoteMotion) -> str:
        """Describe a motion."""
        return str(self._json("POST", "/describe", {"motion": _id(motion)})["text"])

    def predict(self, motion: str | RemoteMotion, **options: Any) -> RemoteMotion:
        """Continue a motion; options: given, seconds, seed ..."""
        return _remote(self._json("POST", "/predict", {"motion": _id(motion), **options}))

    def inbetween(self, motion: str | RemoteMotion, **options: Any) -> RemoteMotion:
        """Fill in the middle of a motion; options: given, seed ..."""
        return _remote(self._json("POST", "/inbetween", {"motion": _id(motion), **options}))

    def edit(self, motion: str | RemoteMotion, **edits: Any) -> RemoteMotion:
        """Edit a motion; edits are those of :class:`motiongpt.motion.edits.Edits`: trim, loop, mirror, bend ..."""
        return _remote(self._json("POST", "/edit", {"motion": _id(motion), **edits}))

    def ask(self, prompt: str, motion: str | RemoteMotion | None = None, **options: Any) -> tuple[str, Motion | None]:
        """The model's answer to any instruction."""
        body = {"prompt": prompt, **options} | ({} if motion is None else {"motion": _id(motion)})
        answer = self._json("POST", "/ask", body)
        return answer["text"], None if answer["result"] is None else _remote(answer["result"]).motion

    def encode(self, motion: str | RemoteMotion) -> np.ndarray:
        """(n,) int64 motion codes."""
        return np.array(self._json("POST", "/tokens/encode", {"motion": _id(motion)})["codes"], dtype=np.int64)

    def decode(self, codes: Sequence[int] | np.ndarray) -> RemoteMotion:
        """Decode codes to a motion."""
        return _remote(self._json("POST", "/tokens/decode", {"codes": [int(code) for code in codes]}))

    def result(self, motion: str) -> RemoteMotion:
        """Fetch a motion by its id."""
        return _remote(self._json("GET", f"/results/{urllib.parse.quote(motion, safe='')}"))

    def download(self, motion: str | RemoteMotion, suffix: str) -> bytes:
        """Download a motion as a file: "bvh", "glb", "mp4" ..."""
        name = urllib.parse.quote(f"{_id(motion)}.{suffix}", safe="")
        with self._open("GET", f"/results/{name}") as response:
            return response.read()

    def chat(self, message: str, conversation: str | None = None, **options: Any) -> Iterator[Event]:
        """Send a chat message and yield the events of the reply; options: motion, samples, seconds, seed, rerank."""
        body = {"message": message, "conversation": conversation, **options}
        yield from self._events("/chat", body)

    def stream(self, text: str, **options: Any) -> Iterator[Event]:
        """Like :meth:`generate`, as events: partial motions while the model writes them, then the results."""
        yield from self._events("/generate", {"text": text, **options})

    def _events(self, path: str, body: dict[str, Any]) -> Iterator[Event]:
        headers = {"Content-Type": "application/json", "Accept": "text/event-stream"}
        with self._open("POST", path, json.dumps(body).encode(), headers) as response:
            name = ""
            for raw in response:
                line = raw.decode().rstrip("\n")
                if line.startswith("event: "):
                    name = line.removeprefix("event: ")
                elif line.startswith("data: "):
                    yield Event(name, json.loads(line.removeprefix("data: ")))

    def _json(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        data = None if body is None else json.dumps(body).encode()
        with self._open(method, path, data, {"Content-Type": "application/json"}) as response:
            answer: dict[str, Any] = json.load(response)
            return answer

    def _open(
        self, method: str, path: str, data: bytes | None = None, headers: dict[str, str] | None = None
    ) -> HTTPResponse:
        # The constructor has checked the scheme.
        request = urllib.request.Request(f"{self.url}/api/v1{path}", data=data, headers=headers or {}, method=method)
        if self.token is not None:
            request.add_header("Authorization", f"Bearer {self.token}")
        try:
            response: HTTPResponse = urllib.request.urlopen(request, timeout=self.timeout)
            return response
        except urllib.error.HTTPError as error:
            raise _server_error(error) from error
        except (OSError, HTTPException) as error:
            reason = getattr(error, "reason", error)
            raise MotionGPTError(
                f"There is no answer from {self.url} ({reason}): start a server with motiongpt serve."
            ) from error


def _server_error(error: urllib.error.HTTPError) -> ServerError:
    try:
        detail = json.loads(error.read())["error"]
    except (ValueError, KeyError, TypeError, OSError):
        detail = {"code": "error", "message": f"The server answered with status {error.code}."}
    after = error.headers.get("Retry-After")
    return ServerError(detail["message"], error.code, detail["code"], float(after) if after else None)


def _id(motion: str | RemoteMotion) -> str:
    return motion if isinstance(motion, str) else motion.id


def _remote(item: dict[str, Any]) -> RemoteMotion:
    joints = np.array(item["joints"], dtype=np.float32)
    skeleton = KIT if joints.shape[1] == KIT.num_joints else HUMANML3D
    motion = Motion(joints, item["fps"], skeleton, item["id"], item["text"])
    given = None if item["given"] is None else (item["given"][0], item["given"][1])
    kept = {key: item[key] for key in ("id", "kind", "text", "seed", "sample", "rerank", "source", "files")}
    return RemoteMotion(**kept, given=given, motion=motion)


def _form(files: dict[str, Path], fields: dict[str, Any]) -> tuple[bytes, str]:
    """A multipart form, and its content type."""
    boundary = secrets.token_hex(16)
    pieces: list[bytes] = []
    for name, value in fields.items():
        pieces.append(f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode())
    for name, path in files.items():
        try:
            data = path.read_bytes()
        except OSError as error:
            raise MotionGPTError(f"{path} cannot be read ({error.strerror or error}).") from error
        plain = path.name.replace('"', "_").replace("\r", "_").replace("\n", "_")
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"; filename="{plain}"\r\n\r\n'
        pieces += [head.encode(), data, b"\r\n"]
    pieces.append(f"--{boundary}--\r\n".encode())
    return b"".join(pieces), f"multipart/form-data; boundary={boundary}"
