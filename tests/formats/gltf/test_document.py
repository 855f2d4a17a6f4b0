"""Accessors, buffers and damaged documents."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gltf_files import Gltf, person, turn
from motiongpt import formats
from motiongpt.errors import MotionGPTError
from motiongpt.formats.gltf.document import Document


@given(
    seed=st.integers(0, 2**32 - 1),
    count=st.integers(1, 9),
    width=st.sampled_from([1, 3, 4]),
    dtype=st.sampled_from(["f4", "i1", "u1", "i2", "u2"]),
    stride=st.sampled_from([None, 24, 36]),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_values_come_back(tmp_path: Path, seed: int, count: int, width: int, dtype: str, stride: int | None) -> None:
    rng = np.random.default_rng(seed)
    values = rng.uniform(0 if dtype.startswith("u") else -1, 1, (count, width))
    gltf = Gltf()
    gltf.accessor(rng.normal(size=(3, 3)))
    index = gltf.accessor(values, dtype, stride=stride)
    coarse = 1e-6 if dtype == "f4" else 1 / np.iinfo(dtype).max
    for path in (gltf.glb(tmp_path / "a.glb"), gltf.gltf(tmp_path / "a.gltf"), gltf.gltf(tmp_path / "b.gltf", "b.bin")):
        np.testing.assert_allclose(Document(path).array(index), values, atol=coarse)


def test_the_lowest_integer_is_minus_one(tmp_path: Path) -> None:
    gltf = Gltf()
    index = gltf.accessor(np.array([[-128 / 127], [-1], [1]]), "i1")
    assert Document(gltf.glb(tmp_path / "a.glb")).array(index)[:, 0].tolist() == [-1, -1, 1]


@pytest.mark.parametrize("on_top", [False, True])
def test_sparse_values_replace_zeros_or_those_of_a_view(tmp_path: Path, on_top: bool) -> None:
    gltf = Gltf()
    values = np.arange(12.0).reshape(4, 3)
    base = gltf.accessor(-values)
    index = gltf.accessor(values, sparse=[1, 3])
    if on_top:
        gltf.json["accessors"][index]["bufferView"] = gltf.json["accessors"][base]["bufferView"]
    expected = -values if on_top else np.zeros((4, 3))
    expected[[1, 3]] = values[[1, 3]]
    np.testing.assert_array_equal(Document(gltf.glb(tmp_path / "a.glb")).array(index), expected)


def _bending() -> Gltf:
    gltf, nodes = person()
    gltf.track(gltf.clip("Bend"), nodes["LeftForeArm"], "rotation", [0, 1], [turn([0, 0, 1], a) for a in (0, 90)])
    return gltf


def test_data_beside_the_file(tmp_path: Path) -> None:
    gltf = _bending()
    expected = formats.read(gltf.glb(tmp_path / "a.glb")).joints
    (tmp_path / "data of it").mkdir()
    for uri in ("walk.bin", "data of it/walk.bin"):
        path = gltf.gltf(tmp_path / "a.gltf", uri)
        path.write_text(path.read_text().replace("data of it", "data%20of%20it"))
        np.testing.assert_array_equal(formats.read(path).joints, expected)
    (tmp_path / "data of it" / "walk.bin").unlink()
    with pytest.raises(MotionGPTError, match=r"walk\.bin', which is not beside it"):
        formats.read(path)


def test_the_content_tells_text_from_binary(tmp_path: Path) -> None:
    gltf = _bending()
    expected = formats.read(gltf.glb(tmp_path / "a.glb")).joints
    (tmp_path / "a.glb").rename(tmp_path / "b.gltf")
    gltf.gltf(tmp_path / "c.gltf").rename(tmp_path / "c.glb")
    for name in ("b.gltf", "c.glb"):
        np.testing.assert_array_equal(formats.read(tmp_path / name).joints, expected)


@pytest.mark.parametrize(
    "uri",
    [
        "../secret.bin",
        "%2e%2e/secret.bin",
        "sub/../../secret.bin",
        "/etc/passwd",
        "file:///etc/passwd",
        "http://example.com/a.bin",
        "https:a.bin",
        "C:/a.bin",
        "..\\secret.bin",
        "link.bin",
        "a%00.bin",
    ],
)
def test_nothing_outside_of_the_folder_is_read(tmp_path: Path, uri: str) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    gltf = _bending()
    (tmp_path / "secret.bin").write_bytes(gltf.data)
    (folder / "link.bin").symlink_to(tmp_path / "secret.bin")
    path = gltf.gltf(folder / "a.gltf", "a.bin")
    document = json.loads(path.read_text())
    document["buffers"][0]["uri"] = uri
    path.write_text(json.dumps(document))
    with pytest.raises(MotionGPTError, match="outside of the file's folder, where nothing is read"):
        formats.read(path)


def _set(gltf: Gltf, place: str, value: Any) -> None:
    *keys, last = [int(part) if part.isdigit() else part for part in place.split("/")]
    at: Any = gltf.json
    for key in keys:
        at = at[key]
    at[last] = value


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("accessors/0/count", 10**12),
        ("accessors/0/count", -1),
        ("accessors/0/count", 3),
        ("accessors/0/count", "2"),
        ("accessors/0/count", 1.5),
        ("accessors/0/byteOffset", 10**9),
        ("accessors/0/byteOffset", -4),
        ("accessors/0/componentType", 5130),
        ("accessors/0/type", "VEC5"),
        ("accessors/0/bufferView", 99),
        ("accessors/0/bufferView", -1),
        ("accessors/1", {"count": 2**40, "componentType": 5126, "type": "VEC4"}),
        ("accessors/1", {"count": 2, "componentType": 5126, "type": "VEC3", "bufferView": 1}),
        ("accessors/1/sparse", {"count": 5, "indices": {"bufferView": 0, "componentType": 5121}, "values": {}}),
        ("bufferViews/0/byteOffset", 10**9),
        ("bufferViews/0/byteLength", 10**9),
        ("bufferViews/0/byteStride", 1),
        ("bufferViews/0/buffer", 7),
        ("nodes/0/children", [0]),
        ("nodes/4/children", [0]),
        ("nodes/0/children", [99]),
        ("nodes/0/children", [-1]),
        ("nodes/0/children", 5),
        ("nodes/0", 5),
        ("nodes", {"a": {}}),
        ("nodes/0/translation", [1, 2]),
        ("nodes/0/translation", ["a", "b", "c"]),
        ("nodes/0/matrix", [1, 2, 3]),
        ("nodes/0/translation", [float("nan"), 0, 0]),
        ("nodes/0/translation", [1e308, 1e308, 0]),
        ("animations", 5),
        ("animations/0/channels/0/sampler", 9),
        ("animations/0/channels/0/target/node", 999),
        ("animations/0/samplers/0/input", 99),
        ("animations/0/samplers/0/interpolation", "BEZIER"),
        ("animations/0/samplers/0/interpolation", "CUBICSPLINE"),
        ("skins", [{"joints": [999]}]),
        ("skins", [{}]),
        ("extensions", {"VRM": {"humanoid": {"humanBones": [{"bone": "hips", "node": 999}]}}}),
        ("asset", {"version": "1.0"}),
    ],
)
def test_damaged_documents(tmp_path: Path, place: str, value: Any) -> None:
    gltf = _bending()
    _set(gltf, place, value)
    with pytest.raises(MotionGPTError, match=r"a\.glb"):
        formats.read(gltf.glb(tmp_path / "a.glb"))


@pytest.mark.parametrize("times", [[0.0, 1e30], [0.0, float("nan")], [1.0, 0.0], [0.0, 1e7]])
def test_times_that_cannot_be(tmp_path: Path, times: list[float]) -> None:
    gltf, nodes = person()
    gltf.track(gltf.clip("Bend"), nodes["LeftForeArm"], "rotation", times, [turn([0, 0, 1], a) for a in (0, 90)])
    with pytest.raises(MotionGPTError, match=r"a\.glb"):
        formats.read(gltf.glb(tmp_path / "a.glb"))


def test_no_bytes_after_the_end(tmp_path: Path) -> None:
    path = _bending().glb(tmp_path / "a.glb")
    whole = path.read_bytes()
    for size in (*range(1, 30), len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:size])
        with pytest.raises(MotionGPTError, match=r"a\.glb"):
            formats.read(path)
    # The header counts no more than there is, but the binary part does.
    path.write_bytes(whole[:8] + struct.pack("<I", len(whole) - 8) + whole[12:-8])
    with pytest.raises(MotionGPTError, match="truncated"):
        formats.read(path)


@given(data=st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_changed_bytes_give_a_motion_or_an_error(tmp_path: Path, data: st.DataObject) -> None:
    path = _bending().glb(tmp_path / "a.glb")
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content)
    refusal = ""
    try:
        assert np.isfinite(formats.read(path).joints).all()
    except MotionGPTError as error:
        refusal = str(error)
    assert not refusal or str(path) in refusal


def test_nested_without_end(tmp_path: Path) -> None:
    path = tmp_path / "a.gltf"
    path.write_text('{"a":' + "[" * 200_000)
    with pytest.raises(MotionGPTError, match="damaged"):
        formats.read(path)


def test_a_long_chain_of_nodes(tmp_path: Path) -> None:
    gltf = Gltf()
    over = gltf.node("top")
    for i in range(3000):
        over = gltf.node(f"link {i}", over)
    gltf, nodes = person(parent=over, gltf=gltf)
    gltf.track(gltf.clip(), nodes["LeftForeArm"], "rotation", [0, 1], [turn([0, 0, 1], a) for a in (0, 90)])
    assert len(formats.read(gltf.glb(tmp_path / "a.glb"))) == 31
