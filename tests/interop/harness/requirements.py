"""The conformance functions of `conformance.json`, driven on any service: what goes in, what is answered, what comes.

Knows nothing of which service it is, nor of what is right.
"""

import json
from dataclasses import dataclass

from .client import ended, history, until
from .programs import INTEROP

REQUIREMENTS = json.loads((INTEROP / "conformance.json").read_text())


@dataclass(frozen=True)
class Outcome:
    """How an execution ended, and by which events it got there."""

    status: str
    result: object
    error: dict
    events: list

    @property
    def operations(self) -> list:
        """The events of operations: how often it was invoked is the service's own affair."""
        return [event for event in self.events if event != "InvocationCompleted"]


def drive(client, arn: str, requirement: dict) -> Outcome:
    """Answers the callbacks of a started execution, waits for its end and tells of it."""
    answered: list = []
    for answer in requirement.get("answers", []):
        callback = _open(client, arn, answer.get("callback"), answered)
        if "heartbeat" in answer:
            client.send_durable_execution_callback_heartbeat(CallbackId=callback)
            continue
        answered.append(callback)
        if "success" in answer:
            body = json.dumps(answer["success"]).encode()
            client.send_durable_execution_callback_success(CallbackId=callback, Result=body)
        else:
            client.send_durable_execution_callback_failure(CallbackId=callback, Error=answer["failure"])
    execution = ended(client, arn)
    result = execution.get("Result")
    return Outcome(
        status=execution["Status"],
        result=json.loads(result) if result else None,
        error=execution.get("Error", {}),
        events=[event["EventType"] for event in history(client, arn)],
    )


def _open(client, arn: str, name: str | None, answered: list) -> str:
    """The id of a callback that is open: the one of that name, or any. It is answered only when its function has let go
    of it, so that every service tells the same story."""

    def probe():
        events = history(client, arn)
        started = [
            event for event in events if event["EventType"] == "CallbackStarted" and name in (None, event.get("Name"))
        ]
        open_ones = [event["CallbackStartedDetails"]["CallbackId"] for event in started]
        open_ones = [callback for callback in open_ones if callback not in answered]
        last = started[-1]["EventId"] if started else 0
        suspended = any(event["EventType"] == "InvocationCompleted" and event["EventId"] > last for event in events)
        return open_ones[0] if open_ones and suspended else None

    return until(f"a callback of {arn}", probe)
