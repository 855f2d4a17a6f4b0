"""Text-to-motion retrieval: find the motion files that match a sentence best."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import numpy as np
from tqdm import tqdm

from motiongpt.errors import MotionGPTError
from motiongpt.formats import READERS, read
from motiongpt.lm.model import MotionLanguageModel
from motiongpt.lm.sentence_encoder import SentenceEncoder
from motiongpt.retrieval.matcher import Matcher
from motiongpt.text.captions import normalise_caption

# Seconds. Longer motions are split into parts that overlap by half, because evaluators are trained on this length.
PART_SECONDS = 10.0


@dataclass(frozen=True)
class Match:
    """A part of a motion file that matches a sentence.

    Attributes:
        path: the file.
        start, end: of the part, in seconds.
        score: cosine similarity of the part and the sentence, at most 1.
    """

    path: Path
    start: float
    end: float
    score: float


def embedded_folder() -> Path:
    """The folder of the evaluator that comes with the package."""
    return Path(str(resources.files("motiongpt"))) / "weights" / "evaluator"


def embedded_evaluator() -> Matcher:
    """The evaluator that comes with the package; it shares the sentence encoder of the embedded model."""
    folder = embedded_folder()
    encoder = MotionLanguageModel.load(folder.parent / "language").text_encoder
    return Matcher.load(folder, None if encoder is None else SentenceEncoder.of(encoder))


def motion_files(folder: str | Path) -> list[Path]:
    """All motion files of a folder and its subfolders, sorted; their suffixes are those of the readable formats.

    Raises:
        MotionGPTError: there is no such folder, or no motion file in it.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise MotionGPTError(f"{folder} is not a folder: give one with motion files ({', '.join(READERS)}).")
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in READERS and path.is_file())
    if not files:
        raise MotionGPTError(f"There is no motion file ({', '.join(READERS)}) in {folder}.")
    return files


class MotionIndex:
    """The embeddings of motion files, to search them with sentences.

    Attributes:
        problems: one sentence for each file that could not be read.
        vectors: (parts, embedding) float32 unit vectors.
    """

    def __init__(self, matcher: Matcher, files: Iterable[Path]) -> None:
        self.matcher = matcher
        self.problems: list[str] = []
        self._parts: list[tuple[Path, float, float]] = []
        vectors = []
        for path in tqdm(list(files), desc="motions", unit="file", disable=None):
            try:
                motion = read(path).standard()
                features = motion.features()
            except MotionGPTError as error:
                self.problems.append(str(error))
                continue
            if motion.skeleton.name != matcher.skeleton.name or len(features) == 0:
                self.problems.append(
                    f"{path} must have the skeleton {matcher.skeleton.name} and at least two frames; skipped."
                )
                continue
            size = round(PART_SECONDS * motion.fps)
            starts = range(0, max(len(features) - size // 2, 1), size // 2)
            parts = [features[start : start + size] for start in starts]
            vectors.append(matcher.embed_motions(parts))
            self._parts += [
                (path, start / motion.fps, (start + len(part)) / motion.fps)
                for start, part in zip(starts, parts, strict=True)
            ]
        width = matcher.config.embedding
        self.vectors = np.concatenate(vectors) if vectors else np.empty((0, width), dtype=np.float32)

    def __len__(self) -> int:
        """Number of files in the index."""
        return len({path for path, _, _ in self._parts})

    def search(self, sentence: str, count: int = 10) -> Sequence[Match]:
        """The files that match a sentence best, best first; each file counts with its best part.

        Raises:
            MotionGPTError: the sentence is empty.
        """
        scores = self.vectors @ self.matcher.embed_texts([normalise_caption(sentence)])[0]
        matches: dict[Path, Match] = {}
        for number in np.argsort(-scores, kind="stable"):
            path, start, end = self._parts[number]
            matches.setdefault(path, Match(path, start, end, float(scores[number])))
        return list(matches.values())[:count]
