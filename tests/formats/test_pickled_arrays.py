"""Arrays in pickles, without running code and without unbounded memory."""

from __future__ import annotations

import io
import pickle
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from motiongpt import formats
from motiongpt.errors import MotionGPTError
from motiongpt.formats.pickled_arrays import load_objects

CONTENT: dict[str, Any] = {
    "plain": np.arange(6.0).reshape(2, 3),
    "fortran": np.asfortranarray(np.arange(6).reshape(2, 3)),
    "big-endian": np.arange(3, dtype=">f4"),
    "number": np.float32(3.5),
    "list": [np.arange(3), "words"],
    "texts": np.array(["a", "bc"]),
}


def same(read: Any, wanted: Any) -> bool:
    if isinstance(wanted, dict):
        return read.keys() == wanted.keys() and all(same(read[key], wanted[key]) for key in wanted)
    if isinstance(wanted, list):
        return len(read) == len(wanted) and all(map(same, read, wanted))
    return bool(np.array_equal(read, wanted))


@pytest.mark.parametrize("protocol", [2, 4, 5])
@pytest.mark.parametrize("compressed", [False, True])
def test_pickles(tmp_path: Path, protocol: int, compressed: bool) -> None:
    data = pickle.dumps(CONTENT, protocol)
    (tmp_path / "m.pkl").write_bytes(zlib.compress(data) if compressed else data)
    assert same(load_objects(tmp_path / "m.pkl"), CONTENT)


def test_arrays_of_objects(tmp_path: Path) -> None:
    np.save(tmp_path / "m.npy", np.array(CONTENT, dtype=object), allow_pickle=True)
    assert same(load_objects(tmp_path / "m.npy"), CONTENT)


@pytest.mark.parametrize("zipped", [True, False])
def test_tensors_become_arrays(tmp_path: Path, zipped: bool) -> None:
    content = {"a": torch.arange(4.0), "half": torch.ones(2, dtype=torch.bfloat16)}
    torch.save(content, tmp_path / "m.pt", _use_new_zipfile_serialization=zipped)
    assert same(load_objects(tmp_path / "m.pt"), {"a": np.arange(4.0), "half": np.ones(2)})


def test_joblib() -> None:
    # joblib.dump({"a": arange(6.0).reshape(2, 3), "list": [arange(3), "words"]})
    read = load_objects(Path(__file__).parents[1] / "cases" / "joblib-pickle" / "input.pkl")
    assert same(read, {"a": np.arange(6.0).reshape(2, 3), "list": [np.arange(3), "words"]})


class _Trap:
    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[object, tuple[Path]]:
        return Path.touch, (self.trace,)


def test_code_is_refused_and_never_run(tmp_path: Path) -> None:
    trap = {"poses": _Trap(tmp_path / "trace")}
    (tmp_path / "m.pkl").write_bytes(pickle.dumps(trap))
    torch.save(trap, tmp_path / "m.pt")
    for name in ("m.pkl", "m.pt"):
        with pytest.raises(MotionGPTError, match=r"refused.*could execute code; nothing was executed"):
            formats.read(tmp_path / name)
    assert not (tmp_path / "trace").exists()


def test_bombs(tmp_path: Path) -> None:
    # Each list holds the one before it twice: 2 ** 60 entries in a few hundred bytes.
    nested: list[Any] = ["x"]
    for _ in range(60):
        nested = [nested, nested]
    (tmp_path / "shared.pkl").write_bytes(pickle.dumps(nested))
    deep: list[Any] = []
    for _ in range(400):
        deep = [deep]
    (tmp_path / "deep.pkl").write_bytes(pickle.dumps(deep))
    loop: dict[str, Any] = {}
    loop["self"] = loop
    (tmp_path / "loop.pkl").write_bytes(pickle.dumps(loop))
    for name in ("shared.pkl", "deep.pkl", "loop.pkl"):
        with pytest.raises(MotionGPTError, match="no known motion"):
            formats.read(tmp_path / name)


def test_headers_that_promise_too_much(tmp_path: Path) -> None:
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, {"descr": "<f4", "fortran_order": False, "shape": (10**12, 22, 3)})
    (tmp_path / "huge.npy").write_bytes(stream.getvalue())
    with zipfile.ZipFile(tmp_path / "huge.npz", "w") as archive:
        archive.writestr("poses.npy", stream.getvalue())
    for name in ("huge.npy", "huge.npz"):
        with pytest.raises(MotionGPTError, match="damaged or truncated"):
            formats.read(tmp_path / name)


def test_archives_that_unpack_to_too_much(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    np.savez_compressed(tmp_path / "bomb.npz", poses=np.zeros((2000, 72)), trans=np.zeros((2000, 3)), fps=30)
    (tmp_path / "bomb.pkl").write_bytes(zlib.compress(pickle.dumps(np.zeros((2000, 72)))))
    for module in ("arrays", "pickled_arrays"):
        monkeypatch.setattr(f"motiongpt.formats.{module}.MAX_BYTES", 100_000)
    for name in ("bomb.npz", "bomb.pkl"):
        with pytest.raises(MotionGPTError, match="unpack"):
            formats.read(tmp_path / name)


@pytest.mark.parametrize("cut", [1, 20, 100, -1])
def test_damaged_pickles(tmp_path: Path, cut: int) -> None:
    (tmp_path / "m.pkl").write_bytes(pickle.dumps(CONTENT)[:cut])
    with pytest.raises(MotionGPTError, match=r"m\.pkl"):
        formats.read(tmp_path / "m.pkl")
