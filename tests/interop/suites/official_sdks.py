"""The official SDKs against our server: their functions run as processes, their executions are looked at with boto3."""

import json

from harness.client import payload
from harness.ours import OnOurServer, javascript_function, python_function, rust_preview_function, workflows_of
from harness.workflows import Workflows


class OnTheirBehalf(Workflows):
    """Executions are started by an asynchronous Invoke through our server."""

    prefix = ""

    def start(self, workflow: str, event: dict) -> str:
        return OnOurServer.start(self, f"{self.prefix}-{workflow}", event)

    def target(self, workflow: str) -> str:
        return f"{self.prefix}-{workflow}:$LATEST"


class OfficialPythonSdk(OnTheirBehalf, OnOurServer):
    """aws-durable-execution-sdk-python, run by awslambdaric."""

    prefix = "python"
    functions_are = "python function"
    functions = workflows_of(prefix, python_function)


class OfficialJavaScriptSdk(OnTheirBehalf, OnOurServer):
    """@aws/durable-execution-sdk-js, run by a custom runtime of a few lines."""

    prefix = "javascript"
    functions_are = "javascript function"
    functions = workflows_of(prefix, javascript_function)


class OfficialRustPreview(OnTheirBehalf, OnOurServer):
    """aws-durable-execution-sdk 0.1.0, a custom runtime in one binary."""

    prefix = "rust"
    functions_are = "rust preview function"
    functions = workflows_of(prefix, rust_preview_function)


class EachOther(OnOurServer):
    """Functions of different SDKs that invoke each other: nothing on the wire says who wrote a function."""

    functions_are = "function"
    functions = {
        "python-step": python_function("step"),
        "python-invoke": python_function("invoke"),
        "javascript-step": javascript_function("step"),
        "javascript-invoke": javascript_function("invoke"),
        "rust-step": rust_preview_function("step"),
        "rust-invoke": rust_preview_function("invoke"),
    }

    def call(self, caller: str, target: str):
        event = {"target": f"{target}:$LATEST", "payload": {"name": target}}
        answer = self.client.invoke(FunctionName=f"{caller}:$LATEST", Payload=json.dumps(event).encode())
        self.assertNotIn("FunctionError", answer)
        self.assertEqual(json.loads(payload(answer)), {"answer": f"Hello, {target}"})

    def test_a_python_function_invokes_a_javascript_one(self):
        self.call("python-invoke", "javascript-step")

    def test_a_javascript_function_invokes_a_rust_one(self):
        self.call("javascript-invoke", "rust-step")

    def test_a_rust_function_invokes_a_python_one(self):
        self.call("rust-invoke", "python-step")
