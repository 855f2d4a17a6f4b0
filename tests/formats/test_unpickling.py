"""Reading checkpoints: tensors come out, nothing is carried out, and what a file is instead is said."""

from __future__ import annotations

import argparse
import collections
import io
import os
import pickle
import sys
import types
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from motiongpt.errors import MotionGPTError
from motiongpt.formats.unpickling import Placeholder, read_checkpoint

FORMATS = [pytest.param(True, id="zip"), pytest.param(False, id="legacy")]


def save(content: Any, path: Path, zipped: bool = True) -> Path:
    torch.save(content, path, _use_new_zipfile_serialization=zipped)
    return path


def same(first: Any, second: Any) -> bool:
    if isinstance(first, torch.Tensor):
        return isinstance(second, torch.Tensor) and first.dtype == second.dtype and torch.equal(first, second)
    if isinstance(first, dict):
        return first.keys() == second.keys() and all(same(first[key], second[key]) for key in first)
    if isinstance(first, (list, tuple)):
        return type(first) is type(second) and len(first) == len(second) and all(map(same, first, second))
    return bool(first == second)


@pytest.mark.parametrize("zipped", FORMATS)
def test_tensors_and_plain_containers(tmp_path: Path, zipped: bool) -> None:
    base = torch.randn(4, 6)
    content = {
        "float": base,
        "column of a shared storage": base[:, 2],
        "turned": base.T[1:3],
        "half": base.half(),
        "bfloat": base.bfloat16(),
        "ints": torch.arange(5),
        "bytes": torch.tensor([1, 2, 255], dtype=torch.uint8),
        "bools": torch.tensor([True, False]),
        "empty": torch.empty(0, 3),
        "scalar": torch.tensor(2.5, dtype=torch.float64),
        "plain": [1, -2, 2.5, "text", None, True, (1, 2), {3}, frozenset([4]), 1j, 10**30],
        "ordered": collections.OrderedDict(a=1, b=torch.ones(2)),
        "dtype": torch.float16,
    }
    assert same(content, read_checkpoint(save(content, tmp_path / "a.ckpt", zipped)))


@pytest.mark.parametrize("zipped", FORMATS)
def test_parameters_and_counts(tmp_path: Path, zipped: bool) -> None:
    parameter = torch.nn.Parameter(torch.randn(3))
    default = collections.defaultdict(int, a=1)
    content = read_checkpoint(
        save(
            {"p": parameter, "d": default, "c": collections.Counter("aab"), "s": torch.Size([2])},
            tmp_path / "a",
            zipped,
        )
    )
    assert torch.equal(content["p"], parameter.detach())
    assert (content["d"], content["c"], content["s"]) == ({"a": 1}, {"a": 2, "b": 1}, (2,))


