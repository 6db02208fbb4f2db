"""Each broken configuration, one fault a file, is answered with its file, the place and the remedy."""

import shutil
from pathlib import Path

import pytest

from stream.configuration import problems

HERE = Path(__file__).parent
BAD = sorted((HERE / "bad").glob("*.yaml"))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for path in (HERE / "good").glob("*.yaml"):
        shutil.copy(path, tmp_path)
    monkeypatch.delenv("HUIYING_DATA", raising=False)
    return tmp_path


def test_the_good_ones_are_good(folder: Path) -> None:
    assert problems(folder / "embedded.yaml") == []


def test_what_ships_is_good() -> None:
    config = HERE.parents[1] / "config"
    assert problems(config / "embedded.yaml") == []
    assert problems(config / "demo" / "embedded.yaml") == []


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_each_fault_names_file_place_and_remedy(path: Path, folder: Path) -> None:
    first = path.read_text(encoding="utf-8").splitlines()[0]
    expected = first.removeprefix("# expect: ").split(" | ")
    target = path.stem.split("--")[0]
    shutil.copy(path, folder / f"{target}.yaml")
    found = problems(folder / "embedded.yaml")
    assert found, "the fault was not seen"
    matching = [one for one in found if all(part in one for part in expected)]
    assert matching, found
    assert matching[0].startswith(str(folder)), matching[0]
    assert any(word in matching[0] for word in ("请", "？", "；")), matching[0]


def test_there_are_enough() -> None:
    assert len(BAD) >= 20
