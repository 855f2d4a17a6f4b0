"""The documentation as files: links, paths, versions, tables that must agree with the package."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
import yaml

import motiongpt
from motiongpt.formats import READERS, WRITERS

ROOT = Path(__file__).resolve().parents[1]
_IGNORED = {"node_modules", ".venv", "outputs", "runs", "build", "dist", "data"}


def _pages() -> list[Path]:
    """All pages of the repository, but for what programs and packages leave in it."""
    found = ROOT.rglob("*.md")
    return sorted(
        page
        for page in found
        if not any(part in _IGNORED or part.startswith(".") for part in page.relative_to(ROOT).parts[:-1])
        or page.is_relative_to(ROOT / "src")
    )


PAGES = _pages()


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _without_code(page: Path) -> str:
    return re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)


def _anchors(page: Path) -> set[str]:
    """The fragments of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ +(.+?) *$", _without_code(page), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_pages_are_found() -> None:
    names = {_name(page) for page in PAGES}
    assert {"README.md", "docs/README.md", "src/motiongpt/weights/README.md", "tests/golden/README.md"} <= names


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_links_lead_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", _without_code(page)):
        if re.match(r"(https?|mailto):", link):
            continue
        path, _, fragment = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        if fragment:
            assert fragment in _anchors(target), link


def test_every_page_of_the_documentation_is_in_its_index() -> None:
    index = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    for page in (ROOT / "docs").glob("*.md"):
        assert page.name == "README.md" or f"({page.name})" in index, page.name


def test_paths_named_in_where_is_what_exist() -> None:
    page = (ROOT / "docs" / "where-is-what.md").read_text(encoding="utf-8")
    named = {word for word in re.findall(r"`([^`\s]+)`", page) if "/" in word and re.fullmatch(r"[\w./-]+", word)}
    # Long enough that the pattern still finds them.
    assert len(named) > 40
    for path in named:
        assert (ROOT / path).exists(), path


def test_files_named_in_design_exist() -> None:
    page = (ROOT / "docs" / "design.md").read_text(encoding="utf-8")
    for path in re.findall(r"`(\w[\w./-]*\.(?:py|yaml|tsv)|[a-z]+/)`", page):
        assert any(
            (folder / path).exists() for folder in (ROOT, ROOT / "src/motiongpt", ROOT / "src/motiongpt/generation")
        ), path


def test_messages_quoted_in_troubleshooting_exist() -> None:
    page = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
    source = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "src").rglob("*.py"))
    symptoms = re.findall(r"\*\*(.+?)\*\*", page)
    quotes = [quote for symptom in symptoms for quote in re.findall(r'"(.+?)"', symptom)]
    parts = [part.strip() for quote in quotes for part in quote.split("...") if part.strip(" .")]
    assert len(parts) > 4
    for part in parts:
        assert part in source, part


def test_formats_of_the_readme_are_those_of_the_registry() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    table = re.search(r"^\| file \| read \| write \|\n\|[-|]+\|\n((?:\|.*\|\n)+)", text, flags=re.MULTILINE)
    assert table is not None
    read, written = set(), set()
    for row in table[1].splitlines():
        suffixes, reads, writes = (cell.strip() for cell in row.strip("|").split("|"))
        for suffix in re.findall(r"`(\.\w+)`", suffixes):
            read |= set() if reads == "no" else {suffix}
            written |= set() if writes == "no" else {suffix}
    assert read == set(READERS)
    assert written == set(WRITERS)


def _tracked(*folders: str) -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", *folders], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.splitlines()
    return [ROOT / name for name in listed if (ROOT / name).is_file()]


def test_no_file_names_a_folder_of_one_machine() -> None:
    files = _tracked("src", "docs", "recipes", "examples", "README.md", "CONTRIBUTING.md") or PAGES
    for path in files:
        if path.suffix in (".md", ".py", ".yaml", ".toml", ".txt"):
            found = re.search(r"\.\./shared|/work/|/tmp/wt", path.read_text(encoding="utf-8"))
            assert found is None, f"{_name(path)}: {found}"


def test_version_is_the_same_everywhere() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == motiongpt.__version__
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    stated = re.search(r'^version = "(.+)"$', project, flags=re.MULTILINE)
    # The version may also be read from the package.
    assert stated is None or stated[1] == motiongpt.__version__
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"## [{motiongpt.__version__}]" in changes
    assert {"cff-version", "message", "title", "authors", "license"} <= set(citation)
