"""`huiying evidence` and `huiying verify`: one machine issues, another that saw nothing verifies."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import msgspec
import pytest
import yaml
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from stream.core.documents import Entry
from stream.settings import Settings
from tests.cli.conftest import ROOT, Called, call
from tests.proof.exhibits import BLAST, CONFIG, lived, opened

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
WHO = ("--who", "督察科 甲", "--why", "申诉")


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return lived(tmp_path_factory.mktemp("case"))


def configured(folder: Path, **vault: str) -> Path:
    """The demonstration's configuration with these settings of the vault."""
    written = yaml.safe_load(CONFIG.read_text(encoding="utf-8"))
    files = {name: str((CONFIG.parent / path).resolve()) for name, path in written["files"].items()}
    path = folder / "profile.yaml"
    path.write_text(yaml.safe_dump({**written, "files": files, "vault": vault}), encoding="utf-8")
    return path


def issue(case: Settings, out: Path, *words: str, config: Path = CONFIG) -> Called:
    return call(case.data, "evidence", BLAST, "--out", out, *WHO, *words, config=config)


@pytest.fixture(scope="module")
def file(case: Settings, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("issued") / "x.zip"
    assert issue(case, out).code == 0
    return out


def verify(file: Path, *words: str | Path) -> Called:
    """On a machine without data or configuration."""
    return call(file.parent / "nothing", "verify", file, *words, config=file.parent / "none.yaml")


def digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def test_it_is_issued_and_put_on_record(case: Settings, tmp_path: Path) -> None:
    out = tmp_path / "x.zip"
    done = issue(case, out)
    assert (done.code, done.err) == (0, "")
    assert digest(out) in done.out
    with opened(case) as backends:
        entries = [one.item for one in backends.store.listing(Entry).items]
    [entry] = [one for one in entries if isinstance(one, Entry) and one.id in done.out]
    assert (entry.what, entry.who, entry.why) == ("evidence_issued", "督察科 甲", "申诉")
    assert entry.subject.startswith("i-")
    assert entry.value["sha256"] == digest(out)
    assert entry.value["name"] == "x.zip"
    assert datetime.fromisoformat(entry.value["as_of"]).utcoffset() is not None
    assert list(tmp_path.iterdir()) == [out]


def test_issued_twice_it_is_the_same_file(case: Settings, file: Path, tmp_path: Path) -> None:
    assert issue(case, tmp_path / "y.zip").code == 0
    assert (tmp_path / "y.zip").read_bytes() == file.read_bytes()


def test_who_saw_nothing_verifies_it(file: Path) -> None:
    done = verify(file)
    assert done.code == 0, done.err
    assert "CN-24H-PRESSER/strict：超时" in done.out
    assert "内部一致，重新裁定结果相同" in done.out
    assert "未核对摘要、签名或时间戳" in done.out
    assert not (file.parent / "nothing").exists()


def test_in_a_process_of_its_own_without_configuration(file: Path, tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HUIYING_")}
    done = subprocess.run(
        [sys.executable, "-m", "stream", "verify", str(file)], cwd=tmp_path, capture_output=True, text=True,
        check=False, env={**environment, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_digest_seals_it(file: Path) -> None:
    good, bad = verify(file, "--digest", digest(file).upper()), verify(file, "--digest", "0" * 64)
    assert (good.code, bad.code) == (0, 1)
    assert "未核对" not in good.out
    assert "摘要与 --digest 相符" in good.out
    assert "与 --digest 不符" in bad.err
    assert verify(file, "--digest", "abc").code == 2


def test_a_changed_byte_is_refused_naming_the_part(file: Path, tmp_path: Path) -> None:
    content = bytearray(file.read_bytes())
    content[content.index(b"T12:30:00")] ^= 0x01
    changed = tmp_path / "x.zip"
    changed.write_bytes(content)
    done = verify(changed)
    assert (done.code, done.out) == (1, "")
    assert "拒绝：captures.json：" in done.err
    assert "原卷不成立" in done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize("content", [b"", b"no zip", b"%PDF-1.7"])
def test_what_is_no_zip_is_a_usage_error(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.zip").write_bytes(content)
    assert verify(tmp_path / "x.zip").code == 2


def test_another_zip_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_bytes(b"PK\x05\x06" + bytes(18))
    assert verify(tmp_path / "x.zip").code == 2
    (tmp_path / "x.zip").write_bytes(b"PK\x03\x04" + bytes(100))
    assert verify(tmp_path / "x.zip").code == 1


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    assert verify(tmp_path / "x.zip").code == 2
    assert verify(tmp_path).code == 2


def test_as_of(case: Settings, tmp_path: Path) -> None:
    out = tmp_path / "x.zip"
    assert issue(case, out, "--as-of", "2026-03-02T12:00").code == 0
    done = verify(out)
    assert done.code == 0
    assert "截至 2026-03-02 12:00:00+08:00 所知" in done.out
    assert "CN-5H-AUTH/strict：计时中" in done.out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("evidence", "i-none", *WHO), "没有编号"),
        (("evidence", BLAST, *WHO, "--as-of", "bald"), "--as-of"),
        (("evidence", BLAST, *WHO, "--as-of", "2020-01-01"), "还没有这个事件"),
        (("evidence", BLAST, "--who", " ", "--why", "x"), "--who"),
    ],
)
def test_wrong_calls(case: Settings, tmp_path: Path, words: tuple[str, ...], told: str) -> None:
    done = call(case.data, *words, "--out", tmp_path / "x.zip", config=CONFIG)
    assert (done.code, list(tmp_path.iterdir())) == (2, [])
    assert told in done.err


# --- seals ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def signing(tmp_path: Path) -> Path:
    (tmp_path / "signing.pem").write_bytes(KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    (tmp_path / "public.pem").write_bytes(
        KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    return configured(tmp_path, signing_key_file=str(tmp_path / "signing.pem"))


def test_a_signature_seals_it(case: Settings, signing: Path, file: Path, tmp_path: Path) -> None:
    out, public = tmp_path / "x.zip", tmp_path / "public.pem"
    assert issue(case, out, config=signing).code == 0
    assert out.read_bytes() == file.read_bytes()
    done = verify(out, "--key", public)
    assert done.code == 0, done.err
    assert "签名与公钥相符" in done.out
    assert "未核对" not in done.out
    sealed = tmp_path / "x.zip.sig"
    sealed.write_bytes(bytes(64))
    refused = verify(out, "--key", public)
    assert (refused.code, "签名与公钥不符" in refused.err) == (1, True)
    sealed.unlink()
    assert verify(out, "--key", public).code == 2
    assert verify(out, "--key", out).code == 2


def test_a_signature_of_an_earlier_file_goes(case: Settings, signing: Path, tmp_path: Path) -> None:
    out = tmp_path / "x.zip"
    assert issue(case, out, config=signing).code == 0
    assert issue(case, out, "--as-of", "2026-03-02T12:00").code == 0
    assert not (tmp_path / "x.zip.sig").exists()


def test_a_wrong_key_is_a_configuration_error(case: Settings, tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_bytes(b"no key")
    done = issue(case, tmp_path / "x.zip", config=configured(tmp_path, signing_key_file=str(tmp_path / "key.pem")))
    assert done.code == 2
    assert "vault.signing_key_file" in done.err
    assert not (tmp_path / "x.zip").exists()


@pytest.fixture
def silent() -> Iterator[str]:
    """A time-stamping authority that is ill."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            """Silent."""

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_error(503)

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/"
    server.shutdown()
    server.server_close()


def test_an_authority_of_time_that_is_ill(case: Settings, silent: str, file: Path, tmp_path: Path) -> None:
    """The file is written and on record all the same."""
    done = issue(case, tmp_path / "x.zip", config=configured(tmp_path, stamping_url=silent))
    assert (done.code, "时间戳服务没有应答" in done.err) == (3, True)
    assert (tmp_path / "x.zip").read_bytes() == file.read_bytes()


def test_other_rules_are_told(case: Settings, tmp_path: Path) -> None:
    """Where the rule book was changed since the verdict, whoever issues learns of it."""
    config = configured(tmp_path)
    written = yaml.safe_load(config.read_text(encoding="utf-8"))
    book = Path(written["files"]["rules"]).read_text(encoding="utf-8")
    at = book.index("value: 5", book.index("CN-5H-AUTH"))
    (tmp_path / "rules.yaml").write_text(book[:at] + "value: 4" + book[at + 8 :], encoding="utf-8")
    written["files"]["rules"] = str(tmp_path / "rules.yaml")
    config.write_text(yaml.safe_dump(written), encoding="utf-8")
    done = issue(case, tmp_path / "x.zip", config=config)
    assert (done.code, "结果与库中不同" in done.err) == (0, True)
    assert verify(tmp_path / "x.zip").code == 0


def test_the_entry_is_what_the_chain_takes(case: Settings, tmp_path: Path) -> None:
    """It travels like a decision: encoded and read again, it is the same."""
    from stream.core.codec import decode, encode

    issue(case, tmp_path / "x.zip")
    with opened(case) as backends:
        for one in backends.store.listing(Entry).items:
            assert isinstance(one.item, Entry)
            assert decode(encode(one.item)) == one.item
            assert msgspec.structs.asdict(one.item)["value"].keys() == {"sha256", "as_of", "name"}
