"""What stream.ports.Evidence promises, on the WARC vault."""

from __future__ import annotations

import subprocess
import sys
from datetime import datetime
from pathlib import Path

import msgspec
import pytest
from warcio.archiveiterator import ArchiveIterator

from stream.backends.warc_evidence import WarcEvidence
from stream.core.documents import Capture
from stream.core.intervals import SHANGHAI
from stream.ports import Exchange

AT = datetime(2025, 9, 12, 23, 59, 59, 123456, tzinfo=SHANGHAI)
KEY = b"a secret of any length at all"
BODY = "临江市发布情况通报".encode("gb18030")

OWN = Exchange(
    url="http://yj.linjiang.example/a?b=1",
    fetched_at=AT,
    status=200,
    headers=(("Content-Encoding", "gzip"), ("Content-Type", "text/html; charset=gb2312"), ("Server", "x")),
    body=BODY,
    is_authority=True,
)
OTHERS = msgspec.structs.replace(OWN, url="http://bbs.example/u/13", is_authority=False)


@pytest.fixture
def vault(tmp_path: Path) -> WarcEvidence:
    return WarcEvidence(tmp_path, KEY)


def bytes_of(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.iterdir())


@pytest.mark.parametrize("body", [BODY, b"", b"\x00\xff" * 70_000, b"WARC/1.1\r\nHTTP/1.1 200 OK\r\n\r\n\r\n"])
@pytest.mark.parametrize("exchange", [OWN, OTHERS])
def test_what_was_kept_opens_again(vault: WarcEvidence, exchange: Exchange, body: bytes) -> None:
    kept = msgspec.structs.replace(exchange, body=body)
    assert vault.open(vault.keep(kept)) == kept


@pytest.mark.parametrize("exchange", [OWN, OTHERS])
def test_the_same_again_is_the_same_capture(vault: WarcEvidence, tmp_path: Path, exchange: Exchange) -> None:
    kept = vault.keep(exchange)
    assert vault.keep(exchange) == kept
    assert WarcEvidence(tmp_path, KEY).keep(exchange) == kept


@pytest.mark.parametrize(
    "other", [{"url": "http://yj.linjiang.example/b"}, {"body": b"y"}, {"fetched_at": AT.replace(microsecond=7)}]
)
def test_another_address_instant_or_body_is_another_capture(vault: WarcEvidence, other: dict[str, object]) -> None:
    assert vault.keep(OWN) != vault.keep(msgspec.structs.replace(OWN, **other))


def test_it_is_durable_when_it_returns(vault: WarcEvidence, tmp_path: Path) -> None:
    kept = vault.keep(OWN)
    assert WarcEvidence(tmp_path).open(kept) == OWN  # the writer is still open, and needs no farewell


def test_without_a_key_only_the_hash_of_others_is_kept(tmp_path: Path) -> None:
    vault = WarcEvidence(tmp_path)
    kept = vault.keep(OTHERS)
    assert (kept.file, kept.offset, len(kept.sha256)) == (None, None, 64)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(KeyError):
        vault.open(kept)


def test_others_lie_sealed(vault: WarcEvidence, tmp_path: Path) -> None:
    kept = vault.keep(OTHERS)
    (file,) = tmp_path.glob("*.warc.gz")
    with file.open("rb") as stream:
        plain = b"".join(record.content_stream().read() for record in ArchiveIterator(stream))
    assert BODY not in plain
    assert b"bbs.example" not in plain + bytes_of(tmp_path)
    with pytest.raises(ValueError, match="cannot be read"):
        WarcEvidence(tmp_path, b"another secret of the vault").open(kept)
    with pytest.raises(ValueError, match="no key"):
        WarcEvidence(tmp_path).open(kept)


def test_a_short_key_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        WarcEvidence(tmp_path, b"short")


def test_alteration_is_noticed(vault: WarcEvidence, tmp_path: Path) -> None:
    kept = vault.keep(OWN)
    forged = msgspec.structs.replace(kept, sha256="0" * 64)
    with pytest.raises(ValueError, match="altered"):
        vault.open(forged)
    (file,) = tmp_path.glob("*.warc.gz")
    content = bytearray(file.read_bytes())
    content[-40] ^= 0xFF
    file.write_bytes(content)
    with pytest.raises(ValueError, match=r"altered|cannot be read"):
        vault.open(kept)


