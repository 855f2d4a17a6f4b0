"""Hundreds of wrong requests and files: each is refused with a sentence, and the server goes on."""

from __future__ import annotations

import http.client
import io
import json
import random
import string
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from motiongpt import Motion
from motiongpt.web.client import Client

from .conftest import Running

PATHS = (
    "/generate", "/describe", "/predict", "/inbetween", "/ask", "/convert", "/tokens/encode", "/tokens/decode", "/chat",
    "/uploads", "/transcribe",
)  # fmt: skip
FIELDS = (
    "text", "seconds", "samples", "seed", "temperature", "top_k", "top_p", "guidance", "rerank", "cleanup", "motion",
    "given", "prompt", "codes", "message", "conversation", "fps", "unit",
)  # fmt: skip
STRANGE: tuple[Any, ...] = (
    None, True, -1, 0, 1e308, -1e308, 2**70, "", " ", "\x00", "‮", "a" * 5000, "../../../etc/passwd",
    "<script>alert(1)</script>",
    "'; DROP TABLE motions; --", "{{7*7}}", "<motion_id_1>" * 50, "<motion>", "\U0010ffff",
    [], {}, [[]], [1, "a"], {"a": {"b": []}},
    [0.5, 0.6], [0.1], "NaN", "walk",
)  # fmt: skip
RAW = (
    b"", b"{", b"[" * 100_000, b'{"text": NaN}', b'{"text": "\\ud800"}', b"\xff\xfe\x00", b'{"text": "a"' + b"," * 1000,
    b'{"seconds": 1e999, "text": "walk"}', b'{"text": "walk", "text": 5}', b"null", b"true", b'"walk"', b"[1,2,3]",
    b'{"codes": [' + b"1," * 50_000 + b"1]}", b'{"a":' * 5000,
)  # fmt: skip
FORMS = (
    b"", b"--X--\r\n", b"--X\r\n\r\n--X--\r\n", b"--X\r\nContent-Disposition: form-data\r\n\r\nabc\r\n--X--\r\n",
    b'--X\r\nContent-Disposition: form-data; name="file"\r\n\r\ntext\r\n--X--\r\n',
    b'--X\r\nContent-Disposition: form-data; name="file"; filename="../../x.bvh"\r\n\r\nabc\r\n--X--\r\n',
    b'--X\r\nContent-Disposition: form-data; name="file"; filename="a.bvh"\r\n\r\nnever ended',
    b'--X\r\nContent-Disposition: form-data; name="\xff"; filename="\xff\xfe.npy"\r\n\r\n\xff\r\n--X--\r\n',
    b'--X\r\nContent-Disposition: form-data; name="text"\r\n\r\n\xff\xff\r\n--X--\r\n',
    b"".join(b'--X\r\nContent-Disposition: form-data; name="f%d"\r\n\r\n1\r\n' % n for n in range(200)) + b"--X--\r\n",
)  # fmt: skip


