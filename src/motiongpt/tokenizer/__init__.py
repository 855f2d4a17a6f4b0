"""Motion <-> discrete codes: the VQ-VAE, its quantizers, and the tokenizer around them."""

from motiongpt.tokenizer.tokenizer import MotionTokenizer
from motiongpt.tokenizer.vqvae import VQVAE, VQVAEConfig

__all__ = ["VQVAE", "MotionTokenizer", "VQVAEConfig"]
