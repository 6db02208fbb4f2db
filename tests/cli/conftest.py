"""The command line as it is called: arguments in, exit code, standard output and standard error out."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct
from typer.testing import CliRunner

from stream.cli import main

ROOT = Path(__file__).parents[2]


class Called(Struct, frozen=True):
    """What came of one call."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(one) for one in self.out.splitlines()]


def call(
    data: Path,
    *words: str | Path,
    stdin: bytes = b"",
    config: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> Called:
    """`huiying WORDS` in this process, by the entry point itself."""
    plain = {
        "HUIYING_DATA": str(data),
        "HUIYING_CONFIG": str(config or ROOT / "config" / "embedded.yaml"),
        "HUIYING_NAMESPACE": None,
        "COLUMNS": "200",
    }
    with CliRunner().isolation(input=stdin, env={**plain, **(environment or {})}) as (out, err, _):
        try:
            main([str(one) for one in words])
            code = 0
        except SystemExit as left:
            code = left.code if isinstance(left.code, int) else 0 if left.code is None else 1
        return Called(code, out.getvalue().decode(), err.getvalue().decode())


class CommandLine(Struct, frozen=True):
    """Calls the command line over one data folder."""

    data: Path
    environment: dict[str, str] = {}

    def __call__(self, *words: str | Path, stdin: bytes = b"", config: Path | None = None) -> Called:
        return call(self.data, *words, stdin=stdin, config=config, environment=self.environment)

    def over(self, data: Path, **environment: str) -> "CommandLine":
        """The same over another folder, with more in its environment."""
        return CommandLine(data, self.environment | environment)


@pytest.fixture
def huiying(tmp_path: Path) -> CommandLine:
    """Over a data folder of this test's own."""
    return CommandLine(tmp_path / "data")


@pytest.fixture(scope="module")
def shared_huiying(tmp_path_factory: pytest.TempPathFactory) -> CommandLine:
    """Over a data folder that the tests of a module share."""
    return CommandLine(tmp_path_factory.mktemp("shared") / "data")


@pytest.fixture(scope="session")
def written() -> Callable[[Path, list[dict[str, Any]]], Path]:
    """Writes rows as JSONL."""

    def write(path: Path, rows: list[dict[str, Any]]) -> Path:
        path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
        return path

    return write
