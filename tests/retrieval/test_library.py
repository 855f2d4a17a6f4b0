"""Libraries of recordings: what is packed comes back, what is searched is found, damage is named."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from motiongpt.errors import MotionGPTError
from motiongpt.motion import HUMANML3D
from motiongpt.retrieval.library import MAX_FRAMES, Library, Query, Recording, pack, stretches, unpack
from motiongpt.weights_io import load_tensors, save_weights

EYE = np.eye(4, dtype=np.float32)


def motions(counts, seed=0):
    rng = np.random.default_rng(seed)
    steps = [rng.normal(0, 0.02, (count, HUMANML3D.num_joints, 3)) for count in counts]
    return [np.cumsum(step, axis=0).astype(np.float32) for step in steps]


def library(counts=(30, 50, 20), captions=(1, 2, 1)):
    """Recordings whose captions and stretches have the unit vectors in turn."""
    recordings = [
        Recording(f"clip{n}", f"here {n}", "free", tuple(f"caption {n} {k}" for k in range(count)))
        for n, count in enumerate(captions)
    ]
    parts = np.array([(n, 0, frames) for n, frames in enumerate(counts)])
    return Library(
        recordings, [pack(one) for one in motions(counts)], np.array(counts), EYE[: sum(captions)], parts, EYE[:3]
    )


@settings(max_examples=30)
@given(st.integers(1, 60), st.integers(0, 2**32 - 1))
def test_joints_come_back_to_a_millimetre(frames, seed):
    (joints,) = motions([frames], seed)
    assert np.abs(unpack(pack(joints), frames) - joints).max() <= 0.000501


def test_a_recording_that_does_not_fit_is_refused():
    for joints in (np.zeros((MAX_FRAMES + 1, 22, 3)), np.full((3, 22, 3), 31.0)):
        with pytest.raises(MotionGPTError, match="at most"):
            pack(joints)


@pytest.mark.parametrize("damage", [lambda b: b[:-5], lambda b: b"x" + b, lambda b: pack(np.zeros((200, 22, 3)))])
def test_damaged_bytes_are_named_and_never_unpacked_whole(damage):
    made = library()
    made._packed[1] = damage(made._packed[1])
    with pytest.raises(MotionGPTError, match="clip1 of the library is damaged"):
        made.motion(1)


def test_a_search_finds_by_words_and_by_movement():
    made = library()
    # The second caption of the second recording.
    found = made.search([Query(EYE[2:3], EYE[3])])
    assert [round(one.words, 3) for one in found] == [0, 1, 0]
    assert [one.fit for one in found] == [0, 0, 0]
    # The third recording moves like the mirror image.
    found = made.search([Query(EYE[3:4] * 0, EYE[3]), Query(EYE[:1] * 0, EYE[2], mirrored=True)])
    assert [(one.mirrored, one.fit) for one in found] == [(False, 0), (False, 0), (True, 1)]
    assert (found[1].start, found[1].end) == (0, 50)


def test_libraries_are_joined_and_recordings_left_out():
    first, second = library(), library((40, 25, 60))
    both = first.joined(second)
    assert len(both) == 6
    np.testing.assert_array_equal(both.motion(4).joints, second.motion(1).joints)
    less = both.without(["clip0", "clip2"])
    assert [one.name for one in less.recordings] == ["clip1", "clip1"]
    np.testing.assert_array_equal(less.motion(1).joints, second.motion(1).joints)
    assert [(one.recording, one.end) for one in less.search([Query(EYE[:1], EYE[0])])] == [(0, 50), (1, 25)]
    assert less.search([Query(EYE[2:3], EYE[0])])[1].words == pytest.approx(1)


def test_a_library_is_saved_and_loaded(tmp_path):
    made = library()
    made.save(tmp_path)
    loaded = Library.load(tmp_path)
    assert loaded.recordings == made.recordings
    assert loaded.fingerprint() == made.fingerprint()
    assert loaded.seconds == made.seconds == 5
    np.testing.assert_array_equal(loaded.motion(1).joints, made.motion(1).joints)
    query = Query(EYE[1:2], EYE[1])
    for one, other in zip(loaded.search([query]), made.search([query]), strict=True):
        assert one.words == pytest.approx(other.words, abs=0.01)
        assert (one.recording, one.start, one.end) == (other.recording, other.start, other.end)


@pytest.mark.parametrize(
    "change",
    [
        lambda tensors: tensors.pop("parts"),
        lambda tensors: tensors.update(parts=tensors["parts"] + 40),
        lambda tensors: tensors.update(parts=tensors["parts"] * 0 - 1),
        lambda tensors: tensors.update(frames=tensors["frames"][:2]),
        lambda tensors: tensors.update(captions=tensors["captions"][:2]),
        lambda tensors: tensors.update(ends=tensors["ends"][:1]),
    ],
)
def test_parts_that_do_not_agree_are_refused(tmp_path, change):
    library().save(tmp_path)
    tensors = load_tensors(tmp_path)
    change(tensors)
    save_weights(tmp_path, {name: torch.as_tensor(one) for name, one in tensors.items()})
    with pytest.raises(MotionGPTError, match=r"is not whole .*build it again"):
        Library.load(tmp_path)


def test_captions_must_be_sentences(tmp_path):
    library().save(tmp_path)
    path = tmp_path / "config.json"
    path.write_text(path.read_text().replace('"caption 0 0"', "3"))
    with pytest.raises(MotionGPTError, match="must be a list of sentences"):
        Library.load(tmp_path)


@given(st.integers(1, 400))
def test_stretches_lie_in_the_recording_and_begin_with_the_whole(frames):
    found = stretches(frames)
    assert found[0] == (0, frames)
    assert all(0 <= start < end <= frames for start, end in found)
    assert len(set(found)) == len(found)
