"""The evaluator of Guo et al. (CVPR 2022) on plain texts and features: its networks, word vectors and statistics."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch

from motiongpt.data.texts import tokens
from motiongpt.errors import MotionGPTError
from motiongpt.evaluation.t2m_evaluator import STRIDE, Evaluator
from motiongpt.files import atomic_path
from motiongpt.motion.skeleton import SKELETONS, Skeleton
from motiongpt.weights_io import read_safetensors, save_weights

WORDS = "words"
"""Folder of the word vectors and statistics inside the folder of the networks."""
# Text to 20 words between the marks of start and end, as the published numbers have it.
_MOST_WORDS = 20
_BATCH = 32
_PARTS = ("VERB", "NOUN", "DET", "ADP", "NUM", "AUX", "PRON", "ADJ", "ADV")
# Words whose meaning for motion counts more than their part of speech.
_SPECIAL = (
    "left right clockwise counterclockwise anticlockwise forward back backward up down straight curve",
    "arm chin foot feet face hand mouth leg waist eye knee shoulder thigh",
    "stair dumbbell chair window floor car ball handrail baseball basketball",
    "walk run swing pick bring kick put squat throw hop dance jump turn stumble stop sit lift lower raise wash stand "
    "kneel stroll rub bend balance flap jog shuffle lean rotate spin spread climb",
    "slowly carefully fast careful slow quickly happy angry sad happily angrily sadly",
)
_NUMBERS = {part: number for number, part in enumerate(_PARTS)}
_SPECIAL_NUMBERS = {
    word: number for number, words in enumerate(_SPECIAL, start=len(_PARTS)) for word in words.split(" ")
}
_OTHER = len(_PARTS) + len(_SPECIAL)


class WordVectorEvaluator:
    """The published evaluator, as :class:`motiongpt.evaluation.embedding.MotionTextEvaluator`.

    Texts are read as lemmas with parts of speech (``walk/VERB``). For captions of a data set these stand in its token
    column; of other texts the words themselves are read, with the parts of speech that can be known without a tagger,
    which costs some precision.

    Args:
        network: the three networks.
        vectors: (V, 300) word vectors (GloVe).
        words: of the rows of ``vectors``; ``unk`` among them.
        mean, std: (D,) statistics that the networks were trained with.
        columns: token column of known captions.
    """

    def __init__(
        self,
        network: Evaluator,
        vectors: np.ndarray,
        words: Sequence[str],
        mean: np.ndarray,
        std: np.ndarray,
        columns: Mapping[str, str] | None = None,
    ) -> None:
        config = network.config
        if len(vectors) != len(words) or vectors.ndim != 2 or vectors.shape[1] != config.words or "unk" not in words:
            raise MotionGPTError(
                f"The evaluator needs word vectors ({len(words)} words, {config.words}), 'unk' among the words, but "
                f"they are {vectors.shape}."
            )
        skeleton = next((one for one in SKELETONS.values() if one.feature_dim == config.features), None)
        if skeleton is None or not (mean.shape == std.shape == (config.features,)):
            raise MotionGPTError(
                f"The evaluator reads {config.features} features, but its statistics are {mean.shape} and {std.shape}."
            )
        self.network = network.eval()
        self.vectors = vectors.astype(np.float32)
        self.words = list(words)
        self.mean, self.std = mean.astype(np.float32), std.astype(np.float32)
        self.columns = dict(columns or {})
        self.skeleton: Skeleton = skeleton
        self._rows = {word: row for row, word in enumerate(self.words)}

    @torch.inference_mode()
    def embed_motions(self, motions: Sequence[np.ndarray]) -> np.ndarray:
        """Un-normalised features, (T, D) each, T >= 4 -> (N, E).

        Raises:
            MotionGPTError: a motion has another width or fewer frames.
        """
        results = []
        for start in range(0, len(motions), _BATCH):
            some = motions[start : start + _BATCH]
            for motion in some:
                if motion.ndim != 2 or motion.shape[1] != len(self.mean) or len(motion) < STRIDE:
                    raise MotionGPTError(
                        f"The evaluator reads features (frames, {len(self.mean)}) of {STRIDE} frames or more, not "
                        f"{motion.shape}."
                    )
            lengths = torch.tensor([len(motion) for motion in some])
            batch = torch.zeros(len(some), int(lengths.max()), len(self.mean))
            for row, motion in zip(batch, some, strict=True):
                row[: len(motion)] = torch.as_tensor((motion - self.mean) / self.std)
            results.append(self.network.embed_motion(batch, lengths).numpy())
        return np.concatenate(results)

    @torch.inference_mode()
    def embed_texts(self, texts: Sequence[str]) -> np.ndarray:
        """Sentences -> (N, E)."""
        results = []
        for start in range(0, len(texts), _BATCH):
            read = [self.tokens_of(text) for text in texts[start : start + _BATCH]]
            lengths = torch.tensor([len(one) for one in read])
            shape = (len(read), int(lengths.max()))
            words, parts = torch.zeros(*shape, self.vectors.shape[1]), torch.zeros(*shape, _OTHER + 1)
            for row, one in enumerate(read):
                for place, token in enumerate(one):
                    word, _, part = token.partition("/")
                    known = word in self._rows
                    words[row, place] = torch.as_tensor(self.vectors[self._rows[word if known else "unk"]])
                    number = _SPECIAL_NUMBERS.get(word, _NUMBERS.get(part, _OTHER)) if known else _OTHER
                    parts[row, place, number] = 1
            results.append(self.network.embed_text(words, parts, lengths).numpy())
        return np.concatenate(results)

    def tokens_of(self, text: str) -> list[str]:
        """``word/POS`` of a text between the marks of start and end, at most 22."""
        found = (self.columns.get(text) or tokens(text)).split()
        return ["sos/OTHER", *found[:_MOST_WORDS], "eos/OTHER"]

    def save(self, folder: str | Path) -> None:
        """Write the networks, and beside them words, vectors and statistics."""
        folder = Path(folder)
        self.network.save(folder)
        tensors = {"vectors": self.vectors, "mean": self.mean, "std": self.std}
        save_weights(folder / WORDS, {name: torch.as_tensor(array) for name, array in tensors.items()})
        with atomic_path(folder / WORDS / "words.json") as temporary:
            temporary.write_text(json.dumps(self.words), encoding="utf-8")

    @classmethod
    def load(cls, folder: str | Path, columns: Mapping[str, str] | None = None) -> WordVectorEvaluator:
        """Rebuild from a folder written by :meth:`save`; strict.

        Args:
            columns: token column of known captions.

        Raises:
            MotionGPTError: anything is missing, damaged or does not fit.
        """
        folder = Path(folder)
        path = folder / WORDS / "words.json"
        if not path.is_file():
            raise MotionGPTError(
                f"{folder} has the networks of an evaluator, but not its word vectors and statistics: import it again "
                "with --words and --data."
            )
        try:
            words = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise MotionGPTError(f"{path} is damaged ({error}): import the evaluator again.") from error
        arrays = {name: value.numpy() for name, value in read_safetensors(folder / WORDS / "model.safetensors").items()}
        network = Evaluator.load(folder)
        return cls(network, arrays["vectors"], words, arrays["mean"], arrays["std"], columns)
