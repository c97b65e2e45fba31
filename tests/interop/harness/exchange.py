"""A recording proxy on loopback: it hands every request on as it is, prints a line for it, and keeps what was said.

It stands between a client and a service, so that the suites see the raw JSON that went over the wire and not what a
client library made of it. It knows nothing of what is right.
"""

import http.client
import json
import re
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from urllib.parse import unquote, urlsplit

from .loopback import Loopback

HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length"}
ARN = re.compile(r"arn:[^\s\"]*?:function:[^\s\"]*?/durable-execution/([^/\s\"]+)/([^/?\s\"]+)")
TOKEN = re.compile(r"[A-Za-z0-9+][A-Za-z0-9+/]{39,}={0,2}")
LINE = 150


@dataclass(frozen=True)
class Exchange:
    """One request and its answer, as they were on the wire."""

    client: str
    method: str
    path: str
    request: bytes
    status: int
    headers: dict
    answer: bytes

    def json(self):
        """The answer's body; None when it is not JSON."""
        return parsed(self.answer)


def parsed(body: bytes):
    try:
        return json.loads(body)
    except ValueError:
        return None


def shortened(text: str) -> str:
    text = ARN.sub(r"…/\1/\2", unquote(text))
    text = TOKEN.sub("<token>", text)
    return text if len(text) <= LINE else text[: LINE - 1] + "…"


def said(body: bytes) -> str:
    """A body in a few words: the operations of a checkpoint or a state, the events of a history, else its beginning."""
    value = parsed(body)
    if not isinstance(value, dict):
        return shortened(body.decode("utf-8", "replace"))
    if "Updates" in value:
        return "updates " + ", ".join(f"{u.get('Type')} {u.get('Action')}" for u in value["Updates"] or [])
    if "NewExecutionState" in value:
        return said(json.dumps(value["NewExecutionState"]).encode())
    if "Operations" in value:
        return "operations " + ", ".join(f"{o.get('Type')} {o.get('Status')}" for o in value["Operations"])
    if "Events" in value:
        return "events " + ", ".join(event.get("EventType", "?") for event in value["Events"])
    return shortened(json.dumps(value, ensure_ascii=False))


class Proxy(Loopback):
    """Hands requests to `target` (`http://host:port`), which may be set after the proxy has begun to listen."""

    def __init__(self, client: str, target: str | None = None):
        self.client = client
        self.target = target
        self.exchanges: list[Exchange] = []
        #: How many of them somebody has looked at.
        self.walked = 0
        self._lock = threading.Lock()
        super().__init__(_handler(self))

    def record(self, exchange: Exchange):
        line = f"{exchange.client}: {exchange.method} {shortened(exchange.path)}"
        if exchange.request:
            line += f" {said(exchange.request)[:LINE]}"
        line += f" -> {exchange.status} {said(exchange.answer)[:LINE]}"
        with self._lock:
            self.exchanges.append(exchange)
            print("    " + line, flush=True)


def _handler(proxy: Proxy):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def relay(self):
            body = self._body()
            target = urlsplit(proxy.target)
            connection = http.client.HTTPConnection(target.hostname, target.port, timeout=1000)
            headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP_BY_HOP}
            headers["Content-Length"] = str(len(body))
            try:
                connection.request(self.command, self.path, body, headers)
                answer = connection.getresponse()
                content = answer.read()
            except OSError as error:
                self.close_connection = True
                print(f"    {proxy.client}: {self.command} {shortened(self.path)} -> no answer: {error}", flush=True)
                return
            finally:
                connection.close()
            # Recorded first: whoever has the answer finds the exchange.
            answered = {name.lower(): value for name, value in answer.getheaders()}
            proxy.record(Exchange(proxy.client, self.command, self.path, body, answer.status, answered, content))
            self.send_response_only(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in HOP_BY_HOP:
                    self.send_header(name, value)
            if answer.status != 204:
                self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_DELETE = relay

        def _body(self) -> bytes:
            if "chunked" in self.headers.get("Transfer-Encoding", ""):
                content = b""
                while size := int(self.rfile.readline().split(b";")[0], 16):
                    content += self.rfile.read(size)
                    self.rfile.readline()
                self.rfile.readline()
                return content
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))

        def log_message(self, *_arguments):
            pass

    return Handler
