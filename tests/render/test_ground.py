"""Floor, shadow and trail lie where they should in the world."""

from __future__ import annotations

import numpy as np
import pytest

from motiongpt.motion import Motion
from motiongpt.render import arrays, loops
from motiongpt.render.camera import choose_azimuth, make_view, place_camera
from motiongpt.render.figures import make_figure
from motiongpt.render.ground import Ground


def ground_of(motion: Motion):
    view = make_view((480, 270), choose_azimuth(motion), float(np.radians(13)), 10, 10)
    camera = place_camera(motion, view, (10, 10))
    return view, camera, Ground(camera)


def brightness(picture: np.ndarray, pixel: np.ndarray) -> float:
    x, y = np.rint(pixel).astype(int)
    return float(picture[y - 1 : y + 2, x - 1 : x + 2].mean())


def floor_points(view, position, points: list[tuple[float, float]]) -> np.ndarray:
    return view.project(np.array([[x, 0, z] for x, z in points]), position)


def test_tiles_are_half_a_metre_and_stay_on_the_floor_when_the_camera_moves(figure) -> None:
    view, camera, ground = ground_of(figure())
    for move in ([0, 0, 0], [0.17, 0, -0.31]):
        position = camera.positions[0] + np.array(move, dtype=np.float32)
        picture = ground.draw(position)
        tiles = [brightness(picture, p) for p in floor_points(view, position, [(0.25, 0.25), (-0.25, -0.25)])]
        others = [brightness(picture, p) for p in floor_points(view, position, [(0.25, -0.25), (-0.25, 0.25)])]
        assert abs(tiles[0] - tiles[1]) < 3
        assert abs(np.mean(tiles) - np.mean(others)) > 6


def test_floor_repeats_after_two_tiles_only(figure) -> None:
    _, camera, ground = ground_of(figure())
    position = camera.positions[0]
    here = ground.draw(position).astype(int)
    assert np.abs(ground.draw(position + np.array([1, 0, 2], dtype=np.float32)) - here).max() <= 1
    assert np.abs(ground.draw(position + np.array([0.5, 0, 0], dtype=np.float32)) - here).max() > 6


def test_floor_fades_into_the_sky(figure) -> None:
    _, camera, ground = ground_of(figure())
    picture = ground.draw(camera.positions[0]).astype(int)
    assert np.ptp(picture[0], axis=0).max() == 0  # plain sky
    rows = np.abs(np.diff(picture.sum(2), axis=1)).max(axis=1)  # contrast along each row
    top = np.flatnonzero(rows)[0]
    assert rows[top] < 0.4 * rows.max()


@pytest.mark.parametrize("place", [(0.0, 0.0), (0.8, -0.5)])
def test_shadow_lies_under_the_feet(figure, place) -> None:
    motion = figure(np.tile([place[0], 0.0, place[1]], (3, 1)))
    view, camera, ground = ground_of(motion)
    position = camera.positions[0]
    before = ground.draw(position)
    after = before.copy()
    ground.draw_shadow(after, position, [(make_figure(motion, "skeleton"), 0)])
    darker = before.astype(int).sum(2) - after.astype(int).sum(2)
    assert darker.min() >= 0
    for foot in (10, 11):
        x, _, z = motion.joints[0, foot]
        px, py = np.rint(floor_points(view, position, [(x, z)])[0]).astype(int)
        assert darker[py, px] > 0.3 * darker.max()
    aside = view.rotation[0, [0, 2]] * 1.3
    far = floor_points(view, position, [tuple(place + aside), tuple(place - aside)])
    for x, y in np.rint(far).astype(int):
        assert darker[y, x] < 0.05 * darker.max()


def test_shadow_is_fainter_when_the_body_is_in_the_air(figure) -> None:
    motion = figure(np.array([[0, 0, 0], [0, 0.6, 0]]))
    _, camera, ground = ground_of(motion)
    depths = []
    for frame in range(2):
        before = ground.draw(camera.positions[0])
        after = before.copy()
        ground.draw_shadow(after, camera.positions[0], [(make_figure(motion, "skeleton"), frame)])
        depths.append((before.astype(int) - after).max())
    assert 0 < depths[1] < 0.85 * depths[0]


def test_trail_follows_the_path(figure) -> None:
    path = np.stack([np.linspace(-0.6, 0.6, 30), np.zeros(30), 0.3 * np.sin(np.linspace(0, 3, 30))], axis=1)
    motion = figure(path)
    view, camera, ground = ground_of(motion)
    position = camera.positions[0]
    before = ground.draw(position)
    after = before.copy()
    ground.draw_trail(after, position, motion.joints[:, 0])
    green = after[..., 1].astype(int) - after[..., 0]
    # Tip to tip the ribbon covers its path, and nothing else changes.
    for x, y in np.rint(floor_points(view, position, [tuple(p) for p in motion.joints[3:-3, 0, ::2]])).astype(int):
        assert green[y - 1 : y + 2, x - 1 : x + 2].max() > 25
    changed = np.argwhere((before != after).any(2))[:, ::-1]
    line = floor_points(view, position, [tuple(p) for p in motion.joints[:, 0, ::2]])
    assert np.linalg.norm(changed[:, None] - line[None], axis=2).min(1).max() < 12


def test_no_trail_without_travel(figure) -> None:
    motion = figure()
    _, camera, ground = ground_of(motion)
    before = ground.draw(camera.positions[0])
    after = before.copy()
    ground.draw_trail(after, camera.positions[0], motion.joints[:, 0])
    assert np.array_equal(before, after)


@pytest.mark.parametrize("channels", [3, 4])
def test_numpy_and_compiled_loops_draw_the_same_floor(figure, channels) -> None:
    rng = np.random.default_rng(0)
    plain = rng.integers(100, 150, (40, 70, 3), dtype=np.uint8)
    phases, sharpness = (rng.uniform(0, 5, (2, 40, 70)).astype(np.float32) for _ in range(2))
    strength = rng.uniform(0, 90, (40, 70)).astype(np.float32)
    mask = rng.integers(0, 256, (40, 70), dtype=np.uint8)
    ink = rng.integers(0, 256, 4, dtype=np.uint8)
    floors, covered = [], []
    for module in (arrays, loops):
        floors.append(plain.copy())
        module.checker(floors[-1], phases, sharpness, strength, np.float32(0.3), np.float32(0.8))
        covered.append(np.repeat(plain, 2, axis=2)[..., :channels])
        module.lay_over(covered[-1], mask, ink)
    assert np.ptp(floors[0].astype(int) - plain) > 100
    assert np.array_equal(*floors)
    assert np.array_equal(*covered)
    expected = plain[..., 0] + (ink[0] - plain[..., 0].astype(float)) * mask / 255
    assert np.array_equal(covered[0][..., 0], np.rint(expected))
