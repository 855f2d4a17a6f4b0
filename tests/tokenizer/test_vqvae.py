"""The network against the published one's numbers, and what each quantizer learns."""

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from motiongpt.errors import MotionGPTError
from motiongpt.tokenizer import VQVAE, VQVAEConfig
from motiongpt.tokenizer.quantizers import Quantizer


def small(**changes):
    return VQVAEConfig(**{"width": 32, "code_dim": 16, "num_codes": 24, "depth": 2, **changes})


def test_golden_codes_and_reconstruction(golden_dir):
    weights = load_file(golden_dir / "vq_reference.safetensors")
    weights = {name.removeprefix("vae."): tensor for name, tensor in weights.items()}
    network = VQVAE(VQVAEConfig(width=32, code_dim=32, num_codes=48)).eval()
    own = {"quantizer.code_sum", "quantizer.code_count", "quantizer.initialised"}
    missing, unknown = network.load_state_dict(weights, strict=False)
    assert set(missing) == own
    assert not unknown
    golden = np.load(golden_dir / "vq_io.npz")
    with torch.inference_mode():
        features = torch.from_numpy(golden["features_normalized"])
        codes = network.encode(features)
        np.testing.assert_array_equal(codes.numpy(), golden["codes"])
        np.testing.assert_allclose(network.decode(codes).numpy(), golden["decoded"], atol=1e-4)
        quantized = network.quantizer(network.latents(features))
    assert float(quantized.commitment) == pytest.approx(float(golden["commit_loss"]), abs=1e-6)
    assert float(quantized.perplexity) == pytest.approx(float(golden["perplexity"]), rel=1e-4)


def test_published_size():
    assert sum(p.numel() for p in VQVAE(VQVAEConfig()).parameters()) == 19_436_807


@pytest.mark.parametrize("downsamplings", [0, 1, 2, 3])
@pytest.mark.parametrize("length", [8, 16, 64])
def test_one_code_for_each_stride(downsamplings, length):
    config = small(downsamplings=downsamplings)
    network = VQVAE(config).eval()
    codes = network.encode(torch.randn(2, length, 263))
    assert codes.shape == (2, length // config.stride)
    assert network.decode(codes).shape == (2, length, 263)


@pytest.mark.parametrize("norm", ["none", "LN", "GN", "BN"])
@pytest.mark.parametrize("activation", ["relu", "silu", "gelu"])
def test_norms_and_activations_train(norm, activation):
    network = VQVAE(small(norm=norm, activation=activation))
    reconstruction, quantized = network(torch.randn(2, 16, 263))
    (reconstruction.square().mean() + quantized.commitment).backward()
    assert all(p.grad is None or torch.isfinite(p.grad).all() for p in network.parameters())
    assert network.encoder.model[0].weight.grad.abs().sum() > 0


@pytest.mark.parametrize("kind", ["ema_reset", "ema", "reset", "orig"])
def test_quantizers_learn_four_clusters(kind):
    """Latents around four far points: trained codes must move onto them."""
    torch.manual_seed(0)
    points = torch.tensor([[5.0, 0], [-5.0, 0], [0, 5.0], [0, -5.0]])
    quantizer = Quantizer(kind, 16, 2, decay=0.8).train()
    optimizer = torch.optim.Adam(quantizer.parameters(), 0.1) if quantizer.learns_by_gradient else None
    for _ in range(150):
        latents = (points[torch.randint(4, (64,))] + 0.1 * torch.randn(64, 2)).T[None]
        quantized = quantizer(latents)
        if optimizer:
            optimizer.zero_grad()
            quantized.commitment.backward()
            optimizer.step()
    quantizer.eval()
    error = (quantizer.decode(quantizer.encode(points.T[None])) - points.T[None]).norm(dim=1).max()
    # Plain gradient starts all codes at the origin and may serve two points with one code; it must still come closer.
    assert error < (3.7 if kind == "orig" else 0.5)


def test_gradient_passes_straight_through():
    quantizer = Quantizer("ema_reset", 8, 4).eval()
    latents = torch.randn(1, 4, 6, requires_grad=True)
    weight = torch.randn(1, 4, 6)
    (quantizer(latents).latents * weight).sum().backward()
    torch.testing.assert_close(latents.grad, weight)


def test_kmeans_finds_the_clusters():
    torch.manual_seed(0)
    centres = torch.randn(8, 4) * 10
    latents = centres.repeat(50, 1) + 0.01 * torch.randn(400, 4)
    quantizer = Quantizer("ema_reset", 32, 4)
    quantizer.initialise_by_kmeans(latents, counts_per_batch=100)
    assert torch.cdist(centres, quantizer.codebook).min(1).values.max() < 0.05
    assert float(quantizer.code_count.sum()) == pytest.approx(100, rel=1e-3)


def test_reset_revives_unused_codes_from_all_of_the_batch():
    torch.manual_seed(0)
    quantizer = Quantizer("ema_reset", 64, 2, decay=0.5).train()
    latents = torch.cat([torch.zeros(2, 200), torch.full((2, 200), 9.0)], dim=1)[None]
    for _ in range(12):
        quantizer(latents)
    # Resetting from the first rows of a batch alone would never see the second half.
    assert (quantizer.codebook[:, 0] > 8).any()
    assert (quantizer.codebook[:, 0] < 1).any()


@pytest.mark.parametrize(("key", "value"), [("norm", "XX"), ("activation", "tanh"), ("quantizer", "lfq")])
def test_unknown_options_are_named(key, value):
    with pytest.raises(MotionGPTError, match=rf"{key} must be one of .* not '{value}'"):
        small(**{key: value})


@pytest.mark.parametrize("norm", ["none", "LN", "BN"])
@pytest.mark.parametrize("linear_skip", [False, True])
def test_rows_of_a_batch_are_decoded_as_alone(norm: str, linear_skip: bool) -> None:
    torch.manual_seed(3)
    config = VQVAEConfig(width=32, code_dim=16, num_codes=8, depth=2, norm=norm, linear_skip=linear_skip)
    network = VQVAE(config).eval()
    network.quantizer.codebook.normal_()
    codes = torch.randint(0, 8, (3, 9))
    lengths = torch.tensor([4, 9, 7])
    with torch.inference_mode():
        together = network.decode(codes, lengths)
        for row, stream, length in zip(together, codes, lengths.tolist(), strict=True):
            alone = network.decode(stream[None, :length])[0]
            torch.testing.assert_close(row[: 4 * length], alone, atol=1e-5, rtol=1e-5)
