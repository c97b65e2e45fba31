"""The workflows of `workflows.json` on the official Python SDK: one Lambda handler per name."""

import json

from aws_durable_execution_sdk_python import (
    CallbackError,
    CallbackTimeoutError,
    ChildContextError,
    DurableContext,
    InvokeError,
    ParallelBranch,
    durable_execution,
)
from aws_durable_execution_sdk_python.config import CallbackConfig, Duration, MapConfig, StepConfig
from aws_durable_execution_sdk_python.retries import RetryDecision, RetryPresets
from aws_durable_execution_sdk_python.waits import WaitForConditionConfig, WaitForConditionDecision

ONE_SECOND = Duration.from_seconds(1)


def returns(value):
    """A step body that gives `value`."""
    return lambda _step: value


def missing(_step):
    """A step body that fails."""
    raise LookupError("no such order")


@durable_execution
def step(event: dict, context: DurableContext) -> str:
    return context.step(returns(f"Hello, {event['name']}"), name="greet")


@durable_execution
def wait(_event: dict, context: DurableContext) -> list:
    before = context.step(returns("before"), name="before")
    context.wait(ONE_SECOND, name="pause")
    return [before, context.step(returns("after"), name="after")]


@durable_execution
def callback(_event: dict, context: DurableContext) -> dict:
    approval = context.create_callback(name="approval", config=CallbackConfig(timeout=Duration.from_minutes(5)))
    return json.loads(approval.result())


@durable_execution
def callback_refused(_event: dict, context: DurableContext) -> str:
    approval = context.create_callback(name="approval")
    try:
        approval.result()
    except CallbackError as error:
        return f"refused: {error.message}"
    return "not refused"


@durable_execution
def callback_late(_event: dict, context: DurableContext) -> str:
    approval = context.create_callback(name="approval", config=CallbackConfig(timeout=ONE_SECOND))
    try:
        approval.result()
    except CallbackTimeoutError:
        return "timed out"
    return "not timed out"


@durable_execution
def wait_for_callback(_event: dict, context: DurableContext) -> str:
    return json.loads(
        context.wait_for_callback(lambda callback_id, _context: print("submitted", callback_id), name="shipment")
    )


@durable_execution
def parallel(_event: dict, context: DurableContext) -> list:
    def middle(branch: DurableContext) -> str:
        branch.wait(ONE_SECOND, name="pause")
        return branch.step(returns("middle"), name="middle")

    branches = [
        ParallelBranch(func=lambda branch: branch.step(returns("left"), name="left"), name="left"),
        ParallelBranch(func=middle, name="middle"),
        ParallelBranch(func=lambda branch: branch.step(returns("right"), name="right"), name="right"),
    ]
    return context.parallel(branches, name="sides").get_results()


@durable_execution
def map(event: dict, context: DurableContext) -> list:
    def square(item_context: DurableContext, item: int, _index: int, _items: list) -> int:
        return item_context.step(returns(item * item), name="square")

    return context.map(event["items"], square, name="squares", config=MapConfig(max_concurrency=2)).get_results()


@durable_execution
def child(_event: dict, context: DurableContext) -> str:
    def outer(outer_context: DurableContext) -> str:
        first = outer_context.step(returns("outer"), name="first")
        outer_context.wait(ONE_SECOND, name="pause")
        second = outer_context.run_in_child_context(
            lambda inner_context: inner_context.step(returns("inner"), name="second"), name="inner"
        )
        return f"{first}({second})"

    return context.run_in_child_context(outer, name="outer")


@durable_execution
def child_failing(_event: dict, context: DurableContext) -> str:
    try:
        context.run_in_child_context(
            lambda inner: inner.step(missing, name="find", config=StepConfig(retry_strategy=RetryPresets.none())),
            name="search",
        )
    except ChildContextError:
        return "caught"
    return "not caught"


@durable_execution
def invoke(event: dict, context: DurableContext) -> dict:
    return {"answer": context.invoke(event["target"], event["payload"], name="ask")}


@durable_execution
def invoke_failing(event: dict, context: DurableContext) -> str:
    try:
        context.invoke(event["target"], event["payload"], name="ask")
    except InvokeError:
        return "caught"
    return "not caught"


@durable_execution
def retry(_event: dict, context: DurableContext) -> str:
    def flaky(step_context) -> str:
        if step_context.attempt < 3:
            raise RuntimeError(f"attempt {step_context.attempt} failed")
        return f"attempt {step_context.attempt}"

    def again(_error: Exception, _attempt: int) -> RetryDecision:
        return RetryDecision.retry(ONE_SECOND)

    return context.step(flaky, name="flaky", config=StepConfig(retry_strategy=again))


@durable_execution
def poll(_event: dict, context: DurableContext) -> int:
    def until_three(state: int, _attempt: int) -> WaitForConditionDecision:
        if state < 3:
            return WaitForConditionDecision.continue_waiting(ONE_SECOND)
        return WaitForConditionDecision.stop_polling()

    config = WaitForConditionConfig(wait_strategy=until_three, initial_state=0)
    return context.wait_for_condition(lambda state, _context: state + 1, config, name="count")


@durable_execution
def failure(_event: dict, context: DurableContext) -> str:
    return context.step(missing, name="find", config=StepConfig(retry_strategy=RetryPresets.none()))
