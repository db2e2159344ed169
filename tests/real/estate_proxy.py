"""A web proxy on loopback that takes every host for this computer: a client uses a node's own name, and checks it."""

from __future__ import annotations

import contextlib
import http.client
import selectors
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server
    _upstream: http.client.HTTPConnection | None = None

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_CONNECT(self) -> None:
        """Hand bytes to and fro until one side ends."""
        self.server.asked_for.add(self.path)
        with socket.create_connection(("127.0.0.1", int(self.path.rpartition(":")[2])), timeout=60) as upstream:
            self.send_response(200)
            self.end_headers()
            self.close_connection = True
            with selectors.DefaultSelector() as ready, contextlib.suppress(OSError):
                ready.register(self.connection, selectors.EVENT_READ, upstream)
                ready.register(upstream, selectors.EVENT_READ, self.connection)
                while True:
                    for key, _ in ready.select():
                        data = key.fileobj.recv(65536)  # type: ignore[union-attr]
                        if not data:
                            return
                        key.data.sendall(data)

    def do_POST(self) -> None:
        """Send a request on, always over the same connection: NTLM logs on a connection, not a request."""
        target = urlsplit(self.path)
        self.server.asked_for.add(target.netloc)
        if self._upstream is None:
            self._upstream = http.client.HTTPConnection("127.0.0.1", target.port, timeout=60)
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name: value for name, value in self.headers.items() if name.lower() != "content-length"}
        self._upstream.request("POST", target.path, body, headers)
        response = self._upstream.getresponse()
        answer = response.read()
        self.send_response_only(response.status)
        for name, value in response.getheaders():
            if name.lower() not in ("content-length", "transfer-encoding"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def finish(self) -> None:
        if self._upstream is not None:
            self._upstream.close()
        super().finish()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked_for: set[str] = set()


class EstateProxy:
    """The proxy while the block lasts. `url` is where it is, `asked_for` each `host:port` that it was asked for."""

    def __init__(self) -> None:
        self._server = _Server()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self.asked_for = self._server.asked_for
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
