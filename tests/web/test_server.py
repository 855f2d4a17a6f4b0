"""The whole server over real HTTP: tasks, files, streams, limits, shutdown."""

from __future__ import annotations

import io
import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from motiongpt import Motion, MotionGPT, MotionGPTError
from motiongpt.web.client import Client, ServerError, _form

from .conftest import Running

Serve = Callable[..., Running]


def call(url: str, data: bytes | None = None, **headers: str) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of any answer."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(url, data, names)
    try:
        with urllib.request.urlopen(request, timeout=120) as response:
            return response.status, dict(response.headers), response.read()
    except urllib.error.HTTPError as error:
        return error.code, dict(error.headers), error.read()


def post(server: Running, path: str, body: Any, **headers: str) -> tuple[int, dict[str, str], bytes]:
    return call(
        f"{server.url}/api/v1{path}", json.dumps(body).encode(), **{"Content_Type": "application/json", **headers}
    )


def test_a_sentence_becomes_the_motion_that_the_model_makes(client: Client, tiny_model: MotionGPT) -> None:
    one, two = client.generate("a person walks", seconds=2.0, samples=2, seed=3)
    expected = tiny_model.generate("a person walks", seconds=2.0, n=2, seed=3)
    for remote, motion in zip((one, two), expected, strict=True):
        np.testing.assert_allclose(remote.motion.joints, motion.joints, atol=1e-4)
    assert (one.seed, one.sample, two.sample, one.text, one.kind) == (3, 0, 1, "a person walks", "generate")
    assert client.result(one.id).motion.joints.shape == one.motion.joints.shape


def test_a_random_seed_is_drawn_and_reported(client: Client) -> None:
    (first,), (second,) = client.generate("walk", seconds=1.0), client.generate("walk", seconds=1.0)
    assert first.seed != second.seed
    (again,) = client.generate("walk", seconds=1.0, seed=first.seed)
    np.testing.assert_allclose(again.motion.joints, first.motion.joints, atol=1e-4)


def test_an_uploaded_file_is_described_continued_filled_and_taken_back(
    client: Client, tiny_model: MotionGPT, walk: Motion, tmp_path: Path, scratch: Path
) -> None:
    walk.save(tmp_path / "my walk.bvh")
    uploaded = client.upload(tmp_path / "my walk.bvh")
    assert (uploaded.kind, len(uploaded.motion)) == ("upload", len(walk))
    assert client.describe(uploaded) == tiny_model.describe(Motion.load(tmp_path / "my walk.bvh").standard())
    longer = client.predict(uploaded, given=1.0, seconds=4.0, seed=0)
    assert (len(longer.motion), longer.given, longer.source) == (80, (60, 0), uploaded.id)
    np.testing.assert_allclose(longer.motion.joints[:60], uploaded.motion.joints, atol=1e-4)
    filled = client.inbetween(uploaded, given=[0.25, 0.25])
    np.testing.assert_allclose(filled.motion.joints[-15:], uploaded.motion.joints[-15:], atol=1e-4)
    back = tmp_path / "back.bvh"
    back.write_bytes(client.download(longer, "bvh"))
    assert len(Motion.load(back)) == 80
    array = np.load(io.BytesIO(client.download(longer, "npy")))
    np.testing.assert_allclose(array, longer.motion.joints, atol=1e-4)
    assert list(scratch.iterdir()) == []


def test_a_motion_is_edited_and_its_text_with_it(client: Client, walk: Motion, tmp_path: Path) -> None:
    source = client.upload(walk.save(tmp_path / "walk.npy"))
    edited = client.edit(source, mirror=True, trim=[0.5, -0.5], fps=60)
    expected = source.motion.edit(mirror=True, trim=(0.5, -0.5), fps=60)
    assert edited.motion.fps == 60
    assert (edited.kind, edited.source) == ("edit", source.id)
    np.testing.assert_allclose(edited.motion.joints, expected.joints, atol=1e-4)
    looped = client.edit(source, loop=2, in_place=True)
    assert len(looped.motion) == 41
    (made,) = client.generate("a person waves with the left hand", seconds=2, seed=1)
    assert client.edit(made, mirror=True).text == "a person waves with the right hand"
    with pytest.raises(ServerError, match="nothing from second 9") as refused:
        client.edit(source, trim=[9, None])
    assert refused.value.status == 422
    with pytest.raises(ServerError, match="can last up to"):
        client.edit(source, loop=3000)


