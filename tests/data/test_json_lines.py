"""Tables of JSON lines."""

import gzip

import pytest

from motiongpt.data.json_lines import read_json_lines, write_json_lines
from motiongpt.errors import MotionGPTError


@pytest.mark.parametrize("name", ["table.jsonl", "table.jsonl.gz"])
def test_lines_are_read_packed_or_plain(tmp_path, name):
    path = tmp_path / name
    text = '{"word": "hüpft"}\n\n{"word": "läuft"}\n'
    if name.endswith(".gz"):
        path.write_bytes(gzip.compress(text.encode()))
    else:
        path.write_text(text, encoding="utf-8")
    assert read_json_lines(path, lambda row: row["word"], "a word") == ["hüpft", "läuft"]


def test_what_is_written_is_read_back(tmp_path):
    path = tmp_path / "new" / "table.jsonl.gz"
    assert write_json_lines(path, ({"number": number} for number in range(3))) == 3
    assert read_json_lines(path, lambda row: row["number"], "a number") == [0, 1, 2]


@pytest.mark.parametrize("line", ["x", "[]", "{}", "null", '{"word": 3}'])
def test_a_line_that_is_something_else_is_named(tmp_path, line):
    path = tmp_path / "table.jsonl"
    path.write_text(f'{{"word": "walks"}}\n\n{line}\n')
    with pytest.raises(MotionGPTError, match=r"table\.jsonl line 3 is not a word with a meaning \("):
        read_json_lines(path, lambda row: row["word"].upper(), "a word with a meaning")


@pytest.mark.parametrize(
    "content",
    [b"no gzip", gzip.compress(b"{}" * 99)[:-9], gzip.compress(b"\xff\xfe"), None],
    ids=["no gzip", "cut short", "no text", "no file"],
)
def test_a_file_that_cannot_be_unpacked_is_named(tmp_path, content):
    path = tmp_path / "table.jsonl.gz"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(
        MotionGPTError, match=r"Cannot read .*table\.jsonl\.gz: .+; expected lines that are each a word"
    ):
        read_json_lines(path, str, "a word")


def test_nothing_is_left_of_a_table_that_fails(tmp_path):
    with pytest.raises(ZeroDivisionError):
        write_json_lines(tmp_path / "table.jsonl.gz", (1 / number for number in (1, 0)))
    assert not list(tmp_path.iterdir())
