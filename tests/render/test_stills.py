"""Pictures show what the motion does."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from motiongpt import MotionGPTError
from motiongpt.motion import KIT, Motion
from motiongpt.render import render_frame, render_onion, render_sequence, render_strip, save_image
from motiongpt.render.film import Film
from motiongpt.render.limbs import Limbs, forward
from motiongpt.render.video import make_film

SIZE = (480, 270)
# Joint indices of elbows, wrists, knees and ankles.
LEFT_LIMBS, RIGHT_LIMBS = (18, 20, 4, 7), (19, 21, 5, 8)


def film_of(motion: Motion) -> Film:
    return make_film(motion, captions="", size=SIZE, fps=None, body="skeleton", trail=False, transparent=False)


def reds(picture: np.ndarray) -> np.ndarray:
    return picture[..., 0].astype(int) - picture[..., 2] > 50


def blues(picture: np.ndarray) -> np.ndarray:
    return picture[..., 2].astype(int) - picture[..., 0] > 50


def middle(mask: np.ndarray) -> np.ndarray:
    assert mask.sum() > 50
    return np.argwhere(mask).mean(0)[::-1]


def joint_pixels(motion: Motion, frame: int = 0) -> np.ndarray:
    panel = film_of(motion).panels[0]
    return np.rint(panel.camera.view.project(motion.joints[frame], panel.camera.positions[frame])).astype(int)


def test_limbs_are_drawn_where_the_joints_project_in_the_colour_of_their_side(figure) -> None:
    motion = figure()
    picture = render_frame(motion, 0, size=SIZE, body="skeleton")
    assert picture.shape == (270, 480, 3)
    assert picture.dtype == np.uint8
    pixels = joint_pixels(motion)
    for x, y in pixels[list(RIGHT_LIMBS)]:
        assert reds(picture)[y, x]
    for x, y in pixels[list(LEFT_LIMBS)]:
        assert blues(picture)[y, x]
    # Nothing red or blue is far from the joints of its side.
    for mask, side in ((reds(picture), RIGHT_LIMBS), (blues(picture), LEFT_LIMBS)):
        x0, y0 = pixels[[*side, 1, 2]].min(0) - 25
        x1, y1 = pixels[[*side, 16, 17]].max(0) + 25
        places = np.argwhere(mask)[:, ::-1]
        assert np.all((places >= (x0, y0)) & (places <= (x1, y1)))


def test_trunk_and_head_are_solid(figure) -> None:
    motion = figure()
    with_body = render_frame(motion, 0, size=SIZE, captions="").astype(int)
    empty = film_of(motion).panels[0]
    floor = empty._ground.draw(empty.camera.positions[0]).astype(int)
    for x, y in joint_pixels(motion)[[0, 3, 6, 9, 15]]:
        assert np.abs(with_body[y, x] - floor[y, x]).sum() > 8


def test_moving_to_the_right_of_the_picture_moves_the_body_there(figure) -> None:
    path = np.zeros((30, 3))
    path[:, 0] = np.linspace(0, 1.2, 30)  # short enough for a camera that stands still
    motion = figure(path)
    film = film_of(motion)
    direction = np.sign(film.panels[0].camera.view.rotation[0, 0])
    first, last = render_frame(motion, 0, size=SIZE), render_frame(motion, -1, size=SIZE)
    for mask in (reds, blues):
        assert (middle(mask(last)) - middle(mask(first)))[0] * direction > 40


def test_mirroring_swaps_the_colours(figure) -> None:
    joints = figure(np.zeros((20, 3))).joints.copy()
    joints[:, 20, 1] += np.linspace(0, 0.5, 20)  # the left hand rises, so the camera has a side to choose
    motion = Motion(joints)
    plain = render_frame(motion, 10, size=SIZE, captions="")
    mirrored = render_frame(motion.mirrored(), 10, size=SIZE, captions="")[:, ::-1]
    for one, other in ((reds, blues), (blues, reds)):
        a, b = one(plain), other(mirrored)
        assert (a & b).sum() > 0.9 * (a | b).sum()


def test_nearer_limb_hides_the_farther(figure) -> None:
    still = figure()
    towards_camera = -film_of(still).panels[0].camera.view.rotation[2]
    for wrist, elbow, mask in ((20, 18, blues), (21, 19, reds)):
        for distance in (0.3, -0.3):
            joints = still.joints.copy()
            joints[:, wrist] = joints[:, 9] + distance * towards_camera
            joints[:, elbow] = joints[:, wrist] + [0, -0.2, 0]
            motion = Motion(joints)
            x, y = joint_pixels(motion)[wrist]
            assert mask(render_frame(motion, 0, size=SIZE))[y, x] == (distance > 0)


def test_trail_and_caption_can_be_left_out(walk) -> None:
    def green(picture: np.ndarray) -> int:
        return int(((picture[..., 1].astype(int) - picture[..., 0] > 25) & ~blues(picture)).sum())

    def dark(picture: np.ndarray) -> int:
        return int((picture[-40:].max(axis=2) < 90).sum())

    full = render_frame(walk, 60, size=SIZE)
    assert green(full) > green(render_frame(walk, 60, size=SIZE, trail=False)) + 30
    assert dark(full) > dark(render_frame(walk, 60, size=SIZE, captions="")) + 30


@pytest.mark.parametrize(
    "text",
    [
        "",
        "word " * 2000,
        "a" * 10_000,
        "一个人向前走" * 40,
        "יש אדם שמח",
        "🙂🏃",
        "\ud800 broken",
        "two\nlines\x00\x1b",
    ],
)
def test_any_caption_is_drawn(figure, text) -> None:
    picture = render_frame(figure(), 0, size=(160, 96), captions=text)
    assert picture.shape == (96, 160, 3)


def test_single_frame_motion(figure) -> None:
    motion = figure(np.zeros((1, 3)))
    for picture in (render_frame(motion, 0, size=SIZE), render_sequence(motion, size=SIZE), render_strip(motion)):
        assert picture.dtype == np.uint8
        assert np.ptp(picture) > 100


def test_collapsed_and_flying_figures_do_not_fail(figure) -> None:
    motion = figure(np.zeros((4, 3)))
    headless = motion.joints.copy()
    headless[:, [12, 13, 14, 15, 16, 17]] = headless[:, [9]]
    for joints in (
        headless,
        motion.joints * 0,
        motion.joints * 1000,
        motion.joints + np.array([0, 5, 0]),
        motion.joints * [1, 0.01, 1],
    ):
        assert render_frame(Motion(joints), 1, size=(96, 64)).shape == (64, 96, 3)


def test_kit_figure_is_drawn_with_both_sides(figure) -> None:
    joints = figure().joints
    # The 21 KIT joints from their nearest namesakes; toes are made longer than the toe joint.
    order = [0, 3, 6, 12, 15, 16, 18, 20, 17, 19, 21, 1, 4, 7, 10, 10, 2, 5, 8, 11, 11]
    kit = joints[:, order].copy()
    kit[:, [15, 20], 2] += 0.06
    picture = render_frame(Motion(kit, fps=12.5, skeleton=KIT), 0, size=SIZE)
    ours = render_frame(figure(), 0, size=SIZE, body="skeleton")
    for mask in (reds, blues):
        assert np.linalg.norm(middle(mask(picture)) - middle(mask(ours))) < 10


def test_a_kit_figure_faces_where_its_toes_point(make_kit_walk: Callable[..., Motion]) -> None:
    """Whichever side the joints are on that KIT calls left: the data set's pipeline and their names disagree."""
    walk = make_kit_walk()
    named = Motion(walk.joints[:, KIT.mirror_order], walk.fps, KIT)
    for motion in (walk, named):
        limbs = Limbs.of(motion)
        np.testing.assert_allclose(forward(motion.joints, limbs).mean(0), [0, 0, 1], atol=1e-3)
        # A body that faces +Z has its left at +X.
        assert (motion.joints[:, limbs.legs[0][0], 0] > motion.joints[:, limbs.legs[1][0], 0]).all()
        assert (motion.joints[:, limbs.arms[0][0], 0] > motion.joints[:, limbs.arms[1][0], 0]).all()