def test_an_edit_can_bring_its_file(server: Running, walk: Motion, tmp_path: Path) -> None:
    data, kind = _form({"file": walk.save(tmp_path / "walk.bvh")}, {"trim": ":1", "reverse": "true"})
    status, _, body = call(f"{server.url}/api/v1/edit", data, Content_Type=kind)
    assert (status, json.loads(body)["frames"]) == (200, 20)


def test_codes_there_and_back(client: Client, tiny_model: MotionGPT) -> None:
    codes = np.array([3, 1, 4, 1, 5])
    remote = client.decode(codes)
    np.testing.assert_allclose(remote.motion.joints, tiny_model.tokenizer.decode_motion(codes).joints, atol=1e-4)
    np.testing.assert_array_equal(client.encode(remote), tiny_model.tokenizer.encode(remote.motion, coarse=True))


def test_ask_gives_what_the_model_answers(client: Client, tiny_model: MotionGPT) -> None:
    text, motion = client.ask("Say something.")
    expected = tiny_model.ask("Say something.")
    assert text == expected.text
    assert (motion is None) == (expected.motion is None)


@pytest.mark.parametrize(
    ("accept", "start"),
    [
        ("application/x-bvh", b"HIERARCHY"),
        ("application/x-npy", b"\x93NUMPY"),
        ("video/mp4", b"\x00\x00\x00"),
        ("text/html;q=0.5, application/x-npy;q=0.9", b"\x93NUMPY"),
        ("application/json", b'{"results"'),
        ("*/*", b'{"results"'),
    ],
)
def test_the_caller_chooses_the_kind_of_answer(server: Running, accept: str, start: bytes) -> None:
    status, headers, body = post(server, "/generate", {"text": "walk", "seconds": 1.0, "seed": 0}, Accept=accept)
    assert status == 200
    assert body.startswith(start)
    if not accept.endswith(("json", "*/*")):
        assert 'filename="walk_seed0_rerank1_0.' in headers["content-disposition"]


def test_unknown_media_types_are_rejected(server: Running) -> None:
    status, _, body = post(server, "/generate", {"text": "walk"}, Accept="application/pdf")
    assert status == 406
    assert "video/mp4" in json.loads(body)["error"]["message"]


def test_a_form_can_bring_the_file_with_the_task(server: Running, walk: Motion, tmp_path: Path) -> None:
    data = walk.save(tmp_path / "a.npy").read_bytes()
    form = b"".join(
        (
            b'--X\r\nContent-Disposition: form-data; name="file"; filename="a.npy"\r\n\r\n',
            data,
            b'\r\n--X\r\nContent-Disposition: form-data; name="given"\r\n\r\n0.3,0.3\r\n--X--\r\n',
        )
    )
    status, _, body = call(
        f"{server.url}/api/v1/inbetween?view=none", form, Content_Type="multipart/form-data; boundary=X"
    )
    assert status == 200
    assert json.loads(body)["given"] == [18, 18]


def test_streams_show_parts_and_end_with_the_result(client: Client) -> None:
    events = list(client.stream("a person walks", seconds=3.0, seed=1))
    names = [event.name for event in events]
    assert names == ["partial"] * 3 + ["result", "done"]
    assert [event.data["seconds"] for event in events[:3]] == [1.0, 2.0, 3.0]
    assert events[3].data["clip"]["frames"] == 60


