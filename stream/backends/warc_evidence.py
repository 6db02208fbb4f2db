"""The evidence vault: captured exchanges in WARC files, one gzip member a record, on disk when `keep` returns.

Authority channels are kept verbatim. Everything else is personal data until proven otherwise: encrypted (AES-256-GCM)
where a key is configured, else only its hash is kept. Files are never shared and never appended to after a crash:
every writer makes its own, so a torn last record harms nothing but itself.
"""

from __future__ import annotations

import hashlib
import io
import os
import secrets
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from warcio.archiveiterator import ArchiveIterator
from warcio.exceptions import ArchiveLoadFailed
from warcio.recordbuilder import RecordBuilder
from warcio.statusandheaders import StatusAndHeaders
from warcio.utils import Digester
from warcio.warcwriter import WARCWriter

from stream.core.documents import Capture
from stream.core.intervals import SHANGHAI
from stream.errors import OutsideFailed
from stream.ports import Exchange

LEAST_KEY = 16
FILE_BYTES = 256 * 1024 * 1024
"""A file is closed once it is this large."""
SEALED = "application/vnd.huiying.sealed"
_ABOUT = b"software: huiying\r\nformat: WARC File Format 1.1\r\nrobots: obey\r\n"
_NONCE = 12
_PIECE = 1 << 16


