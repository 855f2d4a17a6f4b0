"""Fixtures for all rooms: a body that walks, a tiny model, the folder of real data where there is one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from motiongpt.motion import HUMANML3D, Motion, rotations
from motiongpt.motion.kinematics import forward

CAPTIONS = [
    "a person walks forward",
    "a man walks forward and turns left",
    "someone jumps up with both legs",
    "a person raises both arms",
    "the person kicks with the right leg",
    "a woman sits down and stands up again",
]


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """The folder ``shared`` beside the repository, with real motion capture and golden files; skips without it."""
    folder = Path(__file__).resolve().parents[2] / "shared"
    if not folder.is_dir():
        pytest.skip("there is no folder shared/ beside the repository")
    return folder


@pytest.fixture(scope="session")
def make_walk() -> Callable[..., Motion]:
    """Factory of a body that walks along +Z: legs and arms swing, the root bobs, the feet stay above the floor."""

    def make(frames: int = 60, speed: float = 1.2, fps: float = 20.0, name: str = "walk") -> Motion:
        time = np.arange(frames) / fps
        phase = 2 * np.pi * 0.9 * time
        quaternions = np.zeros((frames, HUMANML3D.num_joints, 4))
        quaternions[..., 0] = 1

        def swing(joint: str, angle: np.ndarray) -> None:
            quaternions[:, HUMANML3D.index(joint)] = rotations.about("X", angle)

        for side, sign in (("left", 1), ("right", -1)):
            swing(f"{side}_hip", -0.45 * sign * np.sin(phase))
            swing(f"{side}_knee", 0.35 * (1 - np.cos(phase + (np.pi if sign > 0 else 0))))
            swing(f"{side}_shoulder", 0.35 * sign * np.sin(phase))
            swing(f"{side}_elbow", np.full(frames, -0.3))
        root = np.stack([np.zeros(frames), 0.9 + 0.02 * np.cos(2 * phase), speed * time], axis=-1)
        joints = forward(HUMANML3D.offsets, HUMANML3D.parents, quaternions, root)
        joints[..., 1] -= joints[..., 1].min()
        return Motion(joints, fps=fps, name=name, text="a person walks forward")

    return make


@pytest.fixture
def walk(make_walk: Callable[..., Motion]) -> Motion:
    """Three seconds of it at 20 frames a second."""
    return make_walk()


@pytest.fixture
def standing() -> np.ndarray:
    """(60, 22, 3): three seconds of standing at the origin, facing +Z, arms hanging, soles on the floor."""
    quaternions = np.zeros((60, HUMANML3D.num_joints, 4))
    quaternions[..., 0] = 1
    joints = forward(HUMANML3D.offsets, HUMANML3D.parents, quaternions, np.zeros((60, 3)))
    joints[..., 1] -= joints[..., 1].min()
    return joints


@pytest.fixture(scope="session")
def bert_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A BERT as on the hub, with random weights: whole words, letters, pieces that no ASCII text needs."""
    import json
    import string

    import torch
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers
    from transformers import BertConfig, BertModel

    signs = [sign for sign in string.printable if not sign.isspace() and not sign.isupper()]
    pieces = ["[PAD]", "[unused0]", "é", "[UNK]", "[CLS]", "[SEP]", "[unused1]", "[MASK]", "歩", "##й", *signs]
    pieces += [f"##{sign}" for sign in signs if sign.isalnum()]
    pieces += ["person", "walk", "##s", "wave", "forward", "##ing", "right", "hand", "naïve", "jump"]
    numbers = {piece: number for number, piece in enumerate(dict.fromkeys(pieces))}
    tokenizer = Tokenizer(models.WordPiece(numbers, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.add_special_tokens(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"])
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.enable_truncation(8)
    tokenizer.enable_padding(length=8)
    folder = tmp_path_factory.mktemp("bert")
    tokenizer.save(str(folder / "tokenizer.json"))
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(numbers),
        hidden_size=24,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=40,
        max_position_embeddings=300,
        initializer_range=0.5,
    )
    BertModel(config).save_pretrained(folder)
    assert json.loads((folder / "config.json").read_text())["model_type"] == "bert"
    return folder


@pytest.fixture(scope="session")
def tiny_model_folder(tmp_path_factory: pytest.TempPathFactory, make_walk: Callable[..., Motion]) -> Path:
    """A model folder that loads and answers at once; its weights are random, so its answers mean nothing."""
    import torch

    from motiongpt.language.model import LanguageConfig, MotionLanguageModel
    from motiongpt.model import MotionGPT
    from motiongpt.tokenizer import MotionTokenizer, VQVAEConfig

    features = make_walk().features()
    torch.manual_seed(0)
    # Its statistics are those of a walk: what it decodes is a body, somewhere near the floor.
    network = VQVAEConfig(width=32, code_dim=32, depth=1)
    tokenizer = MotionTokenizer(network, features.mean(0), np.full(features.shape[1], 0.05), HUMANML3D)
    # Untrained codes lie so close together that all motions would look alike.
    tokenizer.vqvae.quantizer.codebook.normal_(std=0.3)
    # As far apart as those of a trained codebook: other codes are another motion.
    torch.nn.init.normal_(tokenizer.vqvae.quantizer.codebook)
    config = LanguageConfig(d_model=32, d_kv=16, d_ff=64, heads=2, layers=1, decoder_layers=1, text_vocabulary=600)
    language = MotionLanguageModel.create(config, texts=CAPTIONS)
    folder = tmp_path_factory.mktemp("model")
    MotionGPT(tokenizer.eval(), language.eval()).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def reserved_words() -> list[str]:
    """Words that no made-up training sentence may have, so that a sentence with one asks for what was never said."""
    words = (
        "saunter amble trudge mosey scamper bolt scurry swivel whirl hurl lob boot vault plop squash sling recline "
        "sprawl backpedal retreat prance gallop frozen rooted hoist thrust jab totter zip"
    )
    return words.split(" ")