def test_a_conversation_keeps_what_it_speaks_of(client: Client, walk: Motion, tmp_path: Path) -> None:
    conversation: str | None = None

    def say(message: str, **options: Any) -> dict[str, Any]:
        nonlocal conversation
        heard: dict[str, Any] = {"text": "", "results": []}
        for event in client.chat(message, conversation, **options):
            if event.name == "conversation":
                conversation = event.data["id"]
            elif event.name == "text":
                heard["text"] += event.data["delta"]
            elif event.name == "result":
                heard["results"].append(event.data)
            elif event.name in ("task", "error"):
                heard[event.name] = event.data
        return heard

    first = say("Show me someone walking for 3 seconds", seed=5)
    assert (first["task"]["task"], first["results"][0]["seconds"], first["results"][0]["seed"]) == ("generate", 3.0, 5)
    slower = say("now twice as slow")
    assert slower["results"][0]["frames"] == 119
    assert slower["results"][0]["source"] == first["results"][0]["id"]
    assert "6.0 seconds" in say("How long is it?")["text"]
    assert say("mirror it")["results"][0]["kind"] == "edit"
    assert say("describe it")["text"]
    fresh = say("Show me 2 versions of a jump")
    assert [result["sample"] for result in fresh["results"]] == [0, 1]
    longer = say("make it 6 seconds")["results"][0]
    assert (longer["kind"], longer["seconds"], longer["seed"]) == ("generate", 6.0, fresh["results"][0]["seed"])
    again = say("again")["results"][0]
    assert (again["seconds"], again["text"]) == (6.0, longer["text"])
    assert again["seed"] != longer["seed"]
    walk.save(tmp_path / "a.npy")
    uploaded = client.upload(tmp_path / "a.npy")
    assert say("", motion=uploaded.id)["task"]["task"] == "describe"
    assert say("again")["results"][0]["seconds"] == 7.0
    say("", motion=uploaded.id)
    continued = say("Continue this")["results"][0]
    assert (continued["given"], continued["seconds"]) == ([60, 0], 7.0)
    other = say("another one")["results"][0]
    assert (other["given"], other["source"]) == ([60, 0], uploaded.id)
    assert other["seed"] != continued["seed"]
    assert say("Fill the middle")["results"][0]["kind"] == "inbetween"
    assert say("cut it to 2 seconds")["results"][0]["frames"] == 40
    assert say("turn it left")["results"][0]["frames"] == 40
    assert "results" in say("loop it 2 times")
    assert say("x" * 2000)["error"]["code"] == "invalid"
    assert "error" not in say("How high can people jump?")


def test_one_conversation_knows_nothing_of_another(client: Client) -> None:
    list(client.chat("Show me someone walking", seconds=1.0))
    texts = [event.data["delta"] for event in client.chat("describe it", "no-such-id") if event.name == "text"]
    assert "no motion yet" in "".join(texts)


@pytest.mark.parametrize(
    ("path", "body", "status", "message"),
    [
        ("/generate", {"text": ""}, 422, "text"),
        ("/generate", {"text": "   "}, 422, "empty"),
        ("/generate", {"text": "walk", "seconds": -1}, 422, "seconds"),
        ("/generate", {"text": "walk", "seconds": 61}, 422, "up to 60 seconds"),
        ("/generate", {"text": "walk", "samples": 9}, 422, "At most 8 samples"),
        ("/generate", {"text": "walk " * 500}, 422, "characters"),
        ("/generate", {"text": "walk", "wings": 2}, 422, "wings"),
        ("/generate", {"text": "walk", "top_p": 0}, 422, "top_p"),
        ("/describe", {}, 422, "give the id of a motion"),
        ("/describe", {"motion": "../../etc/passwd"}, 404, "not kept"),
        ("/predict", {"motion": "none"}, 404, "not kept"),
        ("/tokens/decode", {"codes": [100_000]}, 422, "0..511"),
        ("/tokens/decode", {"codes": []}, 422, "codes"),
        ("/chat", {}, 422, "message"),
        ("/nothing", {}, 404, "no such address"),
    ],
)
def test_mistakes_are_answered_with_a_sentence(
    server: Running, path: str, body: dict[str, Any], status: int, message: str
) -> None:
    got, _, answer = post(server, path, body)
    error = json.loads(answer)["error"]
    assert got == status
    assert message in error["message"]
    assert error["message"].endswith(".")


def test_files_of_results_are_named_by_what_is_possible(client: Client) -> None:
    (result,) = client.generate("walk", seconds=1.0)
    with pytest.raises(ServerError, match=r"no file .exe") as error:
        client.download(result, "exe")
    assert error.value.status == 404


