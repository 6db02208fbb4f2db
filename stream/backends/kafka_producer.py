"""Publishing to Kafka: idempotent, acknowledged by all replicas, every send's result looked at, bounded in time and
in bytes on the way."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from typing import Any

from kafka import KafkaProducer, errors
from msgspec import Struct

from stream.backends.kafka_client import REQUEST_S, ms, opened, outside
from stream.backends.kafka_topics import HEADROOM
from stream.settings import Settings

PUBLISH_S = 30.0
"""After so long without an acknowledgement publishing has failed; the library's own limit is two minutes."""
SLICE_BYTES = 4 << 20
"""On the way at once: the library itself would buffer without any bound."""
BATCH_BYTES = 1 << 20
LINGER_MS = 20
"""Only until the end of the slice: a flush sends at once what is there."""


class Send(Struct, frozen=True):
    """One message to one partition."""

    partition: int
    key: bytes | None
    body: bytes


class KafkaPublisher:
    """Opened on first use and again after a failure."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._producer: Any = None

    def publish(self, topic: str, sends: Iterable[Send]) -> None:
        """All of them, in order within a partition, acknowledged when it returns. Raises OutsideFailed."""
        if self._producer is None:
            self._producer = self._opened()
        try:
            self._publish(topic, sends)
        except (errors.KafkaError, OSError, RuntimeError) as error:
            self._drop()
            raise outside(self._settings, error) from error
        except BaseException:
            # Interrupted: what is still on the way must not arrive behind what comes next.
            self._drop()
            raise

    def close(self) -> None:
        """Ends the connection; everything published is acknowledged already."""
        producer, self._producer = self._producer, None
        if producer is not None:
            producer.close(timeout=REQUEST_S)

    def _publish(self, topic: str, sends: Iterable[Send]) -> None:
        waiting: list[Any] = []
        size = 0
        for one in sends:
            waiting.append(self._producer.send(topic, value=one.body, key=one.key, partition=one.partition))
            size += len(one.body)
            if size >= SLICE_BYTES:
                self._settle(waiting)
                waiting, size = [], 0
        self._settle(waiting)

    def _settle(self, waiting: Iterable[Any]) -> None:
        self._producer.flush(timeout=PUBLISH_S)
        for future in waiting:
            future.get(timeout=0)

    def _opened(self) -> Any:
        limit = self._settings.max_page_bytes + HEADROOM
        return opened(
            KafkaProducer,
            self._settings,
            client_id=f"{self._settings.namespace}-producer",
            acks="all",
            enable_idempotence=True,
            compression_type="zstd",
            linger_ms=LINGER_MS,
            batch_size=min(BATCH_BYTES, limit),
            max_request_size=max(BATCH_BYTES, limit),
            max_block_ms=ms(REQUEST_S),
            delivery_timeout_ms=ms(PUBLISH_S),
            allow_auto_create_topics=False,
            metrics_enabled=False,
        )

    def _drop(self) -> None:
        """Forgets everything that is on the way. `close(timeout=0)` alone would raise before it has ended the sender,
        which would then go on sending for half a minute."""
        producer, self._producer = self._producer, None
        producer._sender.force_close()
        producer._sender.join(REQUEST_S)
        with contextlib.suppress(errors.KafkaError):
            producer.close(timeout=0)
