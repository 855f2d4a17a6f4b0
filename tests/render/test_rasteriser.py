"""The mesh rasteriser against geometry that is known in closed form."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from motiongpt.render import arrays, kernels, loops
from motiongpt.render.camera import View, make_view
from motiongpt.render.rasteriser import draw_meshes, vertex_normals
from motiongpt.render.shading import lit

WHITE = (1.0, 1.0, 1.0)
SIZE = (160, 120)


@pytest.fixture
def view() -> View:
    """Looks along -Z from +Z, level."""
    return make_view(SIZE, 0.0, 0.0, 0, 0)


CAMERA = np.array([0, 0, 4], dtype=np.float32)


def ball(centre: tuple[float, float, float], radius: float, colour=WHITE, steps: int = 40):
    """A sphere (vertices, faces, colours) of latitudes and longitudes."""
    latitude, longitude = np.meshgrid(
        np.linspace(-np.pi / 2, np.pi / 2, steps), np.linspace(0, 2 * np.pi, 2 * steps), indexing="ij"
    )
    across = np.cos(latitude)
    points = np.stack([across * np.sin(longitude), np.sin(latitude), across * np.cos(longitude)], -1).reshape(-1, 3)
    corners = np.arange(points.shape[0]).reshape(latitude.shape)
    a, b, c, d = corners[:-1, :-1].ravel(), corners[:-1, 1:].ravel(), corners[1:, 1:].ravel(), corners[1:, :-1].ravel()
    faces = np.concatenate([np.stack([a, b, c], 1), np.stack([a, c, d], 1)]).astype(np.int32)
    return points * radius + centre, faces, np.tile(np.float32(colour), (len(points), 1))


def drawn(view: View, meshes: list, channels: int = 3) -> np.ndarray:
    picture = np.zeros((SIZE[1], SIZE[0], channels), dtype=np.uint8)
    draw_meshes(picture, view, CAMERA, meshes)
    return picture


def test_a_ball_is_the_disc_that_perspective_makes_of_it(view) -> None:
    alpha = drawn(view, [ball((0, 0, 0), 0.5)], 4)[..., 3] / 255
    radius = view.focal * 0.5 / np.sqrt(CAMERA[2] ** 2 - 0.5**2)
    assert alpha.sum() == pytest.approx(np.pi * radius**2, rel=0.01)
    y, x = np.mgrid[: SIZE[1], : SIZE[0]]
    away = np.hypot(x - view.centre[0], y - view.centre[1])
    assert np.all(alpha[away < radius - 1.5] == 1)
    assert np.all(alpha[away > radius + 1.5] == 0)
    # The edge is smooth: there are pixels that are covered in part.
    assert len(np.unique(alpha)) == 5


def test_no_cracks_between_triangles(view) -> None:
    vertices, faces, colours = ball((0.013, 0.007, 0), 0.7, steps=90)
    alpha = drawn(view, [(vertices, faces, colours)], 4)[..., 3]
    rows = np.flatnonzero(alpha.max(1) == 255)
    for row in rows[2:-2]:
        columns = np.flatnonzero(alpha[row])
        inside = alpha[row, columns[0] + 3 : columns[-1] - 2]
        assert np.all(inside == 255)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_the_nearer_mesh_hides_the_farther_whatever_the_order(view, order) -> None:
    meshes = [ball((0, 0, 1), 0.2, (1, 0, 0)), ball((0, 0, -1), 0.8, (0, 0, 1))]
    picture = drawn(view, [meshes[n] for n in order]).astype(int)
    middle = picture[SIZE[1] // 2, SIZE[0] // 2]
    assert middle[0] > middle[2] + 50
    beside = picture[SIZE[1] // 2, SIZE[0] // 2 + 18]
    assert beside[2] > beside[0] + 50


def test_balls_that_cross_meet_where_their_spheres_do(view) -> None:
    picture = drawn(view, [ball((-0.2, 0, 0), 0.4, (1, 0, 0)), ball((0.2, 0, 0), 0.4, (0, 0, 1))]).astype(int)
    row = picture[round(view.centre[1])]
    middle = view.centre[0]
    assert np.all(row[int(middle) - 20 : int(middle) - 1, 0] > row[int(middle) - 20 : int(middle) - 1, 2])
    assert np.all(row[int(middle) + 2 : int(middle) + 20, 2] > row[int(middle) + 2 : int(middle) + 20, 0])


def test_light_comes_from_above_and_sides_are_those_of_the_world(view) -> None:
    picture = drawn(view, [ball((0, 0, 0), 0.6, (0.6, 0.6, 0.6))]).astype(int).sum(2)
    x, y = round(view.centre[0]), round(view.centre[1])
    reach = round(view.focal * 0.4 / CAMERA[2])
    assert picture[y - reach, x] > picture[y + reach, x] + 60
    assert picture[y, x - reach] > picture[y, x + reach] + 20  # the lamp stands at the left


def test_faces_that_look_away_are_not_drawn(view) -> None:
    vertices, faces, colours = ball((0, 0, 0), 0.5)
    inside_out = drawn(view, [(vertices, faces[:, ::-1], colours)])
    outside = drawn(view, [(vertices, faces, colours)])
    # Of a ball that is turned inside out, the far half is seen, lit from within.
    assert (inside_out.max(2) > 0).sum() == pytest.approx((outside.max(2) > 0).sum(), rel=0.05)
    assert not np.array_equal(inside_out, outside)
    one = np.array([[-0.5, 0, 0], [0.5, 0, 0], [0, 0.5, 0]], dtype=np.float32)
    assert drawn(view, [(one, np.int32([[0, 1, 2]]), colours[:3])]).any()
    assert not drawn(view, [(one, np.int32([[0, 2, 1]]), colours[:3])]).any()


def test_a_triangle_covers_its_area(view) -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        corners = rng.uniform(-0.7, 0.7, (3, 3)) * [1, 1, 0]
        area = np.cross(corners[1] - corners[0], corners[2] - corners[0])[2]
        face = np.int32([[0, 1, 2]] if area > 0 else [[0, 2, 1]])
        alpha = drawn(view, [(corners.astype(np.float32), face, np.ones((3, 3)))], 4)[..., 3] / 255
        expected = abs(area) / 2 * (view.focal / CAMERA[2]) ** 2
        assert alpha.sum() == pytest.approx(expected, rel=0.03, abs=3)


def test_what_is_behind_the_lens_or_beside_the_picture_is_left_out(view) -> None:
    for centre in ((0, 0, 6), (40, 0, 0), (0, -40, 0), (0, 0, 4)):
        picture = drawn(view, [ball(centre, 0.5)])
        assert not picture.any(), centre
    # Partly beside it: no error, and its part is there.
    assert drawn(view, [ball((1.2, 0, 0), 0.6)])[:, -1].any()


def test_a_surface_is_brightest_towards_the_light_and_dark_at_its_rim() -> None:
    key, lens = np.float32([0, 0.6, 0.8]), np.float32([0, 0, 1])
    half = (key + lens) / np.linalg.norm(key + lens)
    lights = np.stack([key, half, lens])
    light, shine = lit(*np.float32([key, lens, [1, 0, 0], [0, -1, 0]]).T, lights)
    # Sky 0.56 and 0.14 from above, 0.52 of the key light, which wraps around; 0.38 less where the surface turns away.
    facing = np.array([0.8, 1, 0, 0])
    wrapped = np.maximum(0.62 * np.array([1, 0.8, 0, -0.6]) + 0.38, 0)
    expected = (0.56 + 0.14 * np.array([0.6, 0, 0, -1]) + 0.52 * wrapped) * (1 - 0.38 * (1 - facing) ** 4)
    np.testing.assert_allclose(light, expected, rtol=1e-5)
    np.testing.assert_allclose(shine, 0.13 * np.array([half @ key, half[2], 0, 0]) ** 24, rtol=1e-4)


@pytest.mark.parametrize("module", [arrays, loops])
def test_a_vertex_normal_is_the_mean_of_its_faces_by_area(monkeypatch, module) -> None:
    monkeypatch.setattr(kernels, "_chosen", module)
    # The corner of a box whose floor is twice as large as its walls, and a vertex that no face has.
    vertices = np.float32([[0, 0, 0], [2, 0, 0], [0, 1, 0], [0, 0, 2], [5, 5, 5]])
    faces = np.int32([[0, 1, 2], [0, 3, 1], [0, 2, 3]])
    normals = vertex_normals(vertices, faces)
    assert normals.dtype == np.float32
    np.testing.assert_allclose(normals[0], np.array([2, 4, 2]) / np.sqrt(24), atol=1e-6)
    np.testing.assert_allclose(normals[1], np.array([0, 4, 2]) / np.sqrt(20), atol=1e-6)
    assert not normals[4].any()


@pytest.mark.parametrize("channels", [3, 4])
def test_numpy_and_compiled_loops_draw_the_same_picture(view, channels, monkeypatch) -> None:
    rng = np.random.default_rng(1)
    meshes = [ball((-0.3, 0, 0.1), 0.6, (0.9, 0.3, 0.2)), ball((0.3, 0.1, 0), 0.5, (0.2, 0.4, 0.9))]
    # Slivers and large triangles, some of them behind the lens, some far out of the picture.
    corners = rng.normal(0, 1.5, (300, 3, 3)) * [1, 1, 3]
    corners[:100, 2] = corners[:100, 1] + rng.normal(0, 0.01, (100, 3))
    triangles = corners.reshape(-1, 3).astype(np.float32)
    meshes.append((triangles, np.arange(900, dtype=np.int32).reshape(-1, 3), rng.uniform(0, 1, (900, 3))))
    # The same triangles once more: of equally near ones the first is seen.
    meshes.append((triangles, meshes[-1][1], rng.uniform(0, 1, (900, 3))))
    before = rng.integers(0, 255, (SIZE[1], SIZE[0], channels), dtype=np.uint8)
    pictures = []
    for module in (arrays, loops):
        monkeypatch.setattr(kernels, "_chosen", module)
        picture = before.copy()
        draw_meshes(picture, view, CAMERA, meshes)
        assert (picture != before).any(2).mean() > 0.5
        pictures.append(picture)
    assert np.array_equal(*pictures)


def test_numpy_works_through_a_large_picture_in_chunks(view, monkeypatch) -> None:
    monkeypatch.setattr(kernels, "_chosen", arrays)
    meshes = [ball((0, 0, 0), 0.6)]
    whole = drawn(view, meshes)
    monkeypatch.setattr(arrays, "_CHUNK", 100)
    assert np.array_equal(drawn(view, meshes), whole)


def test_few_figures_do_not_wait_for_a_compilation() -> None:
    program = (
        "import sys, numpy as np\n"
        "from motiongpt.motion import HUMANML3D, Motion\n"
        "from motiongpt.render import render_frame, render_strip, kernels\n"
        "motion = Motion(np.cumsum(np.full((9, 22, 3), 0.1), axis=0) + np.random.default_rng(0).normal(size=(22, 3)))\n"
        "render_frame(motion, 0, size=(96, 96)), render_strip(motion, 8)\n"
        "assert 'numba' not in sys.modules\n"
        "kernels.announce(100)\n"
        "assert 'numba' in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_works_where_nothing_can_be_kept(monkeypatch) -> None:
    numba_njit = loops.njit

    def njit(cache: bool = False, **options):
        if cache:
            raise RuntimeError("cannot cache function: no locator available")
        return numba_njit(**options)

    monkeypatch.setattr(loops, "njit", njit)
    assert loops._compiled(lambda x: x + 1)(2) == 3
