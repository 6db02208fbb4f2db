"""A crawl in a process of its own: an order as JSON on standard input, the outcomes as JSON on standard output.

`away`: while this file exists, the bus does not answer; bus and store then share no transaction, as in a cluster.

Our warnings are errors here too; what the libraries themselves warn of is listed.
"""

import sys
import warnings
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

import msgspec

warnings.simplefilter("error")
for library in ("scrapy", "twisted", "feedparser", "warcio", "zope"):
    warnings.filterwarnings("ignore", module=rf"{library}(\.|$)")

from crawlers.process import publisher_of, run  # noqa: E402
from crawlers.sources import Source  # noqa: E402
from stream.backends import open_backends  # noqa: E402
from stream.errors import OutsideFailed  # noqa: E402
from stream.ports import Backends, Outgoing  # noqa: E402
from stream.settings import Backend, Settings  # noqa: E402

order = msgspec.json.decode(sys.stdin.buffer.read())


def opening(settings: Settings) -> Backends:
    backends = open_backends(settings)
    if order.get("refuses"):

        def refuse(topic: str) -> int:
            raise OutsideFailed("连不上总线")

        backends.bus.partitions = refuse  # type: ignore[method-assign]
    if "away" in order:
        whole = backends.bus.publish

        def publish(topic: str, outgoing: Sequence[Outgoing]) -> None:
            if Path(order["away"]).exists():
                raise OutsideFailed("总线没有应答")
            whole(topic, outgoing)

        backends.bus.publish = publish  # type: ignore[method-assign]
        backends.together = nullcontext  # type: ignore[method-assign]
        backends.is_atomic = False
    return backends


settings = Settings(
    data=Path(order["data"]), backend=Backend(workers=1), max_page_bytes=order.get("page_bytes", 4 << 20)
)
outcomes = run(
    settings,
    [msgspec.convert(source, Source) for source in order["sources"]],
    publisher_of(settings, opening=opening),
    once=order["once"],
    options=order["options"],
)
sys.stdout.buffer.write(msgspec.json.encode(outcomes))
