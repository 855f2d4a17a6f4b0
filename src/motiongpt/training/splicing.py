"""Sequences of codes that no recording has, with the motion that they should decode to.

A language model writes codes that follow each other well and do not belong to one recording. A decoder that has seen
recordings alone takes the codes around a latent for more than they say. Spliced recordings look like what is written: a
piece of one recording goes on as another one does after the same code.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

# Latents of a piece, at least and at most. Two cross-fades must fit into the shortest.
SHORTEST, LONGEST = 2, 7
# Share of the joins at which both recordings have the same code; the others join whatever is drawn.
MATCHED = 0.75


@dataclass(frozen=True)
class Track:
    """Features (n * stride, D) of a recording and the coarse codes (n, levels) of its latents."""

    features: np.ndarray
    codes: np.ndarray

    def cut(self, start: int, count: int) -> Track:
        """``count`` latents from the latent ``start`` on."""
        stride = len(self.features) // len(self.codes)
        return Track(self.features[start * stride :][: count * stride], self.codes[start : start + count])


@dataclass(frozen=True)
class Piece:
    """``count`` latents of the track of a number, from the latent ``start`` on."""

    track: int
    start: int
    count: int


class Splicer:
    """Draws pieces of tracks in a row.

    Args:
        tracks: at least one, each of :data:`SHORTEST` latents or more.
        shares: probability (N,) of each track to be drawn where codes need not match.
        stride: frames of a latent.
    """

    def __init__(self, tracks: Sequence[Track], shares: np.ndarray, stride: int) -> None:
        self.tracks = tracks
        self.stride = stride
        self._cumulative = np.cumsum(shares)
        # Of several levels, the first says the most.
        codes = np.concatenate([track.codes[:, 0] for track in tracks])
        owners = np.repeat(np.arange(len(tracks)), [len(track.codes) for track in tracks])
        places = np.concatenate([np.arange(len(track.codes)) for track in tracks])
        # Places after which at least one piece of the shortest length follows.
        inner = places + SHORTEST < np.array([len(track.codes) for track in tracks])[owners]
        codes, owners, places = codes[inner], owners[inner], places[inner]
        order = np.argsort(codes, kind="stable")
        self._codes, self._owners, self._places = codes[order], owners[order], places[order]

    def row(self, rng: np.random.Generator, count: int) -> Track:
        """A spliced track of ``count`` latents."""
        return self.joined(self.pieces(rng, count))

    def pieces(self, rng: np.random.Generator, count: int) -> list[Piece]:
        """Pieces of ``count`` latents in all."""
        pieces: list[Piece] = []
        number, start = self._anywhere(rng)
        done = 0
        while done < count:
            codes = self.tracks[number].codes
            length = min(int(rng.integers(SHORTEST, LONGEST + 1)), len(codes) - start, count - done)
            pieces.append(Piece(number, start, length))
            done += length
            number, start = self._next(rng, int(codes[start + length - 1, 0]))
        return pieces

    def joined(self, pieces: Sequence[Piece]) -> Track:
        """The track of pieces in a row."""
        codes = [self.tracks[piece.track].codes[piece.start :][: piece.count] for piece in pieces]
        return Track(self._faded(pieces), np.concatenate(codes))

    def _anywhere(self, rng: np.random.Generator) -> tuple[int, int]:
        """A track and a place in it."""
        drawn = int(np.searchsorted(self._cumulative, rng.random() * self._cumulative[-1]))
        number = min(drawn, len(self.tracks) - 1)
        return number, int(rng.integers(len(self.tracks[number].codes) - SHORTEST + 1))

    def _next(self, rng: np.random.Generator, code: int) -> tuple[int, int]:
        """A track and a place in it to go on after a code."""
        first, last = np.searchsorted(self._codes, [code, code + 1])
        if last == first or rng.random() >= MATCHED:
            return self._anywhere(rng)
        chosen = int(rng.integers(first, last))
        return int(self._owners[chosen]), int(self._places[chosen]) + 1

    def _faded(self, pieces: Sequence[Piece]) -> np.ndarray:
        """Features (T, D) of pieces in a row: at each join, what follows the one fades into what precedes the other."""
        stride = self.stride
        total = sum(piece.count for piece in pieces) * stride
        result = np.zeros((total, self.tracks[0].features.shape[1]), dtype=np.float32)
        ramp = (np.arange(2 * stride, dtype=np.float32) + 0.5) / (2 * stride)
        ramp = ramp * ramp * (3 - 2 * ramp)
        at = 0
        for number, piece in enumerate(pieces):
            before = stride if number else 0
            after = stride if number < len(pieces) - 1 else 0
            frames = np.arange(piece.start * stride - before, (piece.start + piece.count) * stride + after)
            # Beyond its ends a recording holds still.
            features = self.tracks[piece.track].features
            rows = features[frames.clip(0, len(features) - 1)]
            weights = np.ones(len(rows), dtype=np.float32)
            if before:
                weights[: 2 * stride] = ramp
            if after:
                weights[-2 * stride :] = ramp[::-1]
            result[at - before :][: len(rows)] += rows * weights[:, None]
            at += piece.count * stride
        return result
