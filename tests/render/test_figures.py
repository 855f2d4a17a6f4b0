"""Figures are closed bodies around the joints, on the floor."""

from __future__ import annotations

import numpy as np
import pytest

from motiongpt import MotionGPTError
from motiongpt.motion import KIT, Motion
from motiongpt.render.figures import BODIES, colours_of, make_figure


def volume(vertices: np.ndarray, faces: np.ndarray) -> float:
    a, b, c = vertices[faces].transpose(1, 0, 2)
    return float(np.einsum("ij,ij->", a, np.cross(b, c)) / 6)


@pytest.mark.parametrize(("body", "litres"), [("skeleton", (5, 25)), ("mannequin", (40, 110))])
def test_faces_look_outwards(walk, body, litres) -> None:
    figure = make_figure(walk, body)
    assert litres[0] < 1000 * volume(figure.vertices(40), figure.faces) < litres[1]


@pytest.mark.parametrize("body", BODIES)
def test_stands_on_the_floor_wherever_the_file_has_it(walk, body) -> None:
    for height in (0.0, 3.0):
        figure = make_figure(Motion(walk.joints + np.array([0, height, 0])), body)
        for frame in (0, 30, 79):
            assert 0 <= figure.vertices(frame)[:, 1].min() < 0.025
        assert 1.4 < figure.vertices(0)[:, 1].max() < 2.0


@pytest.mark.parametrize("body", BODIES)
def test_sides_lie_at_the_joints_of_their_side(walk, body) -> None:
    figure = make_figure(walk, body)
    vertices = figure.vertices(10)
    for side, joints in ((1, (18, 20, 4, 7)), (2, (19, 21, 5, 8))):
        mine = vertices[figure.sides == side]
        for joint in joints:
            assert np.linalg.norm(mine - walk.joints[10, joint], axis=1).min() < 0.12
        # The figure faces +Z: its left is towards +X.
        assert np.sign(np.median(mine[:, 0])) == (1 if side == 1 else -1)


@pytest.mark.parametrize("body", BODIES)
def test_chosen_frames_are_moved_as_told(walk, body) -> None:
    whole = make_figure(walk, body)
    frames, shifts = np.array([3, 70, 41]), np.float32([[0, 0, 0], [1, 0, -2], [0, 0, 0.5]])
    some = make_figure(walk, body, frames, shifts)
    for n, frame in enumerate(frames):
        np.testing.assert_allclose(some.vertices(n), whole.vertices(frame) + shifts[n], atol=1e-4)
        np.testing.assert_allclose(some.casters(n)[0], whole.casters(frame)[0] + shifts[n], atol=1e-4)


@pytest.mark.parametrize("body", BODIES)
def test_frames_come_in_any_order(walk, body) -> None:
    forwards, backwards = make_figure(walk, body), make_figure(walk, body)
    one = [forwards.vertices(n).copy() for n in range(0, 80, 13)]
    other = [backwards.vertices(n).copy() for n in range(78, -1, -13)]
    np.testing.assert_array_equal(one, other[::-1])


def test_colours_tell_sides_apart_also_in_one_hue(walk) -> None:
    figure = make_figure(walk, "mannequin")
    own, tinted = colours_of(figure), colours_of(figure, (0.6, 0.3, 0.3))
    left, right = figure.sides == 1, figure.sides == 2
    assert np.all(own[left, 2] > own[left, 0])
    assert np.all(own[right, 0] > own[right, 2])
    assert tinted[left].mean() > 1.1 * tinted[right].mean()
    assert np.all((tinted >= 0) & (tinted <= 1))


def test_kit_is_drawn_as_a_skeleton_only(walk) -> None:
    kit = Motion(np.random.default_rng(0).normal(size=(4, 21, 3)), 12.5, KIT, "clip")
    assert len(make_figure(kit, None).vertices(0)) == len(make_figure(kit, "skeleton").vertices(0))
    with pytest.raises(MotionGPTError, match=r"clip.*22 joints.*skeleton"):
        make_figure(kit, "mannequin")
    with pytest.raises(MotionGPTError, match="mannequin or skeleton"):
        make_figure(walk, "ghost")