@pytest.mark.parametrize("exchange", [OWN, OTHERS])
def test_a_byte_changed_anywhere_gives_the_same_or_is_refused(
    vault: WarcEvidence, tmp_path: Path, exchange: Exchange
) -> None:
    """What the gzip header holds beside the record may change; nothing else, and nothing may end in another error."""
    capture = vault.keep(exchange)
    assert capture.file is not None and capture.offset is not None
    path = tmp_path / capture.file
    whole, refused = path.read_bytes(), 0
    for place in range(capture.offset, len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        try:
            assert vault.open(capture) == exchange
        except ValueError:
            refused += 1
    assert refused > 0.95 * (len(whole) - capture.offset)


@pytest.mark.parametrize("missing", [Capture(sha256="0" * 64), Capture(sha256="0" * 64, file="../x.gz", offset=0)])
def test_what_is_not_there_is_a_key_error(vault: WarcEvidence, missing: Capture) -> None:
    with pytest.raises(KeyError):
        vault.open(missing)


@pytest.mark.parametrize("torn", [1, 20, 120])
def test_a_torn_last_record_harms_only_itself(vault: WarcEvidence, tmp_path: Path, torn: int) -> None:
    first = vault.keep(OWN)
    last = vault.keep(msgspec.structs.replace(OWN, url="http://yj.linjiang.example/last"))
    (file,) = tmp_path.glob("*.warc.gz")
    file.write_bytes(file.read_bytes()[:-torn])
    reopened = WarcEvidence(tmp_path, KEY)
    third = reopened.keep(msgspec.structs.replace(OWN, url="http://yj.linjiang.example/third"))
    assert third.file != first.file
    assert reopened.open(first) == OWN
    assert reopened.open(third).url.endswith("third")
    assert next(one for one, _ in reopened.captures() if one.file == first.file) == first
    assert {one for one, is_whole in reopened.captures() if is_whole} >= {first, third}
    if torn > 20:
        with pytest.raises(ValueError, match=r"altered|cannot be read"):
            reopened.open(last)


def test_files_are_closed_when_full(tmp_path: Path) -> None:
    vault = WarcEvidence(tmp_path, file_bytes=1000)
    kept = [vault.keep(msgspec.structs.replace(OWN, url=f"http://yj.linjiang.example/{n}")) for n in range(6)]
    assert len({one.file for one in kept}) > 1
    assert [vault.open(one).url[-1] for one in kept] == ["0", "1", "2", "3", "4", "5"]
    assert [is_whole for _, is_whole in vault.captures()] == [True] * 6


WRITER = """
import sys
from datetime import datetime
from pathlib import Path
from stream.backends.warc_evidence import WarcEvidence
from stream.core.intervals import SHANGHAI
from stream.ports import Exchange
vault = WarcEvidence(Path(sys.argv[1]))
for n in range(20):
    vault.keep(Exchange(url=f"http://yj.linjiang.example/{sys.argv[2]}/{n}", status=200, headers=(), body=b"x",
                        fetched_at=datetime(2025, 9, 12, tzinfo=SHANGHAI), is_authority=True))
"""


def test_processes_never_share_a_file(tmp_path: Path) -> None:
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path), name]) for name in "ab"]
    assert [writer.wait(30) for writer in writers] == [0, 0]
    found = list(WarcEvidence(tmp_path).captures())
    assert len({one.file for one, _ in found}) == 2
    assert [is_whole for _, is_whole in found] == [True] * 40


def test_it_is_a_warc_that_others_can_read(vault: WarcEvidence, tmp_path: Path) -> None:
    vault.keep(OWN)
    (file,) = tmp_path.glob("*.warc.gz")
    with file.open("rb") as stream:
        records = [
            (one.rec_type, one.rec_headers.get_header("WARC-Payload-Digest"), one.content_stream().read())
            for one in ArchiveIterator(stream, check_digests="raise")
        ]
    assert [kind for kind, _, _ in records] == ["warcinfo", "response"]
    assert records[1][1].startswith("sha256:")
    assert records[1][2] == BODY