def test_damaged_and_dangerous_uploads_are_refused_by_name(
    client: Client, walk: Motion, tmp_path: Path, scratch: Path
) -> None:
    evil = tmp_path / "evil.npy"
    np.save(evil, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    bomb = tmp_path / "bomb.npz"
    np.savez_compressed(bomb, poses=np.zeros((60_000, 1000), dtype=np.float64), trans=np.zeros(3))
    huge = tmp_path / "huge.npy"
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f4", "fortran_order": False, "shape": (10**9, 22, 3)})
    huge.write_bytes(header.getvalue())
    cut = tmp_path / "cut.bvh"
    cut.write_text(walk.save(tmp_path / "whole.bvh").read_text()[:3000])
    long = tmp_path / "long.npy"
    Motion(np.repeat(walk.joints, 300, axis=0)).save(long)
    for path, message in (
        (evil, "holds no known motion"), (bomb, "unpacks to 480 MB"), (huge, "unpacks to"), (cut, "cut.bvh"),
        (long, "seconds"),
    ):  # fmt: skip
        with pytest.raises(ServerError, match=message) as error:
            client.upload(path)
        assert error.value.status in (413, 422)
        assert str(scratch) not in str(error.value)
    assert list(scratch.iterdir()) == []


def test_there_is_no_speech_without_a_model(server: Running) -> None:
    form = b'--X\r\nContent-Disposition: form-data; name="file"; filename="a.webm"\r\n\r\nabc\r\n--X--\r\n'
    status, _, body = call(f"{server.url}/api/v1/transcribe", form, Content_Type="multipart/form-data; boundary=X")
    assert status == 501
    assert "--speech" in json.loads(body)["error"]["message"]


def test_speech_is_written_down_by_whatever_does_it(serve: Serve) -> None:
    server = serve(speech=lambda data: f"{len(data)} bytes")
    form = b'--X\r\nContent-Disposition: form-data; name="file"; filename="a.webm"\r\n\r\nabc\r\n--X--\r\n'
    status, _, body = call(f"{server.url}/api/v1/transcribe", form, Content_Type="multipart/form-data; boundary=X")
    assert (status, json.loads(body)) == (200, {"text": "3 bytes"})


def test_the_token_opens_everything_but_health_and_the_page(serve: Serve) -> None:
    server = serve(token="open sesame")
    assert call(f"{server.url}/api/v1/health")[0] == 200
    for path in ("/api/v1/examples", "/api/v1/metrics", "/mcp"):
        status, headers, body = call(f"{server.url}{path}")
        assert (status, headers["www-authenticate"]) == (401, "Bearer")
        assert "token" in json.loads(body)["error"]["message"]
    with pytest.raises(ServerError) as error:
        Client(server.url, "sesame").generate("walk")
    assert error.value.status == 401
    assert Client(server.url, "open sesame").generate("walk", seconds=1.0)


def test_other_names_and_other_sites_are_not_answered(server: Running) -> None:
    url = f"{server.url}/api/v1/health"
    assert call(url, Host="evil.example")[0] == 403
    assert call(url, Origin="https://evil.example")[0] == 403
    assert call(url, Origin=server.url)[0] == 200


def test_answers_carry_headers_that_keep_browsers_safe(server: Running) -> None:
    for path in ("/", "/docs", "/api/v1/health", "/nothing"):
        _, headers, _ = call(f"{server.url}{path}")
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "script-src 'self';" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"


def test_a_site_can_be_let_in_to_show_the_page(serve: Serve) -> None:
    _, headers, _ = call(f"{serve(embed='https://huggingface.co').url}/")
    assert "frame-ancestors https://huggingface.co" in headers["content-security-policy"]
    assert "x-frame-options" not in headers


@pytest.mark.parametrize("path", ["/page/../app.py", "/page/%2e%2e/app.py", "/page//etc/passwd", "/viewer/../clips.py"])
def test_no_file_of_elsewhere_is_served(server: Running, path: str) -> None:
    import http.client

    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    connection.putrequest("GET", path, skip_host=True)
    connection.putheader("Host", "localhost")
    connection.endheaders()
    assert connection.getresponse().status == 404
    connection.close()


def test_the_documentation_needs_nothing_from_elsewhere(server: Running) -> None:
    _, _, page = call(f"{server.url}/docs")
    assert b"http" not in page
    for name in ("swagger-ui.css", "swagger-ui-bundle.js", "start.js"):
        assert call(f"{server.url}/docs/{name}")[0] == 200
    paths = json.loads(call(f"{server.url}/openapi.json")[2])["paths"]
    assert {"/api/v1/generate", "/api/v1/chat", "/api/v1/results/{name}"} <= paths.keys()
    form = paths["/api/v1/describe"]["post"]["requestBody"]["content"]["multipart/form-data"]["schema"]
    assert form["properties"]["file"]["format"] == "binary"


def test_too_large_requests_are_not_read(serve: Serve) -> None:
    server = serve(body_bytes=1000, upload_bytes=2000)
    assert post(server, "/generate", {"text": "x" * 2000})[0] == 413
    form = (
        b'--X\r\nContent-Disposition: form-data; name="file"; filename="a.npy"\r\n\r\n' + bytes(3000) + b"\r\n--X--\r\n"
    )
    assert call(f"{server.url}/api/v1/uploads", form, Content_Type="multipart/form-data; boundary=X")[0] == 413


class Slow:
    """A model that takes its time, and counts how many sentences it is given at once."""

    def __init__(self, model: MotionGPT, seconds: float) -> None:
        self._model, self._seconds, self.batches, self.reranks = model, seconds, [], []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)

    def generate(self, texts: list[str], **options: Any) -> Any:
        self.batches.append(len(texts))
        self.reranks.append(options["rerank"])
        time.sleep(self._seconds)
        return self._model.generate(texts, **options)


