"""The camera keeps the figure in the picture, sees its front and moves without jerks."""

from __future__ import annotations

import numpy as np
import pytest

from motiongpt.motion import Motion
from motiongpt.render.camera import choose_azimuth, make_view, place_camera

FREE = (10.0, 40.0)


def camera_of(motion: Motion, size: tuple[int, int] = (320, 180)):
    view = make_view(size, choose_azimuth(motion), float(np.radians(13)), *FREE)
    return view, place_camera(motion, view, FREE)


@pytest.mark.parametrize("size", [(320, 180), (120, 240)])
@pytest.mark.parametrize("metres", [0.0, 1.5, 12.0])
@pytest.mark.parametrize("heading", [0.0, 2.0, 4.0])
def test_every_joint_stays_in_the_picture(figure, size, metres, heading) -> None:
    along = np.linspace(0, metres, 60)[:, None] * [np.sin(heading), 0, np.cos(heading)]
    along[:, 1] = 0.5 * np.abs(np.sin(np.linspace(0, 9, 60)))
    motion = figure(along)
    view, camera = camera_of(motion, size)
    pixels = np.concatenate([view.project(j, p) for j, p in zip(motion.joints, camera.positions, strict=True)])
    assert pixels[:, 0].min() >= 0
    assert pixels[:, 0].max() <= size[0] - 1
    assert pixels[:, 1].min() >= FREE[0]
    assert pixels[:, 1].max() <= size[1] - FREE[1]
    # and is not lost in it: the figure takes a good part of the free height or width somewhere
    assert np.ptp(pixels[:, 1]) > 0.4 * (size[1] - sum(FREE)) or np.ptp(pixels[:, 0]) > 0.6 * size[0]


def test_projection_is_the_pinhole_formula(figure) -> None:
    view, camera = camera_of(figure())
    back = -view.rotation[2]
    target = camera.positions[0] - back * camera.distance
    np.testing.assert_allclose(view.project(target, camera.positions[0]), view.centre, atol=1e-2)
    right = view.rotation[0]
    moved = view.project(target + 0.5 * right, camera.positions[0])
    assert moved[0] - view.centre[0] == pytest.approx(view.focal * 0.5 / camera.distance, rel=1e-4)
    higher = view.project(target + np.array([0, 0.5, 0]), camera.positions[0])
    assert higher[1] < view.centre[1]


@pytest.mark.parametrize("turn", [0.0, 1.0, 2.5, 4.0])
def test_sees_the_front_at_frame_0(figure, turn) -> None:
    motion = figure()
    rotation = np.array([[np.cos(turn), 0, np.sin(turn)], [0, 1, 0], [-np.sin(turn), 0, np.cos(turn)]])
    turned = Motion(motion.joints @ rotation.T)
    azimuth = choose_azimuth(turned)
    facing = rotation @ [0, 0, 1]
    assert facing @ [np.sin(azimuth), 0, np.cos(azimuth)] > 0.6


def test_busy_arm_is_on_the_near_side(figure) -> None:
    still = figure(np.zeros((40, 3)))
    for wrist, sign in ((20, 1), (21, -1)):
        joints = still.joints.copy()
        joints[:, wrist, 1] += np.sin(np.linspace(0, 20, 40)) * 0.2
        azimuth = choose_azimuth(Motion(joints))
        assert np.sign(np.sin(azimuth)) == sign  # the left side is towards +X


def test_stands_still_for_a_short_journey_and_follows_a_long_one_smoothly(figure) -> None:
    short = np.zeros((40, 3))
    short[:, 0] = np.linspace(0, 1, 40)
    _, camera = camera_of(figure(short))
    assert np.all(camera.positions == camera.positions[0])
    # A sudden start and stop: the figure's speed jumps by 0.1 m a frame, the camera's may not.
    long = np.zeros((100, 3))
    long[:, 2] = np.clip(np.arange(100) - 30, 0, 40) * 0.1
    _, camera = camera_of(figure(long))
    speed = np.diff(camera.positions, axis=0)
    assert np.linalg.norm(speed, axis=1).max() > 0.05
    assert np.linalg.norm(np.diff(speed, axis=0), axis=1).max() < 0.01
    assert np.ptp(camera.positions[:, 1]) == 0


@pytest.mark.parametrize("metres_a_second", [1.0, 3.0, 6.0])
def test_the_body_stays_large_however_fast_it_goes(figure, metres_a_second) -> None:
    """It starts, runs and stops: a camera that lags behind would have to stand far away."""
    time = np.arange(100) / 20
    path = np.zeros((100, 3))
    path[:, 2] = metres_a_second * np.clip(time - 1.5, 0, 2)
    motion = figure(path)
    view, camera = camera_of(motion, (640, 360))
    feet_to_head = [
        np.ptp(view.project(joints, place)[:, 1]) / 360
        for joints, place in zip(motion.joints, camera.positions, strict=True)
    ]
    # Head and soles, which are no joints, add a tenth.
    assert min(feet_to_head) > 0.45


def test_the_whole_path_can_be_seen_from_one_place(figure) -> None:
    path = np.zeros((60, 3))
    path[:, 2] = np.linspace(0, 8, 60)
    motion = figure(path)
    view = make_view((320, 180), choose_azimuth(motion), float(np.radians(13)), *FREE)
    camera = place_camera(motion, view, FREE, follow=False)
    assert np.all(camera.positions == camera.positions[0])
    pixels = view.project(motion.joints, camera.positions[0])
    assert pixels[..., 0].min() >= 0
    assert pixels[..., 0].max() <= 319
