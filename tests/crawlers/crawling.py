"""A crawl in a process of its own: an order as JSON on standard input, the outcomes as JSON on standard output.

Our warnings are errors here too; what the libraries themselves warn of is listed.
"""

import sys
import warnings
from pathlib import Path

import msgspec

warnings.simplefilter("error")
for library in ("scrapy", "twisted", "feedparser", "warcio", "zope"):
    warnings.filterwarnings("ignore", module=rf"{library}(\.|$)")

from crawlers import crawl  # noqa: E402
from crawlers.sources import Source  # noqa: E402
from stream.settings import Backend, Settings  # noqa: E402

order = msgspec.json.decode(sys.stdin.buffer.read())
outcomes = crawl(
    Settings(data=Path(order["data"]), backend=Backend(workers=1)),
    [msgspec.convert(source, Source) for source in order["sources"]],
    once=order["once"],
    options=order["options"],
)
sys.stdout.buffer.write(msgspec.json.encode(outcomes))