def send(port: int, method: str, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def requests(rng: random.Random) -> list[tuple[str, str, bytes, dict[str, str]]]:
    """Method, path, body, headers: every one of them wrong, or at least strange."""
    found: list[tuple[str, str, bytes, dict[str, str]]] = []
    as_json = {"Content-Type": "application/json"}
    for path in PATHS:
        for body in rng.sample(RAW, 6):
            found.append(("POST", f"/api/v1{path}", body, as_json))
        for body in rng.sample(FORMS, 5):
            found.append(("POST", f"/api/v1{path}", body, {"Content-Type": "multipart/form-data; boundary=X"}))
        for _ in range(8):
            fields = {name: rng.choice(STRANGE) for name in rng.sample(FIELDS, rng.randint(1, 4))}
            # Nothing that would be long work.
            fields["seconds"] = rng.choice([-1, 0, "x", 1e300, [], 1.0])
            found.append(("POST", f"/api/v1{path}", json.dumps(fields).encode(), as_json))
    for method in ("PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "HEAD", "BREW"):
        found.append((method, "/api/v1/generate", b"", {}))
    for name in (
        "..%2f..%2fetc%2fpasswd",
        "%00",
        "a" * 3000,
        ".bvh",
        "x.exe",
        "%ff",
        "<script>",
        "..",
        "x..bvh",
        "%0d%0aX: y",
    ):
        found.append(("GET", f"/api/v1/results/{name}", b"", {}))
        found.append(("GET", f"/page/{name}", b"", {}))
        found.append(("GET", f"/docs/{name}", b"", {}))
    for headers in (
        {"Content-Type": "multipart/form-data"}, {"Content-Type": "multipart/form-data; boundary="},
        {"Content-Type": "multipart/form-data; boundary=" + "X" * 5000}, {"Content-Type": "text/xml"},
        {"Content-Type": "\xff"}, {"Accept": ";q=", "Content-Type": "application/json"},
        {"Accept": "a/b;q=nan, */*;q=-1", "Content-Type": "application/json"}, {"Range": "bytes=9-1"},
        {"Content-Length": "99999999999"}, {"Content-Length": "-5"}, {"Content-Length": "abc"},
    ):  # fmt: skip
        found.append(("POST", "/api/v1/generate", b'{"text": "walk", "wings": 1}', headers))
        found.append(("POST", "/api/v1/uploads", b"--X--", headers))
    for query in ("view=all", "view=", "view=%00", "view=joints&view=clip", "x=" + "y" * 5000):
        found.append(("POST", f"/api/v1/generate?{query}", b'{"text": ""}', as_json))
    for body in RAW:
        found.append(("POST", "/mcp", body, {**as_json, "Accept": "application/json, text/event-stream"}))
    return found


def files(rng: random.Random, walk: Motion, folder: Path) -> list[tuple[str, bytes]]:
    """Motion files that are cut, scrambled, of another kind, or made to do harm."""
    whole = {suffix: walk.save(folder / f"walk{suffix}").read_bytes() for suffix in (".bvh", ".npy")}
    archive = io.BytesIO()
    np.savez(archive, poses=np.zeros((30, 66)), trans=np.zeros((30, 3)), mocap_framerate=30.0)
    whole[".npz"] = archive.getvalue()
    found: list[tuple[str, bytes]] = []
    for suffix, data in whole.items():
        for _ in range(12):
            scrambled = bytearray(data)
            for _ in range(rng.randint(1, 40)):
                scrambled[rng.randrange(min(len(scrambled), 4000))] = rng.randrange(256)
            found.append((f"scrambled{suffix}", bytes(scrambled)))
            found.append((f"cut{suffix}", data[: rng.randrange(len(data))]))
        for other in whole.values():
            found.append((f"renamed{suffix}", other))
        for junk in (b"", b"\x00" * 5000, b"<html><script>alert(1)</script>", b"\x80\x04\x95", rng.randbytes(3000)):
            found.append((f"junk{suffix}", junk))
    objects = io.BytesIO()
    np.save(objects, np.array([print], dtype=object), allow_pickle=True)
    found.append(("pickle.npy", objects.getvalue()))
    for entry in ("../../escape.npy", "/absolute.npy", "poses.npy"):
        harmful = io.BytesIO()
        with zipfile.ZipFile(harmful, "w") as target:
            target.writestr(entry, objects.getvalue())
        found.append(("harmful.npz", harmful.getvalue()))
    nested = b"HIERARCHY\n" + b"ROOT a\n{\nOFFSET 0 0 0\n" + b"JOINT b\n{\nOFFSET 0 0 0\n" * 3000
    found.append(("nested.bvh", nested))
    text = whole[".bvh"].decode()
    for old, new in (
        ("Frames: 60", "Frames: 999999999"), ("Frames: 60", "Frames: -1"), ("Frame Time: 0.05", "Frame Time: 1e-300"),
        ("Frame Time: 0.05", "Frame Time: 1e300"), ("Frame Time: 0.05", "Frame Time: nan"), ("ROOT", "JOINT"),
    ):  # fmt: skip
        found.append(("wrong.bvh", text.replace(old, new).encode()))
    for name in ("../up.bvh", "a\x00b.npy", ".bvh", "x" * 4000 + ".npy", "con.npz", "naïve ☃.bvh", "noending", "a.exe"):
        found.append((name, rng.randbytes(50)))
    return found


def test_hundreds_of_wrong_requests(server: Running, client: Client, scratch: Path) -> None:
    wrong = requests(random.Random(0))
    assert len(wrong) >= 200
    for method, path, body, headers in wrong:
        try:
            status, answer = send(server.port, method, path, body, headers)
        except (http.client.HTTPException, ConnectionError, UnicodeError, ValueError):
            continue  # refused before it was an HTTP request
        label = f"{method} {path} {body[:100]!r} {headers}: {status} {answer[:300]!r}"
        assert status < 500 or (status == 501 and path.endswith("/transcribe")), label
        if status >= 400 and path.startswith("/api/") and method in ("GET", "POST") and answer[:1] == b"{":
            assert json.loads(answer)["error"]["message"].endswith("."), label
    assert list(scratch.iterdir()) == []
    assert client.generate("a person walks", seconds=1.0)


def test_wrong_files(server: Running, client: Client, scratch: Path, walk: Motion, tmp_path: Path) -> None:
    refused = 0
    for name, data in files(random.Random(0), walk, tmp_path):
        head = f'--X\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
        form = head.encode() + data + b"\r\n--X--\r\n"
        headers = {"Content-Type": "multipart/form-data; boundary=X"}
        status, answer = send(server.port, "POST", "/api/v1/uploads?view=none", form, headers)
        label = f"{name} {data[:60]!r}: {status} {answer[:300]!r}"
        assert status < 500, label
        if status >= 400:
            refused += 1
            message = json.loads(answer)["error"]["message"]
            assert message.endswith("."), label
            assert str(scratch) not in message, label
            assert "Traceback" not in message, label
    assert refused > 80
    assert list(scratch.iterdir()) == []
    assert client.generate("a person walks", seconds=1.0)


def test_text_comes_back_as_it_was_and_never_as_a_page(server: Running, client: Client) -> None:
    text = '<img src=x onerror="alert(1)"> walks'
    (made,) = client.generate(text, seconds=1.0)
    assert made.text == text
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    connection.request("GET", f"/api/v1/results/{made.id}?view=none")
    response = connection.getresponse()
    assert response.headers["content-type"] == "application/json"
    assert response.headers["x-content-type-options"] == "nosniff"
    connection.close()
    connection.request("GET", f"/api/v1/results/{made.id}.npy")
    name = connection.getresponse().headers["content-disposition"].split("=")[1].strip('"')
    assert set(name) <= set(string.ascii_lowercase + string.digits + "-_.")
    connection.close()


def test_slow_senders_are_sent_away(serve: Callable[..., Running]) -> None:
    server = serve(upload_timeout=0.5)
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    connection.putrequest("POST", "/api/v1/generate")
    connection.putheader("Content-Type", "application/json")
    connection.putheader("Content-Length", "100")
    connection.endheaders()
    connection.send(b'{"text":')
    response = connection.getresponse()
    assert response.status == 408
    connection.close()