def runs(columns: np.ndarray) -> int:
    """Number of unbroken runs of True."""
    return int((np.diff(columns.astype(int), prepend=0) == 1).sum())


def body_mask(picture: np.ndarray) -> np.ndarray:
    """Coloured pixels of tinted bodies; floor, shadow and text are grey."""
    return np.ptp(picture.astype(int), axis=2) > 45


def test_sequence_spreads_poses_of_a_motion_in_place(figure) -> None:
    joints = figure(np.zeros((40, 3))).joints.copy()
    joints[:, 18:22] = joints[:, [16, 17, 16, 17]] + [0, -0.26, 0]  # arms down, so that figures do not touch
    joints[:, 20:22, 1] -= 0.26
    picture = render_sequence(Motion(joints), 4, size=(640, 360), caption="")
    assert picture.shape == (360, 640, 3)
    assert runs(body_mask(picture).any(0)) == 4


def test_sequence_keeps_places_of_a_journey_and_colours_by_time(walk) -> None:
    picture = render_sequence(walk, 3, size=(640, 360))
    mask = body_mask(picture)
    # Pale comes first, deep comes last, on the two ends of the picture.
    brightness = np.where(mask, picture.max(axis=2).astype(float), np.nan)
    columns = np.flatnonzero(mask.any(0))
    width = np.ptp(columns) // 4
    ends = (
        np.nanmedian(brightness[:, columns[0] : columns[0] + width]),
        np.nanmedian(brightness[:, columns[-1] - width : columns[-1]]),
    )
    assert abs(ends[0] - ends[1]) > 60
    assert np.ptp(columns) > 0.5 * 640


