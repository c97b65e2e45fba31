"""An HTTP server of the tests' own on a free loopback port, from its making to `close`. Knows nothing of what it answers."""

import threading
from http.server import ThreadingHTTPServer


class Loopback:
    """Serves requests by a handler class, each in a thread of its own."""

    def __init__(self, handler):
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        host, port = self._server.server_address
        return f"http://{host}:{port}"

    def close(self):
        self._server.shutdown()
        self._server.server_close()