class WarcEvidence:
    """stream.ports.Evidence in a folder. `key`: any secret, or None to keep only hashes of what is no authority's.

    Not for use by several threads at once; any number of processes may have the folder open.
    """

    def __init__(self, folder: Path, key: bytes | None = None, file_bytes: int = FILE_BYTES) -> None:
        """Makes the folder. Raises ValueError for a key under 16 bytes."""
        if key is not None and len(key) < LEAST_KEY:
            raise ValueError(f"an evidence key has at least {LEAST_KEY} bytes")
        self._folder = folder
        self._cipher = AESGCM(_derived(key)) if key else None
        self._file_bytes = file_bytes
        self._name = ""
        self._day = ""
        self._kept = _Kept(folder)
        folder.mkdir(parents=True, exist_ok=True)

    def keep(self, exchange: Exchange) -> Capture:
        """Durable when it returns; the same bytes of the same address and instant give the same capture."""
        digest = hashlib.sha256(exchange.body).hexdigest()
        if not exchange.is_authority and self._cipher is None:
            return Capture(sha256=digest)
        identity = _identity(exchange, digest)
        day = exchange.fetched_at.astimezone(SHANGHAI).strftime("%Y%m%d")
        found = self._kept.find(day, identity)
        if found is not None:
            return Capture(sha256=digest, file=found[0], offset=found[1])
        offset = self._write(day, identity, exchange)
        self._kept.add(self._name, identity, offset)
        return Capture(sha256=digest, file=self._name, offset=offset)

    def open(self, capture: Capture) -> Exchange:
        """The exchange again. KeyError if it was only hashed or its file is gone, ValueError if it was altered or is
        sealed with another key."""
        if capture.file is None or capture.offset is None:
            raise KeyError(capture.sha256)
        path = self._folder / Path(capture.file).name
        try:
            with path.open("rb") as stream:
                stream.seek(capture.offset)
                exchange = self._read(stream)
        except FileNotFoundError:
            raise KeyError(capture.file) from None
        if exchange is None or hashlib.sha256(exchange.body).hexdigest() != capture.sha256:
            raise ValueError(f"capture {capture.sha256} in {capture.file} was altered")
        return exchange

    def record(self, capture: Capture) -> bytes | None:
        """The WARC record as it lies in its file (one gzip member), checked as by `open`; None where it is sealed: what
        is no authority's own never leaves the vault. KeyError, ValueError as `open`."""
        if capture.file is None or capture.offset is None:
            raise KeyError(capture.sha256)
        if not self.open(capture).is_authority:
            return None
        with (self._folder / Path(capture.file).name).open("rb") as stream:
            stream.seek(capture.offset)
            return _member(stream)

    def captures(self) -> Iterator[tuple[Capture, bool]]:
        """Every record of every file, and whether it still is what was captured. A torn last record is left out."""
        for path in sorted(self._folder.glob("*.warc.gz")):
            for offset, stated in _offsets(path):
                capture = Capture(sha256=stated, file=path.name, offset=offset)
                try:
                    self.open(capture)
                except ValueError:
                    yield capture, False
                else:
                    yield capture, True

    def close(self) -> None:
        """Starts a new file at the next capture; nothing is held open between two."""
        self._day = ""

    # --- writing ------------------------------------------------------------------------------------------------------

    def _write(self, day: str, identity: str, exchange: Exchange) -> int:
        try:
            self._choose_file(day)
            with (self._folder / self._name).open("ab") as out:
                offset = out.tell()
                writer = _Writer(out, gzip=True, warc_version="1.1")
                make = self._open_record if exchange.is_authority else self._sealed_record
                writer.write_record(make(writer, identity, exchange))
                out.flush()
                os.fsync(out.fileno())
        except OSError as error:
            self._day = ""  # what may be torn now stays the last of its file
            raise OutsideFailed(f"{self._folder}：写不进存证文件（{error.strerror}）") from error
        return offset

    def _open_record(self, writer: RecordBuilder, identity: str, exchange: Exchange) -> object:
        """A `response` record with the bytes as received after transfer decoding."""
        status = StatusAndHeaders(str(exchange.status), _stored_headers(exchange), protocol="HTTP/1.1")
        return writer.create_warc_record(
            exchange.url, "response", payload=io.BytesIO(exchange.body), length=len(exchange.body), http_headers=status,
            warc_headers_dict=_warc_headers(identity, exchange),
        )  # fmt: skip

    def _sealed_record(self, writer: RecordBuilder, identity: str, exchange: Exchange) -> object:
        """A `resource` record that tells nothing but a hash: the address of a citizen's post leads to a person too."""
        if self._cipher is None:
            raise ValueError("sealing needs a key")
        nonce = secrets.token_bytes(_NONCE)
        sealed = nonce + self._cipher.encrypt(nonce, msgspec.msgpack.encode(exchange), identity.encode())
        return writer.create_warc_record(
            f"urn:sha256:{identity}", "resource", payload=io.BytesIO(sealed), length=len(sealed),
            warc_content_type=SEALED, warc_headers_dict=_warc_headers(identity, exchange),
        )  # fmt: skip

    def _choose_file(self, day: str) -> None:
        """The file to write to: this object's own, of this day, not full."""
        if self._day == day and (self._folder / self._name).stat().st_size < self._file_bytes:
            return
        self._name = f"huiying-{day}-{os.getpid()}-{secrets.token_hex(4)}.warc.gz"
        with (self._folder / self._name).open("xb") as out:
            _Writer(out, gzip=True, warc_version="1.1").begin(self._name)
        _sync_folder(self._folder)
        self._day = day

    # --- reading ------------------------------------------------------------------------------------------------------

    def _read(self, stream: BinaryIO) -> Exchange | None:
        """The exchange at the stream's position; ValueError if it is torn or cannot be opened."""
        try:
            record = next(iter(ArchiveIterator(stream)), None)
            if record is None:
                return None
            content = record.content_stream().read()
            if record.rec_headers.get_header("Content-Type") == SEALED:
                return self._unsealed(content, record.rec_headers.get_header("WARC-Huiying-Identity") or "")
            return _exchange(record, content)
        except (ArchiveLoadFailed, EOFError, OSError, InvalidTag, msgspec.MsgspecError) as error:
            raise ValueError(f"capture cannot be read: {type(error).__name__}") from error

    def _unsealed(self, sealed: bytes, identity: str) -> Exchange:
        if self._cipher is None:
            raise ValueError("capture is sealed and no key is configured")
        plain = self._cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], identity.encode())
        return msgspec.msgpack.decode(plain, type=Exchange)


class _Writer(WARCWriter):  # type: ignore[misc]
    """SHA-256 instead of SHA-1 in WARC-Payload-Digest and WARC-Block-Digest."""

    def begin(self, name: str) -> None:
        """The first record of a file: who wrote it, and how."""
        headers = {"WARC-Filename": name}
        self.write_record(
            self.create_warc_record(
                "", "warcinfo", payload=io.BytesIO(_ABOUT), length=len(_ABOUT), warc_headers_dict=headers,
                warc_content_type="application/warc-fields",
            )
        )  # fmt: skip

    @staticmethod
    def _create_digester() -> Digester:
        return Digester("sha256")


