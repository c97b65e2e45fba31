"""The official Python emulator: its server on loopback, and executions started by its own route."""

import json
import re
import socket
import urllib.request
import uuid
from pathlib import Path

from .client import until
from .programs import PYTHON, REGION, Program, environment

ACCOUNT = "123456789012"


def free_port() -> int:
    """A port that nobody listens on: the emulator cannot be asked which one it got."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Emulator(Program):
    """`dex-local-runner start-server`, which invokes functions at `lambda_endpoint`, a Lambda Invoke endpoint."""

    def __init__(self, name: str, lambda_endpoint: str, durable: list, plain: tuple = ()):
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        functions = {function: {"DurableConfig": {"ExecutionTimeout": 300}} for function in durable}
        functions |= {function: {} for function in plain}
        command = [
            Path(PYTHON).parent / "dex-local-runner", "start-server",
            "--host", "127.0.0.1", "--port", port,
            "--lambda-endpoint", lambda_endpoint,
            "--local-runner-endpoint", self.url,
            "--local-runner-region", REGION,
            "--function-configs", json.dumps(functions),
        ]  # fmt: skip
        super().__init__(name, command, environment())
        until("the emulator's server", self._answers)

    def _answers(self):
        if self.process.poll() is not None:
            raise RuntimeError(f"the emulator has ended; it said:\n{self.output}")
        try:
            with urllib.request.urlopen(f"{self.url}/health", timeout=5) as answer:
                return answer.status
        except OSError:
            return None

    def start(self, function: str, event, url: str | None = None) -> str:
        """Starts an execution of `function`, by way of `url` if that is another way to the emulator; gives its ARN."""
        start = {
            "AccountId": ACCOUNT,
            "FunctionName": function,
            "FunctionQualifier": "$LATEST",
            "ExecutionName": f"{re.sub('[^a-zA-Z0-9-]', '-', function)}-{uuid.uuid4().hex[:8]}",
            "ExecutionTimeoutSeconds": 300,
            "ExecutionRetentionPeriodDays": 1,
            "InvocationId": str(uuid.uuid4()),
            "Input": json.dumps(event),
        }
        request = urllib.request.Request(
            f"{url or self.url}/start-durable-execution",
            json.dumps(start).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)["ExecutionArn"]
