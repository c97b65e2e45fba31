"""A function that does what a test says: a Lambda Invoke endpoint on loopback that hands its events to the test.

With it a test holds the checkpoint token, and plays the SDK itself by way of a client library.
"""

import json
import queue
from http.server import BaseHTTPRequestHandler

from .client import PATIENCE
from .loopback import Loopback

PENDING = {"Status": "PENDING"}


def succeeded(result) -> dict:
    """The answer of a function that is done."""
    return {"Status": "SUCCEEDED", "Result": json.dumps(result)}


class Scripted(Loopback):
    """Takes one invocation at a time: `event` waits for it, `answer` ends it."""

    def __init__(self):
        self._events = queue.Queue()
        self._answers = queue.Queue()
        super().__init__(_handler(self))

    def event(self) -> dict:
        """The event of the next invocation."""
        return self._events.get(timeout=PATIENCE)

    def answer(self, response: dict):
        """What the invocation ends with."""
        self._answers.put(response)


def _handler(scripted: Scripted):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            event = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            scripted._events.put(event)
            body = json.dumps(scripted._answers.get(timeout=PATIENCE)).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments):
            pass

    return Handler
