"""What botocore's model of Lambda asks of an answer, held against the raw JSON that was on the wire.

The model is a table: operations with their paths, answers and errors; shapes with their members, which of them are
required, types, lengths, patterns and enumerations. This walks it and knows nothing of any server. A client library's
reading of an answer would not do: it turns a missing member into nothing, and many a wrong type into another one.
"""

import base64
import binascii
import re
from urllib.parse import unquote, urlsplit

import botocore.session

from .exchange import Exchange

MODEL = botocore.session.get_session().get_service_model("lambda")
#: The operations of durable executions, and the Invoke that starts them.
OPERATIONS = [
    operation
    for operation in (MODEL.operation_model(name) for name in MODEL.operation_names)
    if "DurableExecution" in operation.name or operation.name == "Invoke"
]
EVENT_TYPES = MODEL.shape_for("EventType").enum
#: What the model knows and our server has no route for, so that nothing of it can be seen.
WITHOUT_ROUTE = {"PauseDurableExecution", "ResumeDurableExecution", "DeleteDurableExecution"}
#: Events that nothing writes: without its route, nothing is paused.
NOT_WRITTEN = {"ExecutionPaused", "ExecutionResumed"}

#: A difference on purpose: our ARNs are of the region `local`, which is none of AWS's, so that nobody takes one for the
#: other. Patterns are matched as if it were one.
OUR_REGION = (":lambda:local:", ":lambda:eu-west-1:")


def operation_of(exchange: Exchange):
    """The operation that a request was for; None when the model has no such path."""
    segments = urlsplit(exchange.path).path.split("/")
    for operation in OPERATIONS:
        pattern = urlsplit(operation.http["requestUri"]).path.split("/")
        if operation.http["method"] == exchange.method and _same(pattern, segments):
            return operation
    return None


def _same(pattern: list, segments: list) -> bool:
    if len(pattern) != len(segments):
        return False
    return all(part.startswith("{") or part == unquote(segment) for part, segment in zip(pattern, segments, strict=True))


def complaints(exchange: Exchange) -> list:
    """Everything in an answer that is not as the model says."""
    operation = operation_of(exchange)
    if operation is None:
        return [f"{exchange.method} {exchange.path}: no operation of the model"]
    found = list(_error(operation, exchange) if exchange.status >= 400 else _answer(operation, exchange))
    return [f"{operation.name}: {complaint}" for complaint in found]


def _answer(operation, exchange: Exchange):
    # Invoke answers 200, 202 or 204, by the type of the invocation.
    if operation.name != "Invoke" and exchange.status != operation.http.get("responseCode", 200):
        yield f"answered with {exchange.status}, the model says {operation.http.get('responseCode', 200)}"
    shape = operation.output_shape
    if shape is None or "payload" in shape.serialization:
        return
    body = exchange.json()
    if not isinstance(body, dict):
        yield f"the answer is no JSON object: {exchange.answer[:80]!r}"
        return
    yield from structure(shape, body, operation.name)


def _error(operation, exchange: Exchange):
    name = exchange.headers.get("x-amzn-errortype", "").split(":")[0]
    shape = next((shape for shape in operation.error_shapes if shape.name == name), None)
    if shape is None:
        yield f"error {exchange.status} of type {name!r}, which the model does not list"
        return
    status = shape.metadata.get("error", {}).get("httpStatusCode")
    if exchange.status != status:
        yield f"{name} came with {exchange.status}, the model says {status}"
    body = exchange.json()
    if not isinstance(body, dict):
        yield f"the error is no JSON object: {exchange.answer[:80]!r}"
        return
    yield from structure(shape, body, name)
    if not any(body.get(member) for member in ("message", "Message")):
        yield f"{name} has no message"


def structure(shape, value: dict, where: str):
    """Complaints about a structure: a required member is missing, a member has the wrong type or is none of its own."""
    in_body = {
        member.serialization.get("name", name): (name, member)
        for name, member in shape.members.items()
        if member.serialization.get("location") is None
    }
    for wire, (name, _) in in_body.items():
        if name in shape.required_members and value.get(wire) is None:
            yield f"{where}.{wire} is required and missing"
    for wire, content in value.items():
        if wire not in in_body:
            yield f"{where}.{wire} is no member of {shape.name}"
        elif content is not None:
            yield from anything(in_body[wire][1], content, f"{where}.{wire}")
    if shape.name == "Event":
        yield from _event(value, where)


def _event(event: dict, where: str):
    for member in ("EventType", "EventId", "EventTimestamp"):
        if member not in event:
            yield f"{where}.{member} is missing, which every event has"
    details = [member for member in event if member.endswith("Details")]
    expected = f"{event.get('EventType')}Details"
    if details != [expected]:
        yield f"{where} of type {event.get('EventType')} has {details}, expected {expected} alone"


def anything(shape, value, where: str):
    """Complaints about a value of any shape."""
    yield from CHECKS[shape.type_name](shape, value, where)


def _structure(shape, value, where: str):
    if isinstance(value, dict):
        yield from structure(shape, value, where)
    else:
        yield f"{where} is no object: {value!r}"


def _list(shape, value, where: str):
    if not isinstance(value, list):
        yield f"{where} is no list: {value!r}"
        return
    yield from _within(shape, len(value), f"{where} (items)")
    for index, item in enumerate(value):
        yield from anything(shape.member, item, f"{where}[{index}]")


def _string(shape, value, where: str):
    if not isinstance(value, str):
        yield f"{where} is no string: {value!r}"
        return
    yield from _within(shape, len(value), f"{where} (characters)")
    if shape.enum and value not in shape.enum:
        yield f"{where} is {value!r}, which is none of {shape.name}'s values"
    pattern = shape.metadata.get("pattern")
    if pattern and not re.fullmatch(pattern, value.replace(*OUR_REGION)):
        yield f"{where} is {value!r}, which does not match {pattern}"


def _whole(shape, value, where: str):
    if isinstance(value, bool) or not isinstance(value, int):
        yield f"{where} is no integer: {value!r}"
        return
    yield from _within(shape, value, where)


def _number(shape, value, where: str):
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        yield f"{where} is no number: {value!r}"


def _timestamp(shape, value, where: str):
    """Epoch seconds as a number; in milliseconds it would be thousands of years ahead."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        yield f"{where} is no number of seconds: {value!r}"
    elif not 1_500_000_000 < value < 10_000_000_000:
        yield f"{where} is no time in epoch seconds: {value!r}"


def _boolean(shape, value, where: str):
    if not isinstance(value, bool):
        yield f"{where} is no boolean: {value!r}"


def _blob(shape, value, where: str):
    try:
        base64.b64decode(value, validate=True)
    except (TypeError, binascii.Error):
        yield f"{where} is no base64: {value!r}"


def _map(shape, value, where: str):
    if not isinstance(value, dict):
        yield f"{where} is no map: {value!r}"
        return
    for key, content in value.items():
        yield from anything(shape.value, content, f"{where}[{key!r}]")


def _within(shape, size, where: str):
    smallest, largest = shape.metadata.get("min"), shape.metadata.get("max")
    if smallest is not None and size < smallest:
        yield f"{where}: {size} is less than {smallest}"
    if largest is not None and size > largest:
        yield f"{where}: {size} is more than {largest}"


CHECKS = {
    "structure": _structure,
    "list": _list,
    "map": _map,
    "string": _string,
    "integer": _whole,
    "long": _whole,
    "float": _number,
    "double": _number,
    "timestamp": _timestamp,
    "boolean": _boolean,
    "blob": _blob,
}
