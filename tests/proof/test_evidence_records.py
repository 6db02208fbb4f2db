"""A record leaves the vault as it lies there, and only an authority's own."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from stream.backends.warc_evidence import WarcEvidence
from stream.core.documents import Capture
from stream.ports import Exchange
from stream.proof.rereading import MOST_PAGE, read_record
from tests.proof.exhibits import DAY, KEY

OWN = Exchange(
    url="https://jichuan-gov.example/a", fetched_at=DAY, status=200, headers=(("Content-Type", "text/html"),),
    body="霁川市发布情况通报".encode(), is_authority=True,
)  # fmt: skip
OTHERS = Exchange(url="https://bbs.example/u/13", fetched_at=DAY, status=200, headers=(), body=b"x", is_authority=False)


def test_records_leave_as_they_lie(tmp_path: Path) -> None:
    vault = WarcEvidence(tmp_path, KEY)
    sealed, own, after = vault.keep(OTHERS), vault.keep(OWN), vault.keep(OTHERS)
    record = vault.record(own)
    assert record is not None
    [file] = tmp_path.glob("*.warc.gz")
    assert own.offset is not None
    assert file.read_bytes()[own.offset :].startswith(record)
    fetch = read_record(record)
    assert (fetch.url, fetch.fetched_at, fetch.status, fetch.body, fetch.sha256) == (
        OWN.url, OWN.fetched_at, 200, OWN.body, own.sha256,
    )  # fmt: skip
    assert vault.record(sealed) is None
    assert vault.record(after) is None


@pytest.mark.parametrize("missing", [Capture(sha256="0" * 64), Capture(sha256="0" * 64, file="x.warc.gz", offset=0)])
def test_what_is_not_there_is_a_key_error(tmp_path: Path, missing: Capture) -> None:
    with pytest.raises(KeyError):
        WarcEvidence(tmp_path).record(missing)


@pytest.mark.parametrize(
    "record",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"no gzip", id="no gzip"),
        pytest.param(gzip.compress(b""), id="nothing in it"),
        pytest.param(
            gzip.compress(b"WARC/1.1\r\nWARC-Type: warcinfo\r\nContent-Length: 0\r\n\r\n\r\n\r\n"), id="no response"
        ),
        pytest.param(gzip.compress(b"WARC/1.1\r\nWARC-Type: response\r\n\r\n"), id="no length"),
        pytest.param(gzip.compress(b"x") + b"y", id="something behind it"),
        pytest.param(gzip.compress(b"x") * 2, id="two members"),
        pytest.param(gzip.compress(bytes(MOST_PAGE + (2 << 20)), 1), id="bomb"),
    ],
)
def test_what_is_no_record_is_a_value_error(record: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read_record(record)
