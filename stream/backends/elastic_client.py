"""The connection to Elasticsearch: addresses, secrets, patience; every failure leaves here as OutsideFailed."""

from __future__ import annotations

import logging
import os
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from elasticsearch import (
    ApiError,
    ConnectionTimeout,
    Elasticsearch,
    ElasticsearchWarning,
    JsonSerializer,
    TransportError,
)
from msgspec import Struct

from stream.backends.elastic_faults import MAJOR, explained, refused, wrong_version
from stream.errors import OutsideFailed, SettingsError
from stream.settings import Elastic

T = TypeVar("T")

_PATIENCE_S = 30.0
_RETRIED = (429, 502, 503, 504)
_PAUSES_S = (0.1, 0.3, 0.9, 2.0)
"""Between tries: a full queue or a shard that moves is over in seconds; longer outages are the runner's to wait for."""
_BULK_BYTES = 5 << 20
_BULK_ITEMS = 1000
# Failed nodes are told by our exceptions; the library would tell them once more, and once more a try. What a server
# warns of (a feature that will go) concerns who develops this: the tests show it.
logging.getLogger("elastic_transport").setLevel(logging.CRITICAL)
warnings.simplefilter("ignore", ElasticsearchWarning)


class Operation(Struct):
    """One line of a bulk request. `seq` and `term`: only if the document is still the one that was read."""

    action: str
    index: str
    id: str
    document: bytes | None = None
    seq: int | None = None
    term: int | None = None

    def lines(self) -> list[bytes]:
        """As the bulk request spells it."""
        head: dict[str, Any] = {"_index": self.index, "_id": self.id}
        if self.seq is not None:
            head |= {"if_seq_no": self.seq, "if_primary_term": self.term}
        line = msgspec.json.encode({self.action: head})
        return [line] if self.document is None else [line, self.document]


class Outcome(Struct):
    """What became of an operation. `is_doubtful`: an earlier try may have been carried out unseen."""

    status: int
    seq: int = 0
    term: int = 0
    kind: str = ""
    reason: str = ""
    is_doubtful: bool = False

    @property
    def is_done(self) -> bool:
        return self.status < 300


class _Json(JsonSerializer):
    """msgspec reads and writes JSON several times faster."""

    def json_loads(self, data: bytes) -> Any:
        return msgspec.json.decode(data)

    def json_dumps(self, data: Any) -> bytes:
        return msgspec.json.encode(data)


class Client:
    """One thread's connection."""

    def __init__(self, settings: Elastic) -> None:
        self.address = "、".join(settings.addresses)
        options = {**_options(settings), "retry_on_status": _RETRIED, "request_timeout": _PATIENCE_S}
        try:
            self._once = Elasticsearch(settings.addresses, max_retries=0, **options)
        except (ValueError, OSError) as error:
            raise SettingsError(f"elastic：{settings.addresses} 无法使用（{error}）；请写成 http://主机:端口") from None
        self._patient = self._once.options(max_retries=len(_PAUSES_S))
        self._is_checked = False

    def ask(self, call: Callable[[Elasticsearch], T]) -> T:
        """A request that may be repeated: busy or lost nodes are tried again a few times. OutsideFailed at last."""
        self._check()
        try:
            return call(self._patient)
        except (ApiError, TransportError) as error:
            raise explained(error, self.address) from error

    def bulk(self, operations: Sequence[Operation]) -> list[Outcome]:
        """The outcome of each, in order; conflicts are outcomes, busy shards are tried again. OutsideFailed where the
        server cannot be asked: then any part may have been done."""
        self._check()
        outcomes: list[Outcome] = []
        for some in _chunks(operations):
            outcomes += self._insistent(some)
        return outcomes

    def _insistent(self, operations: Sequence[Operation]) -> list[Outcome]:
        """Sends until each has an outcome that another try would not change."""
        outcomes: dict[int, Outcome] = {}
        doubtful: set[int] = set()
        left = list(range(len(operations)))
        for pause_s in (*_PAUSES_S, None):
            answers = self._send([operations[n] for n in left], is_last=pause_s is None)
            if answers is None:
                doubtful.update(left)
            else:
                outcomes.update(zip(left, answers, strict=True))
                left = [n for n in left if _is_busy(outcomes[n])]
            if not left:
                break
            if pause_s is None:
                one = outcomes[left[0]]
                raise OutsideFailed(f"Elasticsearch {self.address} {refused(one.status, one.kind, one.reason)}")
            time.sleep(pause_s)
        for number in doubtful:
            outcomes[number].is_doubtful = True
        return [outcomes[number] for number in range(len(operations))]

    def _send(self, operations: list[Operation], *, is_last: bool) -> list[Outcome] | None:
        """One bulk request; None when it is worth another try and nobody knows what of it was done."""
        # Lines that are ready; the library's types know only what it would write itself.
        lines: Any = [line for operation in operations for line in operation.lines()]
        try:
            answer = self._once.bulk(operations=lines, timeout="10s", filter_path=_TOLD)
        except (ApiError, TransportError) as error:
            is_final = error.meta.status not in _RETRIED if isinstance(error, ApiError) else _is_stall(error)
            if is_last or is_final:
                raise explained(error, self.address) from error
            return None
        return [_outcome(next(iter(item.values()))) for item in answer["items"]]

    def close(self) -> None:
        """Ends the connections."""
        self._once.close()

    def _check(self) -> None:
        """Once: whether this is a server of the right version."""
        if self._is_checked:
            return
        try:
            number = str(self._patient.info()["version"]["number"])
        except (ApiError, TransportError) as error:
            raise explained(error, self.address) from error
        if number.split(".", maxsplit=1)[0] != str(MAJOR):
            raise OutsideFailed(f"Elasticsearch {self.address} {wrong_version(number)}")
        self._is_checked = True


