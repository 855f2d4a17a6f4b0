"""import-checkpoint and export-checkpoint: a model goes out and comes back, what is no checkpoint is refused."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np

from motiongpt import MotionGPT

from .conftest import Cli


class Touches:
    """Unpickled, it would make a file."""

    def __reduce__(self) -> Any:
        return open, ("ran", "w")


def test_round_trip(cli: Cli, tiny_model_folder: Path) -> None:
    exported = cli("export-checkpoint", tiny_model_folder, "-o", "a.safetensors")
    assert exported.lines == ["a.safetensors"], exported.err
    imported = cli("import-checkpoint", "a.safetensors", "-o", "again", "--json")
    assert imported.code == 0, imported.err
    answer = json.loads(imported.out)
    assert answer["output"] == "again"
    assert answer["unused"] == {}
    assert "language: all" in imported.err
    first, second = MotionGPT.from_pretrained(tiny_model_folder), MotionGPT.from_pretrained("again")
    made = [model.generate("a person walks", seconds=1.0, seed=2).joints for model in (first, second)]
    np.testing.assert_array_equal(*made)


def test_what_is_refused(refused: Any, tiny_model_folder: Path) -> None:
    Path("page.ckpt").write_text("<!doctype html><html></html>")
    Path("pointer.tar").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")
    Path("evil.ckpt").write_bytes(pickle.dumps({"state_dict": Touches()}))
    assert "web page" in refused("import-checkpoint", "page.ckpt", "-o", "out")
    assert "git lfs pull" in refused("import-checkpoint", "pointer.tar", "-o", "out")
    assert "open" in refused("import-checkpoint", "evil.ckpt", "-o", "out")
    assert not Path("ran").exists()
    assert "none.ckpt" in refused("import-checkpoint", "none.ckpt", "-o", "out")
    assert ".safetensors" in refused("export-checkpoint", tiny_model_folder, "-o", "a.ckpt")
    assert not Path("out").exists()
