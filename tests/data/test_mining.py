"""Sentences that mean the same as captions."""

import gzip
import json

import pytest

from motiongpt.data.mining import SentenceTable, mine, mine_sentences, read_mined
from motiongpt.errors import MotionGPTError
from motiongpt.lm.sentence_encoder import SentenceEncoder


@pytest.fixture
def table(bert_folder):
    return SentenceTable(SentenceEncoder.pretrained(str(bert_folder)))


def test_a_sentence_goes_to_the_nearest_caption_with_the_same_contrasts(table):
    left = table.add("person waves with the left hand")
    right = table.add("person waves with the right hand")
    found = mine(["person waves with the right hand!", "person waves with a hand"], table, 0.9)
    # Contrasts decide about left and right, whatever the encoder says.
    assert left not in found
    assert [table.sentences[number] for number in found[right]] == ["person waves with the right hand!"]


def test_a_higher_threshold_finds_less(table):
    table.add("person walks")
    assert mine(["jump jump jump jump"], table, 0.9999) == {}
    assert table.same([0, 0], 0.99).all()


def test_the_file_is_read_back(data_folder, bert_folder, tmp_path):
    captions = tmp_path / "captions.jsonl"
    rows = [{"captions": ["a person walks slowly!"]}, {"captions": ["a person walks slowly,"], "split": "test"}]
    captions.write_text("".join(json.dumps(row) + "\n" for row in rows))
    output = tmp_path / "mined.jsonl.gz"
    assert mine_sentences(data_folder, captions, output, threshold=0.5, text_encoder=str(bert_folder)) == (0, 0)
    captions.write_text(json.dumps({"captions": ["one person walks slowly"]}) + "\n")
    assert mine_sentences(data_folder, captions, output, threshold=0.5, text_encoder=str(bert_folder)) == (1, 1)
    assert read_mined(output) == {"a person walks slowly": ["one person walks slowly"]}


def test_broken_files_are_named(tmp_path):
    path = tmp_path / "mined.jsonl.gz"
    with pytest.raises(MotionGPTError, match="data mine"):
        read_mined(path)
    with gzip.open(path, "wt") as file:
        file.write('{"caption": "a"}\n')
    with pytest.raises(MotionGPTError, match="line 1"):
        read_mined(path)