_TOLD = "items.*.status,items.*._seq_no,items.*._primary_term,items.*.error.type,items.*.error.reason"


def _options(settings: Elastic) -> dict[str, Any]:
    options: dict[str, Any] = {
        "connections_per_node": 2, "retry_on_timeout": False, "retry_backoff_base": 0.1, "retry_backoff_cap": 2.0,
        "serializers": {"application/json": _Json()},
    }  # fmt: skip
    if settings.ca_file is not None:
        if not Path(settings.ca_file).is_file():
            raise SettingsError(f"elastic.ca_file：{settings.ca_file} 不存在；请检查路径")
        options["ca_certs"] = settings.ca_file
    if api_key := _secret("HUIYING_ELASTIC_API_KEY", "api_key_file", settings.api_key_file):
        options["api_key"] = api_key
    elif settings.username is not None:
        password = _secret("HUIYING_ELASTIC_PASSWORD", "password_file", settings.password_file)
        if password is None:
            raise SettingsError(
                "elastic.username 有账户而无口令；请设 elastic.password_file 或 HUIYING_ELASTIC_PASSWORD"
            )
        options["basic_auth"] = (settings.username, password)
    return options


def _secret(variable: str, name: str, file: str | None) -> str | None:
    if secret := os.environ.get(variable):
        return secret
    if file is None:
        return None
    try:
        return Path(file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"elastic.{name}：{file} 无法读取（{error}）；请检查路径和权限") from None


def _chunks(operations: Sequence[Operation]) -> Iterator[list[Operation]]:
    """Requests of bounded size: a server refuses more than 100 MB, and holds all of it in memory."""
    some: list[Operation] = []
    size = 0
    for operation in operations:
        more = len(operation.document or b"") + 200
        if some and (size + more > _BULK_BYTES or len(some) == _BULK_ITEMS):
            yield some
            some, size = [], 0
        some.append(operation)
        size += more
    if some:
        yield some


def _outcome(item: dict[str, Any]) -> Outcome:
    error = item.get("error") or {}
    return Outcome(
        status=item["status"], seq=item.get("_seq_no", 0), term=item.get("_primary_term", 0),
        kind=error.get("type", ""), reason=error.get("reason", ""),
    )  # fmt: skip


def _is_stall(error: TransportError) -> bool:
    """The caller has waited long enough; the runner waits on, and the next save knows what was done."""
    return isinstance(error, ConnectionTimeout)


def _is_busy(outcome: Outcome) -> bool:
    """A block is no passing business: trying again for a second does not help."""
    return outcome.status in _RETRIED and outcome.kind != "cluster_block_exception"
