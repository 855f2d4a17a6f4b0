"""Matrices as int8: how much is lost, and that nothing more is lost the second time."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from motiongpt.errors import MotionGPTError
from motiongpt.weights_io import dequantise, load_weights, quantise, save_weights


def matrix(rows: int, columns: int, seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    sizes = 10.0 ** torch.randint(-4, 2, (rows, 1), generator=generator)
    return torch.randn(rows, columns, generator=generator) * sizes


@given(rows=st.integers(1, 8), columns=st.integers(1, 40), seed=st.integers(0, 2**32))
def test_the_error_is_half_a_step_of_the_row(rows: int, columns: int, seed: int) -> None:
    weight = matrix(rows, columns, seed)
    weight[0] = 0
    values, scale = quantise(weight)
    assert (values.dtype, scale.dtype) == (torch.int8, torch.bfloat16)
    again = dequantise(values, scale)
    # The step itself is rounded, to eight bits.
    step = weight.abs().amax(1, keepdim=True) / 127
    assert ((again - weight).abs() <= 0.5 * step * (1 + 2.0**-8) * (1 + 1e-5)).all()
    assert (again[0] == 0).all()


@given(rows=st.integers(1, 8), columns=st.integers(1, 40), seed=st.integers(0, 2**32))
def test_a_rounded_matrix_stays_as_it_is(rows: int, columns: int, seed: int) -> None:
    once = dequantise(*quantise(matrix(rows, columns, seed)))
    assert torch.equal(dequantise(*quantise(once)), once)


def test_a_folder_with_int8(tmp_path: Path) -> None:
    module = nn.Sequential(nn.Linear(30, 20), nn.Linear(20, 10))
    save_weights(tmp_path, module.state_dict(), int8={"0.weight"})
    stored = load_file(tmp_path / "model.safetensors")
    assert stored["0.weight"].dtype == torch.int8
    assert stored["1.weight"].dtype == torch.float32
    again = nn.Sequential(nn.Linear(30, 20), nn.Linear(20, 10))
    load_weights(tmp_path, again)
    assert torch.equal(again[0].weight, dequantise(*quantise(module[0].weight.detach())))
    assert torch.equal(again[1].weight, module[1].weight)
    del stored["0.weight.int8_scale"]
    save_file({**stored, "other.int8_scale": torch.ones(20)}, tmp_path / "model.safetensors")
    with pytest.raises(MotionGPTError, match=r"other\.int8_scale"):
        load_weights(tmp_path, again)


def test_a_whole_folder_as_int8(tmp_path: Path) -> None:
    module = nn.Sequential(nn.Conv1d(40, 160, 3), nn.Linear(20, 10), nn.ConvTranspose1d(160, 40, 4))
    save_weights(tmp_path, module.state_dict(), dtype=torch.int8)
    stored = load_file(tmp_path / "model.safetensors")
    kinds = {name: weight.dtype for name, weight in stored.items() if not name.endswith("int8_scale")}
    large = {"0.weight", "2.weight"}
    assert kinds == {name: torch.int8 if name in large else torch.float16 for name in module.state_dict()}
    again = nn.Sequential(nn.Conv1d(40, 160, 3), nn.Linear(20, 10), nn.ConvTranspose1d(160, 40, 4))
    load_weights(tmp_path, again)
    for mine, theirs in ((again[0].weight, module[0].weight), (again[2].weight, module[2].weight)):
        step = theirs.flatten(1).abs().amax(1)[:, None, None] / 127
        assert ((mine - theirs).abs() <= 0.51 * step).all()
