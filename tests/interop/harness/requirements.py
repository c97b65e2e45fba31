"""Conformance requirements, read from where they lie and driven on any service: what goes in, what is answered, what comes.

They are no part of this repository. Knows nothing of which service it is, nor of what is right.
"""

import json
import os
import random
import re
import string
from dataclasses import dataclass
from pathlib import Path

import yaml

from .client import ended, history, until
from .programs import REPOSITORY

#: Beside the repository, or where the variable says.
FOLDER = Path(os.environ.get("CONFORMANCE_REQUIREMENTS", REPOSITORY.parent / "shared" / "conformance" / "requirements"))
ABSENT = f"left out: the conformance requirements are not in {FOLDER}; CONFORMANCE_REQUIREMENTS=DIR names their folder"
#: What a service cannot be judged by from outside: plugins, logs, and (1-13) the pauses of a minute and more between attempts.
UNSEEN = {"plugin", "1-7", "1-13"}

#: Functions of some requirements with inputs of our own, so that services are compared where the requirements are not given.
SELECTION = {
    "1-1": {"input": "Ada", "status": "SUCCEEDED", "result": "Hello, Ada!"},
    "1-11": {"input": None, "status": "SUCCEEDED", "result": "Operation succeeded"},
    "1-12": {"input": None, "status": "FAILED"},
    "2-3": {"input": None, "status": "SUCCEEDED", "result": {"completedWaits": 2}},
    "3-1": {"input": "inside", "status": "SUCCEEDED", "result": "inside"},
    "4-1": {
        "input": "question",
        "status": "SUCCEEDED",
        "answers": [{"callback": "question", "success": "yes"}],
        "result": "yes",
    },
    "4-3": {"input": "question", "status": "FAILED"},
    "4-6": {
        "input": "question",
        "status": "FAILED",
        "answers": [{"callback": "question", "failure": {"ErrorType": "No", "ErrorMessage": "not this time"}}],
    },
    "5-1": {"input": {"tea": ["assam", 2]}, "status": "SUCCEEDED", "result": {"tea": ["assam", 2]}},
    "5-5": {"input": None, "status": "FAILED"},
    "5-8": {"input": {"tenantId": "shop-1", "payload": "tea"}, "status": "SUCCEEDED", "result": "tea"},
    "6-1": {"input": 2, "status": "SUCCEEDED", "result": 2},
    "7-1": {"input": "question", "status": "SUCCEEDED", "answers": [{"success": "yes"}], "result": "yes"},
    "8-1": {"input": None, "status": "SUCCEEDED", "result": ["task-1", "task-2"]},
    "9-1": {"input": ["Ada", "Bo"], "status": "SUCCEEDED", "result": ["Hello, Ada!", "Hello, Bo!"]},
}


def identities() -> list:
    """The ids of all requirements there are; none without the folder."""
    return sorted(path.stem for path in FOLDER.glob("*/*.yaml"))


def comparable() -> dict:
    """What goes in and what has to come out, by id, of the requirements that two services can be compared by."""
    found = {}
    for path in sorted(FOLDER.glob("*/*.yaml")):
        text = path.read_text()
        if UNSEEN & {path.parent.name, path.stem} or "Runtime.ExitError" in text:
            continue
        stated = yaml.safe_load(text)
        names = {name: _generated(str(pattern)) for name, pattern in (stated.get("Variables") or {}).items()}
        stated = _filled(stated, names)
        if "ExpectedResult" in stated:
            expected = stated["ExpectedResult"]
            found[path.stem] = {
                "input": stated.get("Input"),
                "status": expected["ExecutionStatus"],
                "answers": [_answer(action) for action in stated.get("CallbackActions") or []],
                **({"result": expected["Result"]} if "Result" in expected else {}),
            }
    return found


def _generated(pattern: str) -> str:
    letters = re.fullmatch(r"\$\{GEN_STR:(\d+)\}", pattern)
    return "".join(random.choices(string.ascii_lowercase, k=int(letters[1]))) if letters else pattern


def _filled(value, names: dict):
    if isinstance(value, dict):
        return {key: _filled(member, names) for key, member in value.items()}
    if isinstance(value, list):
        return [_filled(member, names) for member in value]
    if isinstance(value, str):
        return re.sub(r"\$\{(\w+)\}", lambda name: names.get(name[1], name[0]), value)
    return value


def _answer(action: dict) -> dict:
    name = action["CallbackName"]
    return {"callback": None if name == "*" else name, action["Operation"]: action.get("Payload")}


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
