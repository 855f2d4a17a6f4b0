"""Fixtures for all rooms: a body that walks, a tiny model, the folder of real data where there is one."""

from __future__ import annotations

import shutil
import tarfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import settings

from motiongpt import threads
from motiongpt.data.layout import feature_statistics
from motiongpt.motion import HUMANML3D, KIT, Motion, Skeleton, rotations
from motiongpt.motion.kinematics import forward

# The same examples each time, so that what fails is what was changed; no time limit, as machines are slow and busy.
# New examples, and many: pytest --hypothesis-profile search
settings.register_profile("same", derandomize=True, deadline=None)
settings.register_profile("search", max_examples=2000, deadline=None)
settings.load_profile("same")

# One thread, so that additions happen in one order; test_threads and test_decode use several.
threads.limit(1)

CAPTIONS = [
    "a person walks forward",
    "a man walks forward and turns left",
    "someone jumps up with both legs",
    "a person raises both arms",
    "the person kicks with the right leg",
    "a woman sits down and stands up again",
]


@pytest.fixture(scope="session")
def golden_dir() -> Path:
    """Numbers of the original implementation for fixed inputs: see the README there."""
    return Path(__file__).parent / "golden"


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """The folder ``shared`` beside the repository, with real motion capture; skips without it."""
    folder = Path(__file__).resolve().parents[2] / "shared"
    if not folder.is_dir():
        pytest.skip("there is no folder shared/ beside the repository")
    return folder


@pytest.fixture(scope="session")
def trials(shared_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the first trials of the real archives: 01_01.bvh, HDM_bd.asf and one of its cuts."""
    folder = tmp_path_factory.mktemp("trials")
    for archive, wanted in (("cmu/trials.tar.xz", (".bvh",)), ("hdm05/cuts.tar.xz", (".asf", ".amc"))):
        path = shared_dir / "data" / archive
        if not path.is_file():
            pytest.skip(f"needs {archive} in the folder of shared data")
        found: set[str] = set()
        with tarfile.open(path, "r|xz") as tar:
            for member in tar:
                suffix = Path(member.name).suffix
                if suffix in wanted and suffix not in found:
                    content = tar.extractfile(member)
                    assert content is not None
                    (folder / Path(member.name).name).write_bytes(content.read())
                    found.add(suffix)
                if len(found) == len(wanted):
                    break
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


# Where the joints of a standing KIT body are, metres: middle, then one side. The data set's pipeline takes the joints
# that are called left for the right side, so they are on the side of -X when the body faces +Z.
_KIT_MIDDLE = {"root": (0, 0.93), "BP": (0, 0.98), "BT": (0, 1.2), "BLN": (0, 1.42), "BUN": (0, 1.5)}
_KIT_SIDE = {
    "S": (0.18, 1.4, 0.0), "E": (0.2, 1.12, 0.0), "W": (0.2, 0.88, 0.05), "H": (0.09, 0.9, 0.0), "K": (0.1, 0.5, 0.0),
    "A": (0.1, 0.09, -0.02), "Mrot": (0.1, 0.05, 0.06), "F": (0.1, 0.02, 0.14),
}  # fmt: skip


@pytest.fixture(scope="session")
def make_kit_walk() -> Callable[..., Motion]:
    """Factory of the same walk on the 21 joints of KIT-ML at 12.5 frames a second, a little different for each seed."""

    def make(frames: int = 40, speed: float = 1.2, seed: int = 0) -> Motion:
        rng = np.random.default_rng(seed)
        stand = np.zeros((KIT.num_joints, 3))
        for name, (x, y) in _KIT_MIDDLE.items():
            stand[KIT.index(name)] = x, y, 0
        for name, (x, y, z) in _KIT_SIDE.items():
            stand[KIT.index(f"L{name}")] = -x, y, z
            stand[KIT.index(f"R{name}")] = x, y, z
        stand *= rng.uniform(0.95, 1.05)
        offsets = stand - stand[list(KIT.parents)]
        time = np.arange(frames) / KIT.fps
        phase = 2 * np.pi * (0.9 * time + rng.random())
        quaternions = np.zeros((frames, KIT.num_joints, 4))
        quaternions[..., 0] = 1
        for side, sign in (("L", 1), ("R", -1)):
            quaternions[:, KIT.index(f"{side}H")] = rotations.about("X", -0.45 * sign * np.sin(phase))
            bend = 0.35 * (1 - np.cos(phase + (np.pi if sign > 0 else 0)))
            quaternions[:, KIT.index(f"{side}K")] = rotations.about("X", bend)
            quaternions[:, KIT.index(f"{side}S")] = rotations.about("X", 0.35 * sign * np.sin(phase))
        root = np.stack([np.zeros(frames), stand[0, 1] + 0.02 * np.cos(2 * phase), speed * time], axis=-1)
        joints = forward(offsets, KIT.parents, quaternions, root)
        joints[..., 1] -= joints[..., 1].min()
        return Motion(joints, fps=KIT.fps, skeleton=KIT, name="walk")

    return make


def _write_data_set(root: Path, skeleton: Skeleton, walks: Sequence[Motion]) -> Path:
    """Walks in the HumanML3D layout: most to train with, two to validate with, one to test."""
    for folder in ("new_joint_vecs", "texts"):
        (root / folder).mkdir(parents=True)
    lists: dict[str, list[str]] = {"train": [], "val": [], "test": []}
    for number, walk in enumerate(walks):
        name = f"{number:06d}"
        np.save(root / "new_joint_vecs" / f"{name}.npy", walk.features())
        pace = "slowly" if number < len(walks) / 2 else "quickly"
        (root / "texts" / f"{name}.txt").write_text(f"a person walks {pace}#a/DET person/NOUN#0.0#0.0\n")
        lists["train" if number < len(walks) - 3 else "val" if number < len(walks) - 1 else "test"].append(name)
    for split, ids in lists.items():
        (root / f"{split}.txt").write_text("".join(f"{i}\n" for i in ids))
    mean, std = feature_statistics([root / "new_joint_vecs" / f"{name}.npy" for name in lists["train"]], skeleton)
    np.save(root / "Mean.npy", mean)
    np.save(root / "Std.npy", np.maximum(std, 1e-3))
    return root


@pytest.fixture(scope="session")
def data_folder(tmp_path_factory: pytest.TempPathFactory, make_walk: Callable[..., Motion]) -> Path:
    """Ten walks in the HumanML3D layout."""
    walks = [make_walk(frames=40 + 9 * number, speed=0.6 + 0.1 * number) for number in range(10)]
    return _write_data_set(tmp_path_factory.mktemp("data"), HUMANML3D, walks)


@pytest.fixture(scope="session")
def kit_folder(tmp_path_factory: pytest.TempPathFactory, make_kit_walk: Callable[..., Motion]) -> Path:
    """Ten walks of KIT bodies in the HumanML3D layout, in KIT's unit."""
    walks = [make_kit_walk(frames=30 + 8 * number, speed=0.6 + 0.1 * number, seed=number) for number in range(10)]
    return _write_data_set(tmp_path_factory.mktemp("kit"), KIT, walks)


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

    from motiongpt.generation.motiongpt import MotionGPT
    from motiongpt.lm.model import LanguageConfig, MotionLanguageModel
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


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """A Chromium without a window, driven by playwright; skips where one of the two is missing."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("there is no Chromium on this machine")
    # No graphics card is needed: WebGL is computed. Sound and camera are made up.
    options = ["--no-sandbox", "--no-first-run", "--disable-background-networking", "--use-gl=angle"]
    options += ["--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
    options += ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=options)
        yield browser
        browser.close()