def laid_over(picture: np.ndarray, background: int) -> np.ndarray:
    alpha = picture[..., 3:] / 255
    return picture[..., :3] * alpha + background * (1 - alpha)


@pytest.mark.parametrize("draw", [lambda m, **o: render_frame(m, 3, captions="", trail=False, **o), render_sequence])
def test_transparent_pictures_hold_the_figures_as_they_are(walk, draw) -> None:
    plain = draw(walk, size=SIZE).astype(float)
    clear = draw(walk, size=SIZE, transparent=True)
    assert clear.shape == (270, 480, 4)
    solid = clear[..., 3] == 255
    assert solid.sum() > 500
    assert np.abs(clear[solid][:, :3] - plain[solid]).max() <= 1
    # Nothing at the top: no sky. A shadow below: black that lets most of the light through.
    assert clear[:5].max() == 0
    shadow = (clear[..., 3] > 20) & (clear[..., 3] < 160) & (clear[..., :3].max(2) < 3)
    assert shadow.sum() > 100
    # Laid over the colour of the sky it looks much like the picture with a floor.
    assert np.abs(laid_over(clear, 240) - plain).mean() < 12


def test_motions_side_by_side_have_their_names(figure) -> None:
    three = [figure(name=name) for name in ("walk", "jump", "")]
    picture = render_frame(three, 0, size=(960, 270))
    dark = [(picture[:24, n * 320 + 4 : n * 320 + 70].max(2) < 160).sum() for n in range(3)]
    assert min(dark[:2]) > 10
    assert dark[2] == 0


def test_strip_has_one_figure_a_pose_at_one_scale(walk) -> None:
    picture = render_strip(walk, 5)
    assert picture.shape == (400, 1000, 3)
    heights = []
    for n in range(5):
        piece = picture[:, n * 200 + 40 : n * 200 + 160]
        rows = np.flatnonzero((reds(piece) | blues(piece)).any(1))
        assert len(rows) > 50
        heights.append((rows[0], rows[-1]))
    assert np.ptp(heights, axis=0).max() <= 2  # the figure only slides, so every piece looks alike


def test_strip_draws_a_short_motion_once_a_frame(figure) -> None:
    assert render_strip(figure(np.zeros((3, 3))), 8).shape == (400, 600, 3)


def test_save_image_round_trip(tmp_path, figure) -> None:
    picture = render_frame(figure(), 0, size=(160, 96))
    path = save_image(picture, tmp_path / "new" / "frame.png")
    assert np.array_equal(np.asarray(Image.open(path)), picture)


@pytest.mark.parametrize(
    ("call", "word"),
    [
        (lambda m, d: render_frame(m, 5), "no frame 5"),
        (lambda m, d: render_frame(m, -6), "no frame -6"),
        (lambda m, d: render_frame(m, 0, size=(10, 10)), "64 to 8192"),
        (lambda m, d: render_frame(m, 0, size="big"), "(width, height)"),
        (lambda m, d: render_sequence(m, 0), "between 1 and"),
        (lambda m, d: render_strip(m, 1000), "between 1 and"),
        (lambda m, d: save_image(np.zeros((4, 4, 3), np.uint8), d / "a.jpg"), ".png"),
        (lambda m, d: save_image(np.zeros((4, 4)), d / "a.png"), "uint8"),
    ],
)
def test_bad_input_is_one_sentence(figure, tmp_path, call, word) -> None:
    with pytest.raises(MotionGPTError) as caught:
        call(figure(), tmp_path)
    assert word in str(caught.value)
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_an_onion_skin_keeps_poses_where_they_were(walk) -> None:
    """The last pose is opaque, those before it shine through, and the more the earlier they are."""
    picture = render_onion(walk, 4, size=(640, 360), caption="").astype(int)
    alone = render_onion(walk[-1:], 1, size=(640, 360), caption="").astype(int)
    assert picture.shape == (360, 640, 3)

    reddest = (picture[..., 0] - picture[..., 2]).max(axis=0)
    shown = np.flatnonzero(reddest > 8)
    ends = [reddest[shown[:30]].max(), reddest[shown[-30:]].max()]
    # One end of the path has the faint first pose, the other the last one in full colour.
    assert max(ends) > 2 * min(ends)
    assert max(ends) == pytest.approx((alone[..., 0] - alone[..., 2]).max(), abs=25)


def test_ghosts_of_a_frame_are_fainter_than_the_body(walk) -> None:
    plain = render_frame(walk, 60, size=(320, 180)).astype(int)
    ghosts = render_frame(walk, 60, size=(320, 180), onion=True).astype(int)
    assert (np.abs(plain - ghosts).max(axis=-1) > 12).sum() > 100
    first = [render_frame(walk, 0, size=(320, 180), onion=onion) for onion in (False, True)]
    np.testing.assert_array_equal(*first)