class _Kept:
    """Which exchanges of a day are kept where: a text file beside each WARC file, read again as it grows.

    Only an index: a line lost in a crash means that the same exchange would be kept twice, nothing worse.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: dict[str, int] = {}
        self._places: dict[str, tuple[str, int]] = {}
        self._day = ""

    def find(self, day: str, identity: str) -> tuple[str, int] | None:
        if day != self._day:
            self._day, self._read, self._places = day, {}, {}
        if identity not in self._places:
            for path in self._folder.glob(f"huiying-{day}-*.idx"):
                self._catch_up(path)
        return self._places.get(identity)

    def add(self, name: str, identity: str, offset: int) -> None:
        self._places[identity] = name, offset
        with _index_of(self._folder / name).open("a", encoding="ascii") as out:
            out.write(f"{identity} {offset}\n")

    def _catch_up(self, path: Path) -> None:
        done = self._read.get(path.name, 0)
        if path.stat().st_size <= done:
            return
        with path.open("rb") as stream:
            stream.seek(done)
            lines = stream.read()
        whole = lines[: lines.rfind(b"\n") + 1]  # another process may be in the middle of its line
        for line in whole.splitlines():
            identity, _, offset = line.decode("ascii", "replace").partition(" ")
            if offset.isdigit():
                self._places[identity] = path.name.removesuffix(".idx") + ".warc.gz", int(offset)
        self._read[path.name] = done + len(whole)


def _derived(secret: bytes) -> bytes:
    """The cipher's key, of the length it wants, from a secret of any length (RFC 5869)."""
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=b"huiying evidence").derive(secret)


def _identity(exchange: Exchange, digest: str) -> str:
    """What makes two exchanges the same: address, instant and bytes; and whether it may lie open."""
    at = exchange.fetched_at.astimezone(UTC).isoformat(timespec="microseconds")
    return hashlib.sha256(
        f"{exchange.url}\x1f{at}\x1f{digest}\x1f{exchange.is_authority}".encode("utf-8", "surrogatepass")
    ).hexdigest()


def _warc_headers(identity: str, exchange: Exchange) -> dict[str, str]:
    at = exchange.fetched_at.astimezone(UTC)
    digest = hashlib.sha256(exchange.body).hexdigest()
    return {
        "WARC-Record-ID": f"<urn:uuid:{UUID(identity[:32])}>",
        "WARC-Date": at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "WARC-Huiying-SHA256": digest,
        "WARC-Huiying-Identity": identity,
    }


_DECODED = frozenset({"content-encoding", "transfer-encoding", "content-length"})


def _stored_headers(exchange: Exchange) -> list[tuple[str, str]]:
    """Headers as received, except that those that describe the transfer are renamed: the body is kept decoded, and
    every WARC reader would otherwise decode it again."""
    return [
        (f"X-Transfer-{name}" if name.lower() in _DECODED else name, _one_line(value))
        for name, value in exchange.headers
    ]


def _one_line(value: str) -> str:
    return " ".join(value.split())


def _exchange(record: object, body: bytes) -> Exchange:
    headers = record.rec_headers  # type: ignore[attr-defined]
    http = record.http_headers  # type: ignore[attr-defined]
    written, url = headers.get_header("WARC-Date"), headers.get_header("WARC-Target-URI")
    if written is None or url is None or http is None:
        # A byte changed in the packed record may leave something that still unpacks.
        raise ValueError("capture is no exchange")
    at = datetime.fromisoformat(written.replace("Z", "+00:00")).astimezone(SHANGHAI)
    return Exchange(
        url=url, fetched_at=at, status=int(http.get_statuscode()),
        headers=tuple((name.removeprefix("X-Transfer-"), value) for name, value in http.headers), body=body,
        is_authority=True,
    )  # fmt: skip


def _offsets(path: Path) -> Iterator[tuple[int, str]]:
    """Offset and stated payload hash of each whole record."""
    with path.open("rb") as stream:
        records = ArchiveIterator(stream)
        try:
            for record in records:
                stated = record.rec_headers.get_header("WARC-Huiying-SHA256")
                record.content_stream().read()
                if stated:
                    yield records.get_record_offset(), stated
        except (ArchiveLoadFailed, EOFError, OSError):
            return


def _member(stream: BinaryIO) -> bytes:
    """One gzip member from the stream's position."""
    unzip = zlib.decompressobj(31)
    found: list[bytes] = []
    while not unzip.eof and (piece := stream.read(_PIECE)):
        unzip.decompress(piece)
        found.append(piece[: len(piece) - len(unzip.unused_data)])
    if not unzip.eof:
        raise ValueError("the record is torn")
    return b"".join(found)


def _index_of(warc: Path) -> Path:
    return warc.with_name(warc.name.removesuffix(".warc.gz") + ".idx")


def _sync_folder(folder: Path) -> None:
    """A new file's name must survive a power cut too."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
