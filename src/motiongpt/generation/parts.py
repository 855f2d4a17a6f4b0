"""What a model is made of: its parts, how they are loaded, saved and moved to a device."""

from __future__ import annotations

import hashlib
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from torch import nn

from motiongpt import threads
from motiongpt.errors import MotionGPTError, require
from motiongpt.generation.options import GenerationDefaults
from motiongpt.generation.prototypes import Prototypes
from motiongpt.generation.refiner import Refiner
from motiongpt.lm.model import STORAGE, MotionLanguageModel
from motiongpt.lm.sentence_encoder import SentenceEncoder
from motiongpt.retrieval.library import Library
from motiongpt.retrieval.matcher import Matcher
from motiongpt.tokenizer import MotionTokenizer
from motiongpt.weights_io import load_config, save_config, to_device

if TYPE_CHECKING:
    from typing_extensions import Self

KIND = "motiongpt"
MATCHER = "matcher"
REFINER = "refiner"
LIBRARY = "library"


class ModelParts:
    """A motion tokenizer and a language model that share one vocabulary, and what may stand beside them.

    Args:
        tokenizer: motion <-> codes.
        language: words and codes.
        defaults: options of generation.
        matcher: ranks candidates and captions.
        refiner: adds details to what is decoded from coarse codes.
        library: recordings that compete with what is written.

    Raises:
        MotionGPTError: the parts belong to different models.
    """

    def __init__(
        self,
        tokenizer: MotionTokenizer,
        language: MotionLanguageModel,
        defaults: GenerationDefaults | None = None,
        matcher: Matcher | None = None,
        refiner: Refiner | None = None,
        library: Library | None = None,
    ) -> None:
        if tokenizer.num_codes != language.tokenizer.num_codes:
            raise MotionGPTError(
                f"The motion tokenizer has {tokenizer.num_codes} codes, but the language model "
                f"{language.tokenizer.num_codes}: take the two of one model."
            )
        if matcher is not None and matcher.skeleton.name != tokenizer.skeleton.name:
            raise MotionGPTError(
                f"The matcher is for skeleton {matcher.skeleton.name}, but the motion tokenizer for "
                f"{tokenizer.skeleton.name}: take the two of one model."
            )
        self.tokenizer = tokenizer
        self.language = language
        self.matcher = matcher
        self.refiner = refiner
        self.library = library
        self.defaults = defaults or GenerationDefaults()
        self._prototypes = None if matcher is None else Prototypes(matcher.sentence_encoder)

    @classmethod
    def from_pretrained(cls, source: str | Path | None = None, device: str = "cpu") -> Self:
        """Load a model.

        PyTorch then runs each operation of small networks on one thread, which is faster, see
        :mod:`motiongpt.threads`.

        Args:
            source: a model folder, an id on the Hugging Face hub, or None for the model that comes with the package.
            device: where it runs, such as ``"cpu"``, ``"cuda"`` or ``"mps"``.

        Raises:
            MotionGPTError: there is no such model or device, or a file is missing, damaged or of another version.
        """
        folder = _model_folder(source)
        config = load_config(folder, KIND)
        defaults = GenerationDefaults.from_config(config.get("defaults", {}), str(folder / "config.json"))
        tokenizer = MotionTokenizer.load(folder / "tokenizer")
        language = MotionLanguageModel.load(folder / "language")
        sentence_encoder = None if language.text_encoder is None else SentenceEncoder.of(language.text_encoder)
        matcher = Matcher.load(folder / MATCHER, sentence_encoder) if (folder / MATCHER).is_dir() else None
        refiner = Refiner.load(folder / REFINER, tokenizer, sentence_encoder) if (folder / REFINER).is_dir() else None
        library = Library.load(folder / LIBRARY) if (folder / LIBRARY).is_dir() else None
        model = cls(tokenizer, language, defaults, matcher, refiner, library).to(device)
        threads.choose_for(sum(weight.numel() for weight in language.parameters()))
        return model

    def save_pretrained(self, folder: str | Path, *, dtype: str = "float16") -> None:
        """Write a model folder that :meth:`from_pretrained` reads.

        Args:
            folder: made where missing.
            dtype: of the stored weights: ``"float16"``, ``"bfloat16"``, ``"float32"`` to keep them as they are, or
                ``"int8"``: large matrices in eight bits with a scale per row, the rest as float16.
        """
        folder = Path(folder)
        self.language.save(folder / "language", dtype=dtype)
        self.tokenizer.save(folder / "tokenizer", dtype=STORAGE[dtype])
        encoder = self.language.text_encoder
        for name, part in ((MATCHER, self.matcher), (REFINER, self.refiner)):
            if part is not None:
                shared = encoder is not None and part.sentence_encoder.equals(encoder)
                part.save(folder / name, dtype=STORAGE[dtype], shared_encoder=shared)
        if self.library is not None:
            self.library.save(folder / LIBRARY)
        save_config(folder, KIND, {"defaults": self.defaults.as_dict()})

    def to(self, device: str) -> Self:
        """Move to a device and return self."""
        for module in self._modules():
            to_device(module, device)
        return self

    def fingerprint(self) -> str:
        """Short hash of all weights and generation defaults: identifies the model that produced a result."""
        digest = hashlib.sha256(repr(self.defaults).encode())
        if self.library is not None:
            digest.update(self.library.fingerprint())
        for module in self._modules():
            for name, tensor in sorted(module.state_dict().items()):
                digest.update(name.encode())
                digest.update(tensor.detach().cpu().numpy().tobytes())
        return digest.hexdigest()[:16]

    def _modules(self) -> list[nn.Module]:
        parts = (self.tokenizer, self.language, self.matcher, self.refiner)
        return [part for part in parts if part is not None]


def _model_folder(source: str | Path | None) -> Path:
    if source is None:
        return Path(str(resources.files("motiongpt"))) / "weights"
    folder = Path(source)
    if folder.is_dir():
        return folder
    if folder.exists() or isinstance(source, Path) or str(source).count("/") != 1 or str(source).startswith((".", "~")):
        raise MotionGPTError(
            f"There is no model folder {source}: expected a folder with config.json, tokenizer/ and language/."
        )
    hub = require("huggingface_hub", "hub")
    try:
        return Path(hub.snapshot_download(str(source), allow_patterns=["**/*.json", "*.json", "**/*.safetensors"]))
    except Exception as error:  # the hub library has no common base class for what can go wrong
        raise MotionGPTError(
            f"There is no model folder {source}, and the hub does not give a model of that name "
            f"({type(error).__name__})."
        ) from error