@pytest.mark.parametrize("zipped", FORMATS)
def test_objects_of_other_libraries_do_nothing(tmp_path: Path, zipped: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Classes of a library that would shout when it is used; it is gone when the file is read."""
    calls: list[str] = []
    module = types.ModuleType("omegaconf.dictconfig")

    class DictConfig(dict):  # type: ignore[type-arg]
        def __init__(self, content: Any = None) -> None:
            calls.append("init")

        def __setstate__(self, state: Any) -> None:
            calls.append("setstate")

        def __reduce_ex__(self, protocol: Any) -> Any:
            return DictConfig, ({"a": 1},), {"_content": {"lr": 1e-4}, "_metadata": (int, dict)}, None, iter([("k", 1)])

    class ListConfig:
        def __init__(self) -> None:
            self.values = [1, 2]

    for kind in (DictConfig, ListConfig):
        kind.__module__, kind.__qualname__ = module.__name__, kind.__name__
        setattr(module, kind.__name__, kind)
    monkeypatch.setitem(sys.modules, "omegaconf", types.ModuleType("omegaconf"))
    monkeypatch.setitem(sys.modules, module.__name__, module)
    content = {
        "cfg": DictConfig(),
        "list": ListConfig(),
        "namespace": argparse.Namespace(a=1),
        "path": Path("somewhere"),
        "array": np.arange(4.0),
        "number": np.float64(2.0),
        "device": torch.device("cpu"),
        "weight": torch.ones(2),
    }
    path = save(content, tmp_path / "a.ckpt", zipped)
    calls.clear()
    monkeypatch.setitem(sys.modules, module.__name__, None)  # importing it now would fail
    read = read_checkpoint(path)
    assert not calls
    assert all(isinstance(read[name], Placeholder) for name in ("cfg", "list", "namespace", "path", "array", "number"))
    assert torch.equal(read["weight"], torch.ones(2))


class Calls:
    """Pickled, it asks to have a function called."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.call = function, arguments

    def __reduce__(self) -> Any:
        return self.call


def attacks(marker: Path) -> dict[str, tuple[Any, str]]:
    touch = f"open({str(marker)!r}, 'w')"
    return {
        "system": (Calls(os.system, f"touch {marker}"), "system"),
        "eval": (Calls(eval, touch), "eval"),
        "exec": (Calls(exec, touch), "exec"),
        "getattr": (Calls(getattr, "", "join"), "getattr"),
        "import": (Calls(__import__, "os"), "__import__"),
        "nested torch.load": (Calls(torch.load, str(marker)), "load"),
        "numpy": (Calls(np.load, str(marker)), "load"),
        "open": (Calls(open, str(marker), "w"), "open"),
        "module": (Calls(torch.nn.Linear, 2, 2), "Linear"),
        "map": (Calls(map, print, ()), "map"),
    }


@pytest.mark.parametrize("container", ["zip", "legacy", "plain pickle"])
@pytest.mark.parametrize("attack", list(attacks(Path())))
def test_malicious_files_are_refused_and_nothing_runs(tmp_path: Path, attack: str, container: str) -> None:
    marker, path = tmp_path / "ran", tmp_path / "evil.ckpt"
    evil, name = attacks(marker)[attack]
    content = {"state_dict": {"vae.quantizer.codebook": torch.ones(2, 2)}, "hyper_parameters": evil}
    if container == "plain pickle":
        path.write_bytes(pickle.dumps(evil))
    else:
        save(content, path, container == "zip")
    with pytest.raises(MotionGPTError, match="refused") as caught:
        read_checkpoint(path)
    assert name in str(caught.value)
    assert not marker.exists()


def with_pickle(path: Path, program: bytes) -> Path:
    """A checkpoint whose pickle is written by hand."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", program)
        archive.writestr("archive/data/0", np.arange(4, dtype="<f4").tobytes())
        archive.writestr("archive/version", "3\n")
    return path


TENSOR = b"(Vstorage\nctorch\nFloatStorage\nV0\nVcpu\nI%d\ntQ"


@pytest.mark.parametrize(
    ("program", "word"),
    [
        pytest.param(b"cos\nsystem\n(S'touch ran'\ntR.", "os.system", id="global"),
        pytest.param(b"(S'touch ran'\nios\nsystem\n.", "os.system", id="inst"),
        pytest.param(b"(cos\nsystem\nS'touch ran'\no.", "os.system", id="obj"),
        pytest.param(b"\x80\x04\x8c\x05torch\x8c\x12os.system.__call__\x93.", "torch.os.system", id="dotted name"),
        pytest.param(b"\x80\x04\x8c\x13torch._utils.os.sys\x8c\x04exit\x93.", "exit", id="module inside a module"),
        pytest.param(b"ccollections\nOrderedDict.fromkeys\n.", "fromkeys", id="attribute of an admitted class"),
        pytest.param(b"comegaconf_evil\nRun\n(tR.", "omegaconf_evil", id="name that begins like a known library"),
        pytest.param(b"Psomewhere\n.", "external object", id="persistent id as text"),
        pytest.param(b"(S'module'\nS'os'\nS'system'\nS'x'\nI1\ntQ.", "external object", id="foreign persistent id"),
        pytest.param(b"(Vstorage\nVos\nV0\nVcpu\nI4\ntQ.", "unknown type", id="storage of no type"),
        pytest.param(TENSOR % 5 + b".", "numbers", id="storage longer than the file"),
        pytest.param(b"(Vstorage\nctorch\nFloatStorage\nV../version\nVcpu\nI4\ntQ.", "damaged", id="another member"),
        pytest.param(
            b"ctorch._utils\n_rebuild_tensor_v2\n(%sI2\n(I3\nt(I1\nttR." % (TENSOR % 4), "beyond", id="too far"
        ),
        pytest.param(
            b"ctorch._utils\n_rebuild_tensor_v2\n(%sI-2\n(I3\nt(I1\nttR." % (TENSOR % 4), "sizes", id="before"
        ),
        pytest.param(
            b"ctorch._utils\n_rebuild_tensor_v2\n(I1\nI0\n(I3\nt(I1\nttR.", "malformed", id="tensor of a number"
        ),
        pytest.param(b"ctorch._utils\n_rebuild_tensor_v2\nN}S'_call'\nNs\x86b.", "sets", id="sets an attribute"),
        pytest.param(b"ccollections\nOrderedDict\n}S'update'\nNsb.", "damaged", id="changes a class"),
        pytest.param(b"}.", "", id="nothing wrong"),
    ],
)
def test_pickles_written_by_hand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: bytes, word: str) -> None:
    monkeypatch.chdir(tmp_path)
    path = with_pickle(tmp_path / "a.ckpt", program)
    if word:
        with pytest.raises(MotionGPTError, match=word):
            read_checkpoint(path)
    else:
        assert read_checkpoint(path) == {}
    assert not Path("ran").exists()


def packed(text: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("readme.txt", text)
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"<!DOCTYPE html><html><body>Sign in</body></html>", "web page"),
        (b"\n <html>", "web page"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 5\n", "git lfs pull"),
        (b'{"error": "Invalid username or password."}', "not a checkpoint"),
        (b"\x1f\x8b\x08\x00rest", "gzip"),
        (packed("hello"), "without data.pkl"),
        (b"PK\x03\x04\x00\x00", "truncated or damaged"),
        (b"\x80\x02}q\x00.", "not a PyTorch checkpoint"),
        (b"\x80", "truncated"),
        (b"\x93NUMPY\x01\x00", "NumPy array"),
        (b"name".ljust(257, b"\0") + b"ustar\x0000" + bytes(300), "tar archive"),
    ],
)
def test_what_is_no_checkpoint(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "a.ckpt"
    path.write_bytes(content)
    with pytest.raises(MotionGPTError, match=words) as caught:
        read_checkpoint(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("zipped", FORMATS)
def test_a_cut_download(tmp_path: Path, zipped: bool) -> None:
    path = save({"a": torch.randn(50, 50), "b": torch.randn(9)}, tmp_path / "a.ckpt", zipped)
    whole = path.read_bytes()
    for size in (20, 100, 300, 800, len(whole) // 2, len(whole) - 40, len(whole) - 1):
        path.write_bytes(whole[:size])
        with pytest.raises(MotionGPTError, match="again"):
            read_checkpoint(path)


def test_missing_file_and_folder(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none.ckpt"):
        with pytest.raises(MotionGPTError, match=str(path)):
            read_checkpoint(path)


def test_objects_cannot_change_the_reader(tmp_path: Path) -> None:
    """A file that sets attributes of a placeholder class leaves the next file alone."""
    program = b"comegaconf\nA\nN}S'append'\nI1\ns\x86b."
    with pytest.raises(MotionGPTError):
        read_checkpoint(with_pickle(tmp_path / "a.ckpt", program))
    held: Callable[..., Any] = Placeholder.append
    assert callable(held)