def test_requests_that_come_together_are_answered_together_and_alike(serve: Serve, tiny_model: MotionGPT) -> None:
    slow = Slow(tiny_model, 0.3)
    client = Client(serve(model=slow).url)
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda seed: client.generate("walk", seconds=1.0 + seed / 4, seed=seed)[0], range(8)))
    assert sum(slow.batches) == 8
    assert len(slow.batches) <= 3
    for seed, remote in enumerate(made):
        alone = tiny_model.generate("walk", seconds=1.0 + seed / 4, seed=seed)
        np.testing.assert_allclose(remote.motion.joints, alone.joints, atol=1e-4)


def test_requests_that_come_together_share_candidates_and_say_how_many(serve: Serve, tiny_model: MotionGPT) -> None:
    thorough = MotionGPT(tiny_model.tokenizer, tiny_model.language, replace(tiny_model.defaults, rerank=10))
    slow = Slow(thorough, 0.3)
    client = Client(serve(model=slow, candidates=20).url)
    (alone,) = client.generate("walk", seconds=1.0, seed=1)
    assert alone.rerank == 10
    with ThreadPoolExecutor(8) as pool:
        fixed = [pool.submit(client.generate, "jump", seconds=1.0, seed=seed, rerank=7) for seed in range(3)]
        shared = [pool.submit(client.generate, "walk", seconds=1.0, seed=seed) for seed in range(5)]
        assert [made.result()[0].rerank for made in fixed] == [7, 7, 7]
        made = [answer.result()[0] for answer in shared]
    sizes = [size for size, rerank in zip(slow.batches, slow.reranks, strict=True) if rerank != 7][1:]
    assert max(sizes) > 1
    shares = {1: 10, 2: 10, 3: 6, 4: 5, 5: 4}
    assert sorted(one.rerank for one in made) == sorted(shares[size] for size in sizes for _ in range(size))
    for one in made:
        (again,) = client.generate("walk", seconds=1.0, seed=one.seed, rerank=one.rerank)
        np.testing.assert_allclose(again.motion.joints, one.motion.joints, atol=1e-4)
    events = client.chat("show me someone walking", seconds=1.0, seed=made[0].seed, rerank=3)
    (result,) = [event.data for event in events if event.name == "result"]
    assert result["rerank"] == 3


def test_a_server_can_give_everyone_the_same_number_of_candidates(serve: Serve, tiny_model: MotionGPT) -> None:
    client = Client(serve(model=Slow(tiny_model, 0.2), rerank=3, candidates=1).url)
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda seed: client.generate("walk", seconds=1.0, seed=seed)[0], range(4)))
    assert [one.rerank for one in made] == [3] * 4
    assert client.generate("walk", seconds=1.0, rerank=2)[0].rerank == 2


def test_one_bad_request_does_not_spoil_its_batch(serve: Serve, tiny_model: MotionGPT) -> None:
    client = Client(serve(model=Slow(tiny_model, 0.2)).url)

    def ask(text: str) -> Any:
        try:
            return client.generate(text, seconds=1.0)
        except ServerError as error:
            return error.status

    with ThreadPoolExecutor(5) as pool:
        answers = list(pool.map(ask, ["walk", "jump", "word " * 199, "walk", "run"]))
    assert [answer for answer in answers if answer == 422] == [422]
    assert sum(isinstance(answer, list) for answer in answers) == 4


