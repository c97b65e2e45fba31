"""Cases against our server: a server per class, a recording proxy per side, every answer held against the model.

Clients and functions both reach the server through a proxy of their own, so that a suite prints what was exchanged and
the raw JSON of every answer is there to be walked.
"""

import json
import shlex
import tempfile
import unittest
from pathlib import Path

from .client import lambda_client
from .exchange import Proxy
from .model_walk import complaints
from .programs import INTEROP, NODE, NODE_FOLDER, PYTHON, Server, official_rust
from .workflows import WORKFLOWS


def python_function(workflow: str) -> str:
    """The command of a workflow on the official Python SDK, run by AWS's own runtime interface client."""
    return (
        f"cd {shlex.quote(str(INTEROP / 'python'))} && exec {shlex.quote(PYTHON)} -m awslambdaric workflows.{workflow}"
    )


def javascript_function(workflow: str) -> str:
    """The command of a workflow on the official JavaScript SDK."""
    return f"cd {shlex.quote(str(NODE_FOLDER))} && exec {shlex.quote(str(NODE))} bootstrap.mjs {workflow}"


def rust_preview_function(workflow: str) -> str:
    """The command of a workflow on the official Rust preview."""
    return f"exec {shlex.quote(str(official_rust('interop-preview')))} {workflow}"


class OnOurServer(unittest.TestCase):
    """Starts `serve` with `functions` (commands by name) before the first case and ends it after the last."""

    #: Who the functions are, in the printed lines.
    functions_are = "function"
    functions: dict = {}
    options: tuple = ()

    @classmethod
    def setUpClass(cls):
        cls.from_clients = Proxy("boto3")
        cls.from_functions = Proxy(cls.functions_are)
        cls.addClassCleanup(cls.from_clients.close)
        cls.addClassCleanup(cls.from_functions.close)
        scratch = tempfile.TemporaryDirectory(prefix="interop-")
        cls.addClassCleanup(scratch.cleanup)
        cls.store = Path(scratch.name) / "store.db"
        cls.server = cls.serve()
        cls.addClassCleanup(lambda: cls.server.stop())
        cls.client = lambda_client(cls.from_clients.url)

    @classmethod
    def serve(cls, *more: str) -> Server:
        """Starts a server on the class's store and points the proxies at it."""
        by_proxy = f"export AWS_ENDPOINT_URL_LAMBDA={cls.from_functions.url}; "
        functions = {
            name: command if command.startswith("http://") else by_proxy + command
            for name, command in cls.functions.items()
        }
        server = Server(cls.__name__, functions, *cls.options, *more, store=cls.store)
        cls.from_clients.target = cls.from_functions.target = server.url
        return server

    def tearDown(self):
        wrong = [complaint for proxy in (self.from_clients, self.from_functions) for complaint in self.walked(proxy)]
        self.assertEqual(wrong, [], "answers that are not as botocore's model of Lambda says")

    @staticmethod
    def walked(proxy: Proxy) -> list:
        """Complaints about what has come since the last case; what comes meanwhile is the next one's."""
        exchanges = proxy.exchanges[proxy.walked :]
        proxy.walked += len(exchanges)
        return [complaint for exchange in exchanges for complaint in complaints(exchange)]

    def start(self, function: str, event, **more) -> str:
        """Starts an execution by an asynchronous Invoke; gives its ARN."""
        answer = self.client.invoke(
            FunctionName=f"{function}:$LATEST", InvocationType="Event", Payload=json.dumps(event).encode(), **more
        )
        self.assertEqual(answer["StatusCode"], 202)
        return answer["DurableExecutionArn"]


def workflows_of(prefix: str, command) -> dict:
    """The commands of all workflows of one SDK, under names that begin with `prefix`."""
    return {f"{prefix}-{workflow}": command(workflow) for workflow in WORKFLOWS}
