"""A server on loopback between the store and Elasticsearch, or in its place: the outside, when it is ill."""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

from msgspec import Struct

HEADERS = {"Content-Type": "application/json", "X-Elastic-Product": "Elasticsearch"}


class Asked(Struct, frozen=True):
    """A request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class Answer(Struct, frozen=True):
    status: int
    body: bytes
    headers: dict[str, str]


Answers = Callable[[Asked], Answer | None]
"""None = hangs up without an answer."""


def answer(status: int = 200, body: Any = None, **headers: str) -> Answer:
    return Answer(status, json.dumps(body or {}).encode(), HEADERS | headers)


def version(number: str) -> Answer:
    return answer(body={"version": {"number": number}, "tagline": "You Know, for Search"})


def error(status: int, kind: str, reason: str) -> Answer:
    return answer(status, {"error": {"root_cause": [{"type": kind, "reason": reason}]}, "status": status})


def forwarded(to: str, asked: Asked) -> Answer:
    """What the real server says."""
    place = urlsplit(to)
    connection = http.client.HTTPConnection(str(place.hostname), int(place.port or 80), timeout=30)
    headers = {name: asked.headers[name] for name in ("content-type", "accept") if name in asked.headers}
    connection.request(asked.method, asked.path, asked.body or None, headers)
    response = connection.getresponse()
    told = {name: response.headers[name] for name in ("Content-Type", "X-Elastic-Product") if response.headers[name]}
    found = Answer(response.status, response.read(), told)
    connection.close()
    return found


@contextmanager
def serving(answers: Answers, context: ssl.SSLContext | None = None) -> Iterator[str]:
    """The address of a server that answers so, until the end of the block."""

    class Handler(BaseHTTPRequestHandler):
        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            said = answers(Asked(self.command, self.path, headers, body))
            if said is None:
                self.close_connection = True
                return
            self.send_response(said.status)
            for name, value in {**said.headers, "Content-Length": str(len(said.body))}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(said.body)

        do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = handle_any  # noqa: N815 (http.server's names)

        def log_message(self, *_: object) -> None:
            """Silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield f"{'https' if context else 'http'}://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