def test_a_full_queue_says_when_to_come_back(serve: Serve, tiny_model: MotionGPT) -> None:
    server = serve(model=Slow(tiny_model, 0.5), queue=2, batch=1)
    client = Client(server.url)

    def ask(_: int) -> Any:
        try:
            return client.generate("walk", seconds=1.0)
        except ServerError as error:
            return error.status, error.code, error.retry_after is not None

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask, range(8)))
    refused = (429, "busy", True)
    assert refused in answers
    assert all(isinstance(answer, list) or answer == refused for answer in answers)


def test_what_takes_too_long_is_given_up(serve: Serve, tiny_model: MotionGPT) -> None:
    server = serve(model=Slow(tiny_model, 1.0), timeout=0.3)
    with pytest.raises(ServerError, match=r"No answer within 0\.3 seconds") as error:
        Client(server.url).generate("walk", seconds=1.0)
    assert (error.value.status, error.value.retry_after) == (503, 10)


def test_stopping_finishes_what_was_accepted(serve: Serve, tiny_model: MotionGPT) -> None:
    server = serve(model=Slow(tiny_model, 0.4), batch=2)
    client = Client(server.url)
    with ThreadPoolExecutor(6) as pool:
        answers = [pool.submit(client.generate, "walk", seconds=1.0) for _ in range(6)]
        while sum(1 for line in _metrics(server) if line.startswith("motiongpt_active_requests 7")) == 0:
            time.sleep(0.02)
        stopping = threading.Thread(target=server.stop)
        stopping.start()
        assert all(len(answer.result()) == 1 for answer in answers)
        stopping.join()
    with pytest.raises(MotionGPTError, match="no answer"):
        client.health()


def _metrics(server: Running) -> list[str]:
    return call(f"{server.url}/api/v1/metrics")[2].decode().splitlines()


def test_numbers_for_prometheus(server: Running, client: Client) -> None:
    client.generate("walk", seconds=1.0)
    lines = _metrics(server)
    assert any(line.startswith('motiongpt_requests_total{path="/api/v1/generate",status="200"}') for line in lines)
    assert any(line.startswith("motiongpt_batch_size_count") for line in lines)


def test_only_so_many_results_are_kept(serve: Serve) -> None:
    client = Client(serve(results=2).url)
    ids = [client.generate("walk", seconds=1.0)[0].id for _ in range(3)]
    with pytest.raises(ServerError, match="not kept"):
        client.result(ids[0])
    assert client.result(ids[2]).id == ids[2]


def test_agents_use_tools(server: Running) -> None:
    def rpc(method: str, **parameters: Any) -> dict[str, Any]:
        message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters}
        status, _, body = call(
            f"{server.url}/mcp",
            json.dumps(message).encode(),
            Content_Type="application/json",
            Accept="application/json, text/event-stream",
        )
        assert status == 200
        result: dict[str, Any] = json.loads(body)["result"]
        return result

    hello = rpc(
        "initialize", protocolVersion="2025-06-18", capabilities={}, clientInfo={"name": "test", "version": "0"}
    )
    assert hello["serverInfo"]["name"] == "motiongpt"
    names = {tool["name"] for tool in rpc("tools/list")["tools"]}
    assert {"generate_motion", "describe_motion", "convert_motion", "continue_motion", "fill_motion"} <= names
    made = rpc("tools/call", name="generate_motion", arguments={"text": "a person walks", "seconds": 1.0, "seed": 2})
    result = json.loads(made["content"][0]["text"])["results"][0]
    assert (result["frames"], result["seed"]) == (20, 2)
    file = rpc("tools/call", name="convert_motion", arguments={"motion": result["id"], "format": "bvh"})
    assert json.loads(file["content"][0]["text"])["text"].startswith("HIERARCHY")
    assert rpc("tools/call", name="describe_motion", arguments={"motion": "nothing"})["isError"]


def test_options_and_formats_come_from_their_homes() -> None:
    from motiongpt.formats import WRITERS
    from motiongpt.generation.options import CompletionOptions, SamplingOptions
    from motiongpt.web import schemas
    from motiongpt.web.store import MEDIA_TYPES

    assert set(schemas.Completion.model_fields) == CompletionOptions.__optional_keys__
    assert SamplingOptions.__optional_keys__ <= set(schemas.Generate.model_fields)
    assert schemas.Generate(text="walk", top_k=3, seed=1).options == {"top_k": 3}
    assert {f".{suffix}" for suffix in MEDIA_TYPES} <= set(WRITERS)
