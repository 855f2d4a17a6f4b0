"""The page of one file in a real browser, opened from the disk."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from motiongpt.bodies import Mannequin, fit_pose
from motiongpt.errors import MotionGPTError
from motiongpt.motion import Motion
from motiongpt.viewer import clip_data, render_page, save_page

from .conftest import Open, Opened


def picture(page: Any) -> np.ndarray:
    """(H, W, 3) pixels of the stage."""
    # Of the page, cut: a picture of an element waits for two frames in a row, which are long in coming without a GPU.
    shot = page.screenshot(clip=page.locator(".player-stage").bounding_box())
    return np.asarray(Image.open(io.BytesIO(shot)).convert("RGB")).astype(int)


@pytest.fixture
def still(held: Opened) -> Opened:
    """The page, held at its start; one for all tests, as it was when it was opened."""
    held.run(
        """(() => {
          player.pause();
          const settings = { speed: 1, loop: true, follow: true, body: "mannequin", layout: "side" };
          for (const [name, value] of Object.entries(settings)) player.set(name, value);
          player.setClips(JSON.parse(document.getElementById("motions").textContent).clips);
          document.activeElement.blur();
        })()"""
    )
    return held


def test_it_plays_by_itself_and_asks_for_nothing(open_page: Open, page_file: Path) -> None:
    opened = open_page(page_file.as_uri())
    before, time = picture(opened.page), opened.run("player.time")
    opened.page.wait_for_function(f"Math.abs(player.time - {time}) > 0.3")
    after = picture(opened.page)
    assert len(np.unique(before.reshape(-1, 3), axis=0)) > 500, "the stage is blank"
    assert (np.abs(before - after).max(-1) > 30).mean() > 0.005, "nothing moved"
    assert opened.errors == []
    assert opened.requests == [page_file.as_uri()]


def test_less_motion_is_respected(still: Opened) -> None:
    assert still.run("[player.playing, player.time]") == [False, 0]


def test_text_stays_text(still: Opened) -> None:
    assert still.page.locator("b").count() == 0
    assert still.page.locator(".player-label").first.text_content() == "</script><b>walk</b>"
    assert "</script><b>walk</b>" in still.page.title()


def test_scrubbing_shows_another_pose(still: Opened) -> None:
    before = picture(still.page)
    still.page.locator(".player-scrub").fill("1.5")
    assert still.run("player.time") == pytest.approx(1.5)
    still.page.wait_for_timeout(300)
    assert (np.abs(before - picture(still.page)).max(-1) > 30).any()
    assert still.page.locator(".player-clock").text_content() == "1.50 / 3.00 s"
    assert "token 7" in still.page.locator(".player-scrub").get_attribute("aria-valuetext")


def test_keys(still: Opened) -> None:
    for key, time in (("ArrowRight", 0.05), ("ArrowRight", 0.1), ("ArrowLeft", 0.05), ("Shift+ArrowRight", 0.55)):
        still.page.keyboard.press(key)
        assert still.run("player.time") == pytest.approx(time)
    still.page.keyboard.press("End")
    assert still.run("player.time") == pytest.approx(3)
    still.page.keyboard.press("Home")
    still.page.keyboard.press("l")
    still.page.keyboard.press("f")
    still.page.keyboard.press("2")
    assert still.run("[player.time, player.get('loop'), player.get('follow'), player.selected]") == [0, False, False, 1]
    still.page.keyboard.press("Space")
    assert still.run("player.playing") is True
    assert still.page.get_by_role("button", name="Pause").is_visible()


def test_time_passes_at_the_chosen_speed(still: Opened) -> None:
    still.page.get_by_label("Speed").select_option("0.25")
    # Frames of the browser may be late; what counts is how much of the passed time is taken.
    passed = still.run(
        """new Promise((done) => {
          player.play();
          const start = performance.now();
          const look = () => player.time > 0.1
            ? done([player.time, (performance.now() - start) / 1000])
            : setTimeout(look, 50);
          look();
        })"""
    )
    assert 0 < passed[0] <= 0.25 * (passed[1] + 0.25)


@pytest.mark.parametrize("loop", [True, False])
def test_the_end(still: Opened, loop: bool) -> None:
    still.run(f"(player.set('loop', {str(loop).lower()}), player.time = 2.9, player.play())")
    if loop:
        still.page.wait_for_function("player.playing && player.time < 1")
    else:
        still.page.wait_for_function("!player.playing && player.time === 3")


def test_given_frames_are_marked(still: Opened) -> None:
    note = still.page.locator(".player-note")
    assert note.text_content() == "given"
    still.run("player.time = 1.2")
    assert note.text_content() == "made by the model"
    still.page.keyboard.press("2")
    assert not note.is_visible()


def test_side_by_side_overlaid_and_as_skeletons(still: Opened) -> None:
    seen = [picture(still.page)]
    for name in ("Overlay", "Skeleton"):
        still.page.get_by_role("button", name=name).click()
        still.page.wait_for_timeout(400)
        seen.append(picture(still.page))
    assert (np.abs(seen[0] - seen[1]).max(-1) > 30).mean() > 0.01
    assert (np.abs(seen[1] - seen[2]).max(-1) > 30).mean() > 0.005
    assert still.errors == []


def test_every_control_has_a_name(still: Opened) -> None:
    nameless = still.run(
        """[...document.querySelectorAll("button, input, select, [role=img]")].filter((element) =>
          !(element.ariaLabel || element.getAttribute("aria-label") || element.textContent.trim())).length"""
    )
    assert nameless == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_phone(open_page: Open, page_file: Path, scheme: str) -> None:
    opened = open_page(
        page_file.as_uri(), "reduce", viewport={"width": 360, "height": 740}, has_touch=True, color_scheme=scheme
    )
    assert opened.run("document.documentElement.scrollWidth") <= 360
    wide = opened.run(
        "[...document.querySelectorAll('button')].filter((b) => b.getBoundingClientRect().right > 360).length"
    )
    assert wide == 0
    bright = picture(opened.page)[-20:].mean()
    assert (bright > 128) == (scheme == "light")


def test_the_skin_is_where_the_body_has_it(open_page: Open, tmp_path: Path, walk: Motion) -> None:
    # A body of the mesh's own size and shape, so that both follow the same joints.
    body = Mannequin()
    pose = fit_pose(walk, offsets=body.offsets)
    path = save_page([clip_data(Motion(pose.joints()))], tmp_path / "page.html")
    opened = open_page(path.as_uri(), reduced_motion="reduce")
    frame, some = 33, list(range(0, len(body.rest_vertices), 40))
    found = np.array(
        opened.run(
            f"""(async () => {{
              const {{ Body, MannequinFigure }} = await import("figures.js");
              const {{ Clip }} = await import("clip.js");
              const {{ Vector3 }} = await import("three.min.js");
              const {{ body, clips }} = JSON.parse(document.getElementById("motions").textContent);
              const figure = new MannequinFigure(new Clip(clips[0]), new Body(body), null);
              figure.show({frame} / 20);
              figure.updateMatrixWorld(true);
              figure.mesh.skeleton.update();
              return {some}.map((i) => figure.mesh.getVertexPosition(i, new Vector3())
                .applyMatrix4(figure.mesh.matrixWorld).toArray());
            }})()"""
        )
    )
    again = fit_pose(Motion(pose.joints()))
    expected = body.vertices(again)[frame, some] + [0, body.sole, 0]
    assert np.linalg.norm(found - expected, axis=-1).max() < 1e-3


def test_nothing_to_show() -> None:
    with pytest.raises(MotionGPTError, match="no motion"):
        render_page([])
