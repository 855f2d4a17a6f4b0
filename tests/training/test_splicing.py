"""Spliced codes come from the tracks piece by piece, and the features beside them from the same places."""

import numpy as np
import pytest

from motiongpt.training.splicing import LONGEST, SHORTEST, Splicer, Track

STRIDE = 4


def tracks(count, codes, seed=0):
    """Tracks whose features tell track, frame, and code of the frame."""
    rng = np.random.default_rng(seed)
    made = []
    for number in range(count):
        row = rng.integers(codes, size=(int(rng.integers(3, 30)), 1))
        frames = np.arange(len(row) * STRIDE)
        columns = [np.full(len(frames), number), frames, row[frames // STRIDE, 0]]
        made.append(Track(np.stack(columns, axis=1).astype(np.float32), row))
    return made


def splicer(some):
    return Splicer(some, np.full(len(some), 1 / len(some)), STRIDE)


@pytest.mark.parametrize("count", [1, 2, 3, 8, 16])
def test_middles_of_pieces_are_frames_of_their_tracks(count):
    some = tracks(12, codes=6)
    source = splicer(some)
    rng = np.random.default_rng(1)
    for _ in range(20):
        row = source.row(rng, count)
        assert row.codes.shape == (count, 1)
        assert row.features.shape == (count * STRIDE, 3)
        number, frame, _ = row.features.T
        # Away from the joins, both numbers are whole and go on together.
        whole = (number == number.round()) & (frame == frame.round()) & (np.abs(np.gradient(frame, edge_order=1)) == 1)
        if count == 1:
            whole[:] = True
        assert whole.any()
        for at in np.flatnonzero(whole[1:-1]) + 1:
            track = some[int(number[at])]
            assert track.codes[int(frame[at]) // STRIDE] == row.codes[at // STRIDE]


def test_cross_fades_keep_what_both_pieces_have():
    same = [
        Track(np.full((len(track.features), 2), 3.0, dtype=np.float32), track.codes) for track in tracks(8, codes=5)
    ]
    rng = np.random.default_rng(2)
    for _ in range(20):
        np.testing.assert_allclose(splicer(same).row(rng, 16).features, 3.0, rtol=1e-6)


def test_most_joins_are_between_equal_codes():
    """With tracks that count their codes up, the code after a matched join is one more, as inside a track."""
    some = [Track(np.zeros((40 * STRIDE, 1), dtype=np.float32), np.arange(40)[:, None]) for _ in range(10)]
    rng = np.random.default_rng(3)
    steps = np.concatenate([np.diff(splicer(some).row(rng, 12).codes[:, 0]) for _ in range(200)])
    # Without matching, each join would be anywhere: at least one in LONGEST steps.
    assert 0.02 < (steps != 1).mean() < 0.75 / LONGEST


def test_short_tracks_are_enough():
    some = tracks(3, codes=2)
    short = [track.cut(0, SHORTEST) for track in some]
    assert splicer(short).row(np.random.default_rng(0), 9).codes.shape == (9, 1)
