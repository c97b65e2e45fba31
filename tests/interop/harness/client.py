"""boto3 clients for an endpoint on loopback, and executions driven by them."""

import io
import time

import boto3
from botocore.config import Config

from .programs import CREDENTIALS, REGION

#: How long anything may take that a suite waits for. Never asserted: it only ends a test that would hang.
PATIENCE = 90
LOOKS_EVERY = 0.1


def lambda_client(endpoint: str):
    """A client without retries, so that each call is one exchange."""
    return boto3.client(
        "lambda",
        endpoint_url=endpoint,
        region_name=REGION,
        aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        config=Config(retries={"max_attempts": 0}, connect_timeout=5, read_timeout=PATIENCE),
    )


def until(what: str, probe):
    """The first value of `probe` that is not None."""
    ends = time.monotonic() + PATIENCE
    while (found := probe()) is None:
        if time.monotonic() > ends:
            raise TimeoutError(f"{what} has not come in {PATIENCE} seconds")
        time.sleep(LOOKS_EVERY)
    return found


def ended(client, arn: str) -> dict:
    """The execution, as soon as it has ended."""

    def probe():
        execution = client.get_durable_execution(DurableExecutionArn=arn)
        return None if execution["Status"] == "RUNNING" else execution

    return until(f"the end of {arn}", probe)


def history(client, arn: str) -> list:
    """All events, oldest first."""
    pages = client.get_paginator("get_durable_execution_history").paginate(
        DurableExecutionArn=arn, IncludeExecutionData=True
    )
    return [event for page in pages for event in page["Events"]]


def open_callback(client, arn: str) -> str:
    """The id of the callback that the execution waits for, as soon as the function has let go of it."""

    def probe():
        events = history(client, arn)
        started = [
            event["CallbackStartedDetails"]["CallbackId"] for event in events if event["EventType"] == "CallbackStarted"
        ]
        suspended = any(event["EventType"] == "InvocationCompleted" for event in events)
        return started[0] if started and suspended else None

    return until(f"a callback of {arn}", probe)


def payload(answer: dict) -> bytes:
    """The body of an Invoke's answer."""
    body = answer["Payload"]
    return body.read() if hasattr(body, "read") else io.BytesIO(body).read()
