"""The figures of docs/editing.md, on twenty motions: loops close and joins are no hastier than the motions."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from motiongpt import Motion, MotionGPT
from motiongpt.evaluation.metrics import seam_jump

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def benchmark() -> ModuleType:
    spec = importlib.util.spec_from_file_location("editing_benchmark", ROOT / "benchmarks" / "editing.py")
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["editing_benchmark"] = module
    assert spec.loader is not None
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
def test_loops_close_and_joins_are_calm(benchmark: Any) -> None:
    if not (ROOT / "src/motiongpt/weights/config.json").is_file():
        pytest.skip("this checkout has no embedded model")
    # Fewer candidates than by default: what is made is worse, and loops have to close all the same.
    model = MotionGPT.from_pretrained()
    motions = model.generate(list(benchmark.SENTENCES), seconds=4.0, seed=1, rerank=1)
    for motion, sentence in zip(motions, benchmark.SENTENCES, strict=True):
        figures, _ = benchmark.measure_loop(motion, 60.0)
        assert figures.place < 0.01, sentence
        assert figures.velocity < 0.1, sentence
        assert figures.jolt < 2.0, sentence
    steps = [benchmark.measure_join(a, b)[0] for a, b in zip(motions, [*motions[1:], motions[0]], strict=True)]
    assert max(steps) < 1.5


def test_a_cut_without_a_blend_would_be_seen(benchmark: Any, striding: Motion) -> None:
    """The measures can fail: the same motion cut anywhere, and put together without a cross-fade."""
    place, velocity = benchmark.loop_gap(striding[:47])
    assert place > 0.05
    assert velocity > 0.5
    hard = np.concatenate([striding.joints[:40], striding.joints[10:50]])
    assert seam_jump(hard, [40], striding.joints) > 1.5
