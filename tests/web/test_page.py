"""The chat page in a real browser, against a real server around the tiny model."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from motiongpt.motion import Motion
from motiongpt.viewer import clip_data
from motiongpt.web.speech import decode_audio

from .conftest import Running

Open = Callable[..., Any]


@contextmanager
def opening(chromium: Any, strict: bool = True) -> Iterator[Open]:
    """A function that opens an address; the page must report no problem and load nothing from another server."""
    contexts, problems = [], []

    def open_(address: str, **options: Any) -> Any:
        options = {"viewport": {"width": 1300, "height": 560}, "reduced_motion": "reduce", **options}
        context = chromium.new_context(accept_downloads=True, **options)
        context.set_default_timeout(30_000)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("dialog", lambda dialog: problems.append(dialog.message))
        origin = address.split("/", 3)[2]
        page.on(
            "request",
            lambda request: (
                None
                if request.url.startswith(("data:", "blob:")) or request.url.split("/")[2] == origin
                else problems.append(request.url)
            ),
        )
        page.goto(address)
        page.wait_for_selector("html[data-ready]")
        return page

    yield open_
    for context in contexts:
        context.close()
    if strict:
        assert problems == []


@pytest.fixture
def open_page(chromium: Any) -> Iterator[Open]:
    with opening(chromium) as open_:
        yield open_


@pytest.fixture
def page(open_page: Open, server: Running) -> Any:
    return open_page(server.url)


@pytest.fixture
def bvh(walk: Motion, tmp_path: Path) -> Path:
    return walk.save(tmp_path / "walk.bvh")


def say(page: Any, text: str) -> Any:
    """Send a message and wait for the whole answer; gives it."""
    page.get_by_label("Message").fill(text)
    page.keyboard.press("Enter")
    return answer(page)


def answer(page: Any, number: int | None = None) -> Any:
    """The last answer, or that of a number from 1, when it is complete."""
    # The page forbids evaluation, on which some ways of waiting rest.
    answers = page.locator(".message.model")
    if number is not None:
        expect(answers).to_have_count(number)
    expect(answers.last).to_be_visible()
    expect(page.locator(".dots, .send[aria-label=Stop]")).to_have_count(0)
    return answers.last


def expect(locator: Any) -> Any:
    """Wait until something is so."""
    from playwright.sync_api import expect

    expect.set_options(timeout=30_000)
    return expect(locator)


def upload(page: Any, file: Path) -> None:
    cards = page.locator(".card")
    count = cards.count()
    page.locator("#file").set_input_files(file)
    expect(cards).to_have_count(count + 1)


def stage(page: Any) -> np.ndarray:
    """(H, W, 3) pixels of what is seen of the body."""
    box = None
    # The columns settle while the answer is written.
    while box != (box := page.locator(".player-stage").bounding_box()):
        page.wait_for_timeout(200)
    shot = page.screenshot(clip=box)
    return np.asarray(Image.open(io.BytesIO(shot)).convert("RGB")).astype(int)


def test_a_sentence_becomes_a_body_that_moves(open_page: Open, server: Running) -> None:
    page = open_page(server.url, reduced_motion="no-preference", viewport={"width": 1200, "height": 480})
    reply = say(page, "a person walks forward")
    assert reply.locator(".card").count() == 1
    assert page.locator("#stage-title").text_content().lower().startswith("a person walks forward")
    before, clock = stage(page), page.locator(".player-clock").text_content()
    expect(page.locator(".player-clock")).not_to_have_text(clock)
    page.wait_for_timeout(500)
    after = stage(page)
    assert len(np.unique(before.reshape(-1, 3), axis=0)) > 300, "the stage is blank"
    assert (np.abs(before - after).max(-1) > 30).mean() > 0.001, "nothing moved"
    page.get_by_role("button", name="Pause").click()


def test_upload_describe_continue_download(page: Any, bvh: Path, tmp_path: Path) -> None:
    work_with(page, bvh, tmp_path)


def test_buttons_edit_the_motion_on_the_stage(page: Any, bvh: Path) -> None:
    upload(page, bvh)
    page.get_by_role("tab", name="Edit").click()
    panel = page.get_by_role("tabpanel", name="Edit")
    number = 0
    for name in ("Mirror", "Reverse", "In place", "Loop"):
        panel.get_by_role("button", name=name, exact=True).click()
        number += 1
        reply = answer(page, number)
    # The walk lasts 3 seconds and is cut for the loop, which the page says.
    assert "The loop repeats" in reply.text_content()
    panel.get_by_role("slider", name="Tempo").fill("2")
    panel.get_by_role("button", name="Change the tempo").click()
    before = seconds_of(answer(page, number + 1))
    panel.get_by_role("slider", name="Cut off at the start").fill("0.4")
    panel.get_by_role("button", name="Trim").click()
    assert seconds_of(answer(page, number + 2)) == pytest.approx(0.6 * before, abs=0.06)


def seconds_of(reply: Any) -> float:
    """The duration on the card of an answer."""
    return float(re.search(r"([\d.]+) s", reply.locator(".card-facts").text_content())[1])


@pytest.mark.slow
def test_a_real_recording_is_described_continued_and_downloaded(page: Any, trials: Path, tmp_path: Path) -> None:
    work_with(page, next(trials.glob("*.bvh")), tmp_path)


def work_with(page: Any, file: Path, tmp_path: Path) -> None:
    """Upload a motion, have it described and continued, take the result home."""
    upload(page, file)
    page.get_by_role("button", name="What is happening here?").click()
    assert answer(page, 1).locator("p").last.text_content()
    say(page, "continue this")
    assert page.locator(".player-note").text_content() == "given"
    for name, head in (("Motion capture BVH", b"HIERARCHY"), ("Character GLB", b"glTF"), ("Joints NPY", b"\x93NUMPY")):
        page.get_by_role("button", name="Download").click()
        item = page.get_by_role("menuitem", name=name)
        if not item.count():
            pytest.skip(f"this server cannot write: {name}")
        with page.expect_download() as waiting:
            item.click()
        waiting.value.save_as(tmp_path / "download")
        assert (tmp_path / "download").read_bytes().startswith(head)


def test_a_file_is_dropped(page: Any, bvh: Path) -> None:
    page.evaluate(
        """(content) => {
          const data = new DataTransfer();
          data.items.add(new File([Uint8Array.from(atob(content), (c) => c.charCodeAt(0))], "walk.bvh"));
          for (const name of ["dragenter", "drop"]) {
            document.body.dispatchEvent(new DragEvent(name, { dataTransfer: data, bubbles: true, cancelable: true }));
          }
        }""",
        base64.b64encode(bvh.read_bytes()).decode(),
    )
    page.wait_for_selector(".card")
    assert page.locator(".file-name").text_content() == "walk.bvh"
    assert page.locator("#drop").is_hidden()


def test_text_is_never_markup(page: Any) -> None:
    trap = "<img src=x onerror=alert(1)><b>walk</b>"
    say(page, trap)
    assert page.locator(".message.user p").text_content() == trap
    assert page.locator("#thread img, #thread b, .stage b:not(.menu-item b)").count() == 0


@pytest.mark.slow
def test_versions_stand_side_by_side(page: Any) -> None:
    page.get_by_label("Versions of each motion").select_option("2")
    reply = say(page, "a person jumps")
    assert reply.locator(".card.on-stage").count() == 2
    assert page.locator(".player-label").all_text_contents()[1].startswith("2 · ")
    reply.locator(".card").nth(1).click()
    assert page.locator(".player-label[aria-pressed=true]").text_content().startswith("2 · ")


@pytest.mark.slow
def test_a_link_shows_a_result(page: Any, open_page: Open, server: Running) -> None:
    result = say(page, "a person jumps").locator(".card").get_attribute("data-result")
    other = open_page(f"{server.url}/?result={result}")
    assert other.locator(".card.on-stage").get_attribute("data-result") == result
    assert other.locator("#stage-title").text_content() == page.locator("#stage-title").text_content()


@pytest.mark.slow
def test_panels(page: Any, bvh: Path) -> None:
    assert page.get_by_role("button", name="Continue the motion").is_hidden()
    page.get_by_role("tab", name="Continue").click()
    assert page.get_by_role("button", name="Continue the motion").is_disabled()
    upload(page, bvh)

    page.locator("#panel-continue").get_by_label("Kept at the start").fill("0.5")
    assert page.locator("#panel-continue .timeline .hint").text_content() == "1.5 s are kept, 1.5 s are new."
    page.get_by_role("button", name="Continue the motion").click()
    assert answer(page, 1).locator(".card-facts").text_content().startswith("3 s · seed ")

    page.get_by_role("tab", name="In-between").click()
    page.get_by_role("button", name="Fill in the middle").last.click()
    answer(page, 2)
    assert "Fill in the middle" in page.locator(".message.user").last.text_content()

    page.get_by_role("tab", name="Tokens").click()
    page.wait_for_selector(".tile")
    assert page.locator(".tile").count() == 15
    page.get_by_label("Codes", exact=True).fill("1, 2 3")
    page.get_by_role("button", name="Decode these codes").click()
    answer(page, 3)
    assert page.locator(".card-facts").last.text_content().startswith("0.6 s")

    page.get_by_role("tab", name="Create").click()
    page.get_by_label("What does the person do?").fill("a person waves")
    page.get_by_label("The model chooses the length").uncheck()
    page.get_by_label("Length", exact=True).fill("2")
    page.get_by_label("Seed", exact=True).first.fill("11")
    page.get_by_label("Candidates").fill("3")
    page.get_by_role("button", name="Generate", exact=True).click()
    answer(page, 4)
    assert page.locator(".card-facts").last.text_content() == "2 s · seed 11 · best of 3"

    page.get_by_role("tab", name="Describe").click()
    page.get_by_role("button", name="Describe the motion").click()
    page.wait_for_selector("#panel-describe .caption:not([hidden])")


def test_refusals_are_reported(chromium: Any, server: Running, tmp_path: Path) -> None:
    # The browser itself complains of the answer 4xx, so its complaints do not count here.
    with opening(chromium, strict=False) as open_:
        page = open_(server.url)
        (tmp_path / "notes.bvh").write_text("no motion at all")
        page.locator("#file").set_input_files(tmp_path / "notes.bvh")
        page.wait_for_selector(".toast.error")
        assert "notes.bvh" in page.locator(".toast.error").text_content()


@pytest.mark.slow
def test_speech(open_page: Open, server: Running, serve: Callable[..., Running]) -> None:
    page = open_page(server.url)
    page.get_by_role("button", name="Speak").click()
    assert "no speech model" in page.locator(".toast").text_content()

    def listen(recording: bytes) -> str:
        return "a person dances" if len(decode_audio(recording)) else "nothing"

    page = open_page(serve(speech=listen).url)
    page.get_by_role("button", name="Speak").click()
    page.wait_for_timeout(700)
    page.get_by_role("button", name="Stop listening").click()
    expect(page.get_by_label("Message")).to_have_value("a person dances")


@pytest.mark.slow
def test_the_page_asks_for_a_token_once(chromium: Any, serve: Callable[..., Running]) -> None:
    url = serve(token="open sesame").url
    with opening(chromium, strict=False) as open_:
        page = open_(f"{url}/#token=open+sesame")
        assert "token" not in page.url
        assert say(page, "a person jumps").locator(".card").count() == 1
        context = chromium.new_context(reduced_motion="reduce")
        other = context.new_page()
        other.goto(url)
        other.get_by_label("Token", exact=True).fill("open sesame")
        other.keyboard.press("Enter")
        other.wait_for_selector("html[data-ready]")
        assert other.locator("dialog").count() == 0
        assert say(other, "a person jumps").locator(".card").count() == 1
        context.close()


@pytest.mark.slow
def test_it_fits_a_phone(open_page: Open, server: Running) -> None:
    page = open_page(server.url, viewport={"width": 360, "height": 700}, has_touch=True, is_mobile=True)
    say(page, "a person jumps as high as he can and then walks away to the left, slowly, with both arms raised")
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    right = "(one) => one.getBoundingClientRect().right"
    assert page.evaluate(f"Math.max(...[...document.querySelectorAll('.stage *')].map({right}))") <= 360
    page.get_by_role("button", name="Tools").click()
    assert page.get_by_role("button", name="Generate", exact=True).is_visible()
    page.get_by_role("button", name="Tools").click()
    assert page.locator(".player-canvas").bounding_box()["height"] > 120


@pytest.mark.slow
@pytest.mark.parametrize("width", [390, 1024, 1181, 1280, 1440, 1920])
def test_columns_lie_side_by_side(open_page: Open, server: Running, width: int) -> None:
    page = open_page(server.url, viewport={"width": width, "height": 500})
    parts = [page.locator(name) for name in (".top", ".chat", ".player-canvas", ".player-bar", ".stage-top", ".tools")]
    # Narrower windows open the tools on demand, as a drawer over the stage.
    assert parts[-1].is_visible() == (width > 1180)
    boxes = [part.bounding_box() for part in parts if part.is_visible()]
    for one, other in combinations(boxes, 2):
        across = min(one["x"] + one["width"], other["x"] + other["width"]) - max(one["x"], other["x"])
        down = min(one["y"] + one["height"], other["y"] + other["height"]) - max(one["y"], other["y"])
        assert min(across, down) < 0.5, (one, other)
    assert all(box["x"] >= 0 and box["x"] + box["width"] <= width for box in boxes)


@pytest.mark.slow
def test_light_and_dark_and_names(open_page: Open, server: Running) -> None:
    page = open_page(server.url, color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(18, 20, 25)"
    page.get_by_role("button", name="Light or dark").click()
    page.reload()
    page.wait_for_selector("html[data-ready]")
    assert page.evaluate("document.documentElement.dataset.theme") == "light"
    for tab in page.get_by_role("tab").all():
        tab.click()
        nameless = page.evaluate(
            """[...document.querySelectorAll("button, input:not([hidden]), select, textarea")].filter(
              (one) => !(one.ariaLabel || one.textContent.trim() || one.labels?.length)).length"""
        )
        assert nameless == 0


def test_the_welcome_is_a_clip_of_today() -> None:
    import json

    import motiongpt.web

    welcome = json.loads((Path(motiongpt.web.__file__).parent / "page" / "welcome.json").read_text())
    fresh = clip_data(Motion(np.zeros((4, 22, 3)) + np.arange(22)[:, None]), codes=[1])
    assert welcome["clip"].keys() == fresh.keys()
    assert welcome["clip"]["pose"].keys() == fresh["pose"].keys()


def test_no_markup_is_set_from_text() -> None:
    import motiongpt.web

    folder = Path(motiongpt.web.__file__).parent / "page"
    for script in folder.glob("*.js"):
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", script.read_text())
    assert not re.search(r"<script(?![^>]*src=)|style=|<style| on\w+=", (folder / "index.html").read_text())
