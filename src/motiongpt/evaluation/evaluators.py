"""Evaluators: networks that embed motions and texts in one space, where a motion is near its text."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import torch

from motiongpt.data.layout import SPLITS, TEXTS, read_ids
from motiongpt.data.texts import token_columns, tokens
from motiongpt.errors import MotionGPTError
from motiongpt.evaluation import t2m_evaluator
from motiongpt.evaluation.t2m_evaluator import STRIDE, Evaluator
from motiongpt.files import atomic_path
from motiongpt.motion.skeleton import SKELETONS, Skeleton
from motiongpt.retrieval import matcher
from motiongpt.retrieval.matcher import Matcher
from motiongpt.retrieval.search import embedded_evaluator, embedded_folder
from motiongpt.weights_io import kind_of, read_safetensors, save_weights

EMBEDDED = "embedded"
"""Name of the evaluator that comes with the package."""
WORDS = "words"
"""Folder of the word vectors and statistics inside the folder of the networks."""
# Texts are cut to 20 words between the marks of start and end, as in the published numbers.
_MAX_WORDS = 20
_BATCH = 32
_PARTS_OF_SPEECH = ("VERB", "NOUN", "DET", "ADP", "NUM", "AUX", "PRON", "ADJ", "ADV")
# Words whose meaning for motion counts more than their part of speech, one class per line.
_WORD_CLASSES = (
    "left right clockwise counterclockwise anticlockwise forward back backward up down straight curve",
    "arm chin foot feet face hand mouth leg waist eye knee shoulder thigh",
    "stair dumbbell chair window floor car ball handrail baseball basketball",
    "walk run swing pick bring kick put squat throw hop dance jump turn stumble stop sit lift lower raise wash stand "
    "kneel stroll rub bend balance flap jog shuffle lean rotate spin spread climb",
    "slowly carefully fast careful slow quickly happy angry sad happily angrily sadly",
)
_PART_NUMBERS = {part: number for number, part in enumerate(_PARTS_OF_SPEECH)}
_WORD_NUMBERS = {
    word: number for number, words in enumerate(_WORD_CLASSES, start=len(_PARTS_OF_SPEECH)) for word in words.split(" ")
}
_OTHER = len(_PARTS_OF_SPEECH) + len(_WORD_CLASSES)


class MotionTextEvaluator(Protocol):
    """Interface that the metrics require of an evaluator.

    Distances are Euclidean; between vectors of unit length they order like cosines.

    Attributes:
        skeleton: of the motions it reads.
    """

    skeleton: Skeleton

    def embed_motions(self, motions: Sequence[np.ndarray]) -> np.ndarray:
        """Un-normalised features, (T, D) each and of any lengths -> (N, E). No motion depends on another."""
        ...

    def embed_texts(self, texts: Sequence[str]) -> np.ndarray:
        """Sentences -> (N, E)."""
        ...


class WordVectorEvaluator:
    """The published evaluator, as a :class:`MotionTextEvaluator`.

    It reads texts as lemmas with parts of speech (``walk/VERB``). Captions of a data set have these in their token
    column. Other texts have no tags: their words get the parts of speech that need no tagger, which costs some
    precision.

    Args:
        network: the three networks.
        vectors: (V, 300) word vectors (GloVe).
        words: the words of the rows of ``vectors``, with ``unk`` among them.
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
                f"The evaluator needs word vectors ({len(words)} words, {config.words}) with a row for 'unk', but they "
                f"are {vectors.shape}: import the evaluator again with --words."
            )
        skeleton = next((one for one in SKELETONS.values() if one.feature_dim == config.features), None)
        if skeleton is None or not (mean.shape == std.shape == (config.features,)):
            raise MotionGPTError(
                f"The evaluator reads {config.features} features, but its statistics are {mean.shape} and {std.shape}: "
                "import it again with --mean and --std."
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
            MotionGPTError: a motion has the wrong width or fewer than 4 frames.
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
            batch = [self.tokens_of(text) for text in texts[start : start + _BATCH]]
            lengths = torch.tensor([len(tagged) for tagged in batch])
            shape = (len(batch), int(lengths.max()))
            words, parts = torch.zeros(*shape, self.vectors.shape[1]), torch.zeros(*shape, _OTHER + 1)
            for row, tagged in enumerate(batch):
                for place, token in enumerate(tagged):
                    word, _, part = token.partition("/")
                    known = word in self._rows
                    words[row, place] = torch.as_tensor(self.vectors[self._rows[word if known else "unk"]])
                    number = _WORD_NUMBERS.get(word, _PART_NUMBERS.get(part, _OTHER)) if known else _OTHER
                    parts[row, place, number] = 1
            results.append(self.network.embed_text(words, parts, lengths).numpy())
        return np.concatenate(results)

    def tokens_of(self, text: str) -> list[str]:
        """Tokens ``word/POS`` of a text between the marks of start and end, at most 22."""
        found = (self.columns.get(text) or tokens(text)).split()
        return ["sos/OTHER", *found[:_MAX_WORDS], "eos/OTHER"]

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
            MotionGPTError: a file is missing or damaged, or does not fit the others.
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


def load_evaluator(folder: str | Path, data: str | Path | None = None) -> MotionTextEvaluator:
    """Load the evaluator of a folder: one of ``motiongpt train evaluator``, or the original's, imported.

    Args:
        folder: its folder, or :data:`EMBEDDED` for the evaluator of the package.
        data: data set from whose token column the original's evaluator reads captions.

    Raises:
        MotionGPTError: the folder holds no evaluator, or a damaged one.
    """
    if str(folder) == EMBEDDED:
        return embedded_evaluator()
    folder = Path(folder)
    kind = kind_of(folder)
    if kind == matcher.KIND:
        return Matcher.load(folder)
    if kind == t2m_evaluator.KIND:
        return WordVectorEvaluator.load(folder, {} if data is None else _token_columns(Path(data)))
    raise MotionGPTError(
        f"{folder} holds a {kind!r}, but an evaluator is needed here: {matcher.KIND!r} or {t2m_evaluator.KIND!r}."
    )


def evaluator_hash(folder: str | Path) -> str:
    """Short hash of the names and contents of all files of an evaluator's folder, or of :data:`EMBEDDED`."""
    folder = embedded_folder() if str(folder) == EMBEDDED else Path(folder)
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            digest.update(path.relative_to(folder).as_posix().encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _token_columns(root: Path) -> dict[str, str]:
    columns: dict[str, str] = {}
    for split in SPLITS:
        if (root / f"{split}.txt").is_file():
            for name in read_ids(root, split):
                path = root / TEXTS / f"{name}.txt"
                columns |= token_columns(path) if path.is_file() else {}
    return columns
