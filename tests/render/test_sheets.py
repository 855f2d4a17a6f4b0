"""Contact sheets and the chart of usage."""

from __future__ import annotations

import numpy as np
import pytest

from motiongpt.render import render_sheet, render_usage
from motiongpt.render.sheets import TILE


def coloured(picture: np.ndarray) -> np.ndarray:
    return np.ptp(picture.astype(int), axis=2) > 45


@pytest.mark.parametrize("body", ["mannequin", "skeleton"])
def test_every_motion_has_its_tile(walk, body) -> None:
    motions = [walk[n : n + 4] for n in range(0, 50, 10)]
    sheet = render_sheet(iter(motions), [str(n) for n in range(5)], columns=3, body=body)
    width, height = TILE
    assert sheet.shape == (2 * height, 3 * width, 3)
    for n in range(6):
        tile = sheet[n // 3 * height :, n % 3 * width :][:height, :width]
        figure = coloured(tile)
        assert figure.any() == (n < 5)
        if n < 5:
            # Centred, wherever on its way the motion begins, and standing in the lower part.
            rows, columns = np.nonzero(figure)
            assert abs(columns.mean() - width / 2) < 12
            assert rows.max() > 0.7 * height


def test_both_poses_of_a_moving_figure_are_seen(walk) -> None:
    moving = render_sheet([walk[::8][:2]], ["a"])
    still = render_sheet([walk[:1]], ["a"])
    pale = (moving[..., 0] > 200) & coloured(moving)
    assert pale.sum() > 100
    assert ((still[..., 0] > 200) & coloured(still)).sum() < 0.3 * pale.sum()


def test_usage_bars_are_sorted_and_as_high_as_their_share() -> None:
    counts = np.array([0, 10, 40, 20, 0])
    picture = render_usage(counts)
    blue = picture[..., 2].astype(int) - picture[..., 0] > 100
    heights = [blue[:, round(70 + (1256 - 70) * (n + 0.5) / 5)].sum() for n in range(5)]
    assert heights[0] > 300
    np.testing.assert_allclose(np.array(heights[:3]) / heights[0], [1, 0.5, 0.25], atol=0.02)
    assert heights[3:] == [0, 0]


def test_usage_of_nothing() -> None:
    assert render_usage(np.zeros(7, dtype=int)).shape == (480, 1280, 3)
