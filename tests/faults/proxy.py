"""Between client and store: answers that fail, break off, come late or not at all, by a seed."""

from __future__ import annotations

import http.client
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import urlsplit

_REFUSALS = {
    "unavailable": (503, "SlowDown", "Please reduce your request rate."),
    "internal": (500, "InternalError", "We encountered an internal error. Please try again."),
    "expired": (400, "ExpiredToken", "The provided token has expired."),
    "read-only": (403, "AccessDenied", "Access Denied"),
}

RANDOM = ("unavailable", "internal", "broken", "late")


class FaultyStore:
    """A proxy before the store at `target`.

    `rate`: share of requests that meet one of RANDOM. `always`: what all requests meet, or, with
    `only`, those of these HTTP methods. `met`: how often each has happened.
    """

    def __init__(self, target: str, seed: int = 0, rate: float = 0.0) -> None:
        self.target = urlsplit(target)
        self.rate = rate
        self.always: str | None = None
        self.only: tuple[str, ...] = ()
        self.late_s = 1.0
        self.met: Counter[str] = Counter()
        self._random = random.Random(seed)
        self._lock = threading.Lock()
        self._server = self._listen(0)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def fault(self, method: str) -> str | None:
        """What this request meets."""
        with self._lock:
            found = self.always if not self.only or method in self.only else None
            if found is None and self._random.random() < self.rate:
                found = self._random.choice(RANDOM)
            if found:
                self.met[found] += 1
            return found

    def away(self, seconds: float) -> None:
        """Listen to nobody for a while: connections are refused."""
        port = self._server.server_port
        self._close()
        self.met["away"] += 1
        time.sleep(seconds)
        self._server = self._listen(port)

    def _listen(self, port: int) -> ThreadingHTTPServer:
        handler = type("Handler", (_Handler,), {"proxy": self})
        server = _Server(("127.0.0.1", port), handler)
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        return server

    def _close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients are killed in the midst of requests: nothing to tell."""


@contextmanager
def faulty(target: str, seed: int = 0, rate: float = 0.0) -> Iterator[FaultyStore]:
    """A proxy that listens while one is inside."""
    proxy = FaultyStore(target, seed, rate)
    try:
        yield proxy
    finally:
        proxy._close()


class _Handler(BaseHTTPRequestHandler):
    proxy: ClassVar[FaultyStore]
    protocol_version = "HTTP/1.1"

    def _forward(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        fault = self.proxy.fault(self.command)
        if fault in _REFUSALS:
            self._refuse(*_REFUSALS[fault])
        elif fault == "silent":
            time.sleep(3600)
        else:
            time.sleep(self.proxy.late_s if fault == "late" else 0)
            self._answer(body, broken=fault == "broken")

    do_GET = do_PUT = do_HEAD = do_POST = do_DELETE = _forward

    def _refuse(self, status: int, code: str, words: str) -> None:
        text = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>{words}</Message></Error>"
        self.send_response(status)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(text.encode())

    def _answer(self, body: bytes, *, broken: bool) -> None:
        """The store's own answer; broken off, or the request done and its answer lost."""
        target = self.proxy.target
        store = http.client.HTTPConnection(target.hostname or "", target.port, timeout=60)
        try:
            store.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                store.putheader(name, value)
            store.endheaders(body or None)
            answer = store.getresponse()
            content = answer.read()
        except OSError:
            self.close_connection = True  # the store is away: so is this
            return
        finally:
            store.close()
        self.send_response_only(answer.status, answer.reason)
        for name, value in answer.getheaders():
            if name.lower() not in ("transfer-encoding", "connection", "content-length"):
                self.send_header(name, value)
        length = answer.getheader("Content-Length") if self.command == "HEAD" else len(content)
        if answer.status != 204:
            self.send_header("Content-Length", str(length or 0))
        if broken:
            content, self.close_connection = content[: len(content) // 2], True
            if self.command != "GET":
                return
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Nothing is logged."""
