from __future__ import annotations

import gzip
import json
import re
from collections import Counter
from importlib import resources
from pathlib import Path

import numpy as np
import pytest

from motiongpt.evaluation.probes import predicates
from motiongpt.evaluation.probes.kinds import _FILES, COMPOUNDS, GROUPS, KINDS, Compound

SENTENCES = [
    (group, sentence)
    for kind in (*KINDS.values(), *COMPOUNDS.values())
    for group, sentences in kind.sentences.items()
    for sentence in sentences
]
KEYS = {key for kind in KINDS.values() for key in kind.keys}


def words(text: str) -> list[str]:
    return re.findall(r"[a-z]+", text.lower())


def test_there_are_many_sentences_and_each_occurs_once() -> None:
    count = Counter(group for group, _ in SENTENCES)
    assert {
        group: count[group] >= minimum for group, minimum in zip(GROUPS, (160, 110, 70), strict=True)
    } == dict.fromkeys(GROUPS, True)
    assert max(Counter(sentence for _, sentence in SENTENCES).values()) == 1
    assert not [sentence for _, sentence in SENTENCES if re.search(r"SIDE|OTHER|\*", sentence)]


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_can_be_judged(name: str, standing: np.ndarray) -> None:
    kind = KINDS[name]
    assert callable(getattr(predicates, kind.predicate))
    assert kind.holds(standing) is (name in ("stand still", "stay"))
    assert set(kind.made_of) <= set(KINDS)
    re.compile(f"{kind.says}|{kind.unless}|{kind.near}")


@pytest.mark.parametrize("name", COMPOUNDS)
def test_every_compound_can_be_judged(name: str, standing: np.ndarray) -> None:
    compound = COMPOUNDS[name]
    assert {compound.first, compound.second} <= set(KINDS)
    assert compound.holds(standing) is False


@pytest.mark.parametrize("name", [name for name, kind in KINDS.items() if "side" in kind.arguments])
def test_sides_of_sentences_agree_with_the_predicate(name: str) -> None:
    # Seen from above, whoever walks clockwise turns right.
    side, way = KINDS[name].arguments["side"], {"left": "counterclockwise", "right": "clockwise"}
    for sentence in (sentence for sentences in KINDS[name].sentences.values() for sentence in sentences):
        assert side in sentence or way[side] in words(sentence)


def test_both_sides_have_the_same_sentences() -> None:
    for name, kind in KINDS.items():
        if "left" in name:
            other = KINDS[name.replace("left", "right")]
            assert [text.replace("left", "right") for text in kind.sentences["seen"]] == [*other.sentences["seen"]]


def test_every_paraphrase_has_a_key() -> None:
    for kind in KINDS.values():
        assert all(set(words(sentence)) & set(kind.keys) for sentence in kind.sentences["paraphrases"])


def test_keys_are_in_no_phrase_that_captions_are_written_with() -> None:
    root = Path(__file__).resolve().parents[3]
    lists = [*(root / "recipes/embedded/phrases").iterdir(), root / "src/motiongpt/data/augmentation/captions.yaml"]
    assert len(lists) == 5
    known = {word for file in lists for word in words(file.read_text(encoding="utf-8"))}
    assert not KEYS & known


def test_keys_are_in_no_caption_that_is_trained_on_and_seen_words_are(shared_dir: Path) -> None:
    path = shared_dir / "data/captions/humanml3d.jsonl.gz"
    if not path.is_file():
        pytest.skip("there are no captions in shared/")
    known: set[str] = set()
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for line in file:
            entry = json.loads(line)
            if entry["split"] in ("train", "val"):
                known.update(word for caption in entry["captions"] for word in words(caption))
    assert not KEYS & known
    seen = {word for group, sentence in SENTENCES if group != "paraphrases" for word in words(sentence)}
    assert seen <= known


def test_keys_are_in_no_paraphrase_that_is_trained_on() -> None:
    paraphrase = pytest.importorskip("motiongpt.text.paraphrase")
    assert not KEYS & {word.lower() for word in paraphrase.vocabulary()}


def test_captions_decide_the_kind() -> None:
    kick = KINDS["kick right"]
    assert kick.includes(["a person kicks with the right leg"]) is True
    assert kick.includes(["a person kicks with the left leg"]) is None, "near, but another side"
    assert kick.includes(["a person drinks"]) is False
    assert kick.includes([]) is None
    assert kick.includes(["kicks with the right foot", "a person drinks", "a person waits"]) is None, "only one says so"
    assert KINDS["squat twice"].includes(["a person squats twice"]) is None, "no pattern says it"


def test_sides_of_compounds() -> None:
    compound = COMPOUNDS["kick left, then kick right"]
    assert compound.sided
    assert compound.sentences["compounds"] == ("a person kicks with the left leg, then with the right leg",)
    assert not Compound("order", "walk forward", "jump", {}).sided


def test_every_file_of_kinds_is_read() -> None:
    folder = resources.files("motiongpt.evaluation.probes") / "kinds"
    assert {file.name for file in folder.iterdir()} == {f"{name}.yaml" for name in (*_FILES, "near", "compounds")}
