"""Several codes a latent: residual codebooks and finite scalars."""

import numpy as np
import pytest
import torch

from motiongpt.errors import MotionGPTError
from motiongpt.motion import HUMANML3D
from motiongpt.tokenizer import VQVAE, MotionTokenizer, VQVAEConfig
from motiongpt.tokenizer.quantizers import FSQ_SIZES, FiniteScalarQuantizer, ResidualQuantizer


@pytest.fixture(scope="module")
def latents():
    torch.manual_seed(0)
    return torch.randn(4000, 6) * torch.tensor([4.0, 3.0, 2.0, 1.0, 0.5, 0.2])


@pytest.fixture(scope="module")
def residual(latents):
    quantizer = ResidualQuantizer(4, "ema_reset", 32, 6)
    quantizer.initialise_by_kmeans(latents, counts_per_batch=100)
    return quantizer.eval()


def test_more_residual_levels_bring_the_latents_nearer(latents):
    batch, errors = latents[:200].T[None], []
    for levels in (1, 2, 4):
        torch.manual_seed(0)
        quantizer = ResidualQuantizer(levels, "ema_reset", 32, 6)
        quantizer.initialise_by_kmeans(latents, counts_per_batch=100)
        codes = quantizer.encode(batch)
        assert codes.shape == (1, 200 * levels)
        assert (codes // 32 == torch.arange(200 * levels) % levels).all()
        errors.append(float((quantizer.decode(codes) - batch).norm(dim=1).mean()))
    assert errors == sorted(errors, reverse=True)
    assert errors[2] < 0.35 * errors[0]


def test_residual_decode_equals_the_forward_pass(residual, latents):
    batch = latents[:50].T[None]
    result = residual(batch)
    torch.testing.assert_close(residual.decode(result.codes), result.latents, atol=1e-5, rtol=1e-5)


def test_the_gradient_passes_all_levels_straight_through(residual):
    latents = torch.randn(1, 6, 5, requires_grad=True)
    weight = torch.randn(1, 6, 5)
    (residual(latents).latents * weight).sum().backward()
    torch.testing.assert_close(latents.grad, weight)


@pytest.mark.parametrize("num_codes", FSQ_SIZES)
@pytest.mark.parametrize("levels", [1, 3])
def test_every_finite_scalar_code_is_a_cell_of_its_own(num_codes, levels):
    torch.manual_seed(0)
    quantizer = FiniteScalarQuantizer(levels, num_codes, 16)
    codes = torch.arange(num_codes)[:, None] + num_codes * torch.arange(levels)
    cells = quantizer.decode(codes.reshape(1, -1))[0].T
    assert len(torch.unique(cells.round(decimals=4), dim=0)) == num_codes
    # Rounding what stands on a cell already changes nothing.
    grid = torch.randint(0, 4, (1, 9, levels, len(FSQ_SIZES[num_codes]))).float()
    assert (quantizer.decode(quantizer._codes(grid)) - quantizer._latents(grid)).abs().max() < 1e-5


def test_finite_scalars_keep_within_the_grid_and_learn_by_gradient():
    torch.manual_seed(0)
    quantizer = FiniteScalarQuantizer(2, 240, 8)
    latents = (100 * torch.randn(3, 8, 40)).requires_grad_()
    result = quantizer(latents)
    assert (result.codes // 240 == torch.arange(80) % 2).all()
    result.latents.square().mean().backward()
    assert quantizer.inward.weight.grad.isfinite().all()
    torch.testing.assert_close(quantizer.decode(result.codes), result.latents, atol=1e-5, rtol=1e-5)


def test_a_linear_skip_begins_as_principal_components():
    """Frames of few degrees of freedom pass an untrained network nearly unchanged; without the skip they do not."""
    torch.manual_seed(0)
    mixing = torch.randn(12, 263)
    windows = torch.cumsum(torch.randn(500, 4, 12), 1) @ mixing / 12**0.5
    errors = []
    for skip in (True, False):
        network = VQVAE(VQVAEConfig(width=16, depth=1, code_dim=64, num_codes=8, linear_skip=skip))
        network.initialise()
        if skip:
            network.initialise_linear_skip(windows, torch.ones(263))
        network.quantizer.bypass = True
        with torch.no_grad():
            errors.append(float((network(windows)[0] - windows).square().mean() / windows.var()))
    assert errors[0] < 0.01 < errors[1]


@pytest.fixture(scope="module")
def tokenizer():
    torch.manual_seed(0)
    config = VQVAEConfig(width=32, code_dim=16, num_codes=40, depth=1)
    refinement = VQVAEConfig(width=16, code_dim=16, num_codes=24, depth=1, levels=2, linear_skip=True)
    made = MotionTokenizer(config, np.zeros(263), np.ones(263), HUMANML3D, refinement)
    for codebook in (made.vqvae.quantizer, *made.refinement.quantizer.levels):
        codebook.codebook.normal_(std=0.1)
    return made.eval()


def test_a_refined_stream_holds_the_coarse_one(tokenizer, tmp_path):
    features = np.random.default_rng(0).normal(size=(30, 263)).astype(np.float32)
    full, coarse = tokenizer.encode(features), tokenizer.encode(features, coarse=True)
    assert full.shape == (8 * 3,)
    np.testing.assert_array_equal(full[::3], coarse)
    for level, (first, end) in enumerate([(0, 40), (40, 64), (64, 88)]):
        assert first <= full[level::3].min() <= full[level::3].max() < end
    assert tokenizer.decode(coarse).shape == tokenizer.decode(full).shape == (32, 263)
    assert np.abs(tokenizer.decode(full) - tokenizer.decode(coarse)).max() > 1e-3
    tokenizer.save(tmp_path)
    again = MotionTokenizer.load(tmp_path)
    np.testing.assert_array_equal(again.encode(features), full)
    np.testing.assert_array_equal(again.decode(full), tokenizer.decode(full))


@pytest.mark.parametrize("codes", [[0, 41, 1], [41, 0, 70], [0, 1, 41], [0, 64, 41], [0, 41, 64, 3]])
def test_levels_that_do_not_take_turns_are_refused(tokenizer, codes):
    with pytest.raises(MotionGPTError, match="must alternate"):
        tokenizer.decode(codes)


def test_impossible_options_are_named(tokenizer):
    with pytest.raises(MotionGPTError, match="levels must be at least 1, not 0"):
        VQVAEConfig(levels=0)
    with pytest.raises(MotionGPTError, match="num_codes of fsq"):
        VQVAEConfig(quantizer="fsq", num_codes=100)
    with pytest.raises(MotionGPTError, match="needs the stride 4"):
        tokenizer.refine(VQVAEConfig(downsamplings=1))
