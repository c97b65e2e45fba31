"""The workflows of `workflows.json`, driven by their names: what goes in, what is answered, what has to come out.

Every SDK's suite is a class of these tests. They know how executions are looked at and nothing of the SDK.
"""

import json
import unittest
from collections import Counter

from .client import ended, history, open_callback
from .programs import INTEROP

WORKFLOWS = json.loads((INTEROP / "workflows.json").read_text())
#: Events of the execution and its invocations: how many of the latter there are is the SDK's own affair.
FRAME = {"ExecutionStarted", "ExecutionSucceeded", "ExecutionFailed", "InvocationCompleted"}


class Workflows:
    """Tests of one SDK; mixed into a `unittest.TestCase` that sets `client` and says how an execution is started."""

    client = None

    def start(self, workflow: str, event: dict) -> str:
        """Starts an execution and gives its ARN."""
        raise NotImplementedError

    def target(self, workflow: str) -> str:
        """The name by which a workflow invokes another one."""
        raise NotImplementedError

    def drive(self, name: str):
        expected = WORKFLOWS[name]
        event = dict(expected["input"])
        if "target" in event:
            event["target"] = self.target(event["target"])
        arn = self.start(name, event)
        if "answer" in expected:
            self.answer(arn, expected["answer"])
        execution = ended(self.client, arn)
        events = history(self.client, arn)
        self.show(name, execution, events)
        self.judge(expected, execution, events)

    def answer(self, arn: str, answer: dict):
        callback = open_callback(self.client, arn)
        if "success" in answer:
            body = json.dumps(answer["success"]).encode()
            self.client.send_durable_execution_callback_success(CallbackId=callback, Result=body)
        else:
            self.client.send_durable_execution_callback_failure(CallbackId=callback, Error=answer["failure"])

    def show(self, name: str, execution: dict, events: list):
        for event in events:
            print(f"    {name}: {event['EventId']:>2} {event['EventType']} {event.get('Name', '')}".rstrip())
        print(f"    {name}: {execution['Status']} {execution.get('Result', execution.get('Error'))}", flush=True)

    def judge(self, expected: dict, execution: dict, events: list):
        assert isinstance(self, unittest.TestCase)
        status = expected.get("status", "SUCCEEDED")
        self.assertEqual(execution["Status"], status, execution)
        if status == "SUCCEEDED":
            self.assertEqual(json.loads(execution["Result"]), expected["result"])
        else:
            self.assertIn(expected["message"], execution["Error"]["ErrorMessage"])
        self.assertEqual([event["EventId"] for event in events], list(range(1, len(events) + 1)))
        self.assertEqual(events[0]["EventType"], "ExecutionStarted")
        self.assertEqual(events[-1]["EventType"], "ExecutionSucceeded" if status == "SUCCEEDED" else "ExecutionFailed")
        operations = [event["EventType"] for event in events if event["EventType"] not in FRAME]
        if expected.get("concurrent"):
            self.assertEqual(Counter(operations), Counter(expected["events"]))
        else:
            self.assertEqual(operations, expected["events"])


def _test(name: str, says: str):
    def test(self):
        self.drive(name)

    test.__name__ = "test_" + says.replace(" ", "_").replace(",", "")
    return test


for _name, _workflow in WORKFLOWS.items():
    _method = _test(_name, _workflow["says"])
    setattr(Workflows, _method.__name__, _method)
