"""Every event that can be written is written, every route is called, and each answer is as botocore's model says."""

from harness.client import ended, history, open_callback, until
from harness.model_walk import EVENT_TYPES, NOT_WRITTEN, OPERATIONS, WITHOUT_ROUTE, operation_of
from harness.ours import OnOurServer, python_function
from harness.scripted import PENDING, Scripted, succeeded

WHY = {"ErrorType": "No", "ErrorMessage": "no", "ErrorData": "of no use", "StackTrace": ["a line", "and another"]}
ENDING_BY_THEMSELVES = {
    "step": {"name": "Ada"},
    "wait": {},
    "child": {},
    "child_failing": {},
    "retry": {},
    "failure": {},
    "callback_late": {},
    "invoke": {"target": "step:$LATEST", "payload": {"name": "Ada"}},
    "invoke_failing": {"target": "failure:$LATEST", "payload": {}},
}


class EventTypes(OnOurServer):
    """Executions that end in every way there is, on one store that a second server goes on with."""

    functions_are = "python function"

    @classmethod
    def setUpClass(cls):
        cls.scripted = Scripted()
        cls.addClassCleanup(cls.scripted.close)
        cls.functions = {
            name: python_function(name) for name in ("callback", "callback_refused", *ENDING_BY_THEMSELVES)
        }
        # A program that ends without having asked for an invocation.
        cls.functions["crashing"] = "exit 3"
        cls.functions["scripted"] = cls.scripted.url
        super().setUpClass()

    def test_every_event_type_is_written_and_is_as_the_model_says(self):
        arns = [self.start(function, event) for function, event in ENDING_BY_THEMSELVES.items()]
        arns += [self.start("crashing", {}), self.succeeded(), self.refused(), self.cancelled()]
        arns += [*self.stopped(), *self.timed_out()]
        events = []
        for arn in arns:
            ended(self.client, arn)
            events += history(self.client, arn)
        seen = {event["EventType"] for event in events}
        print(f"    seen: {', '.join(sorted(seen))}")
        print(f"    not written by our server, and so not seen: {', '.join(sorted(NOT_WRITTEN))}")
        self.assertEqual(seen, set(EVENT_TYPES) - NOT_WRITTEN)
        self.with_and_without_an_error(events)
        self.every_route()

    def succeeded(self) -> str:
        """An execution whose callback is kept alive and then succeeds."""
        arn = self.start("callback", {})
        callback = open_callback(self.client, arn)
        self.client.send_durable_execution_callback_heartbeat(CallbackId=callback)
        self.client.send_durable_execution_callback_success(CallbackId=callback, Result=b"{}")
        return arn

    def refused(self) -> str:
        """An execution whose callback fails."""
        arn = self.start("callback_refused", {})
        self.client.send_durable_execution_callback_failure(CallbackId=open_callback(self.client, arn), Error=WHY)
        return arn

    def cancelled(self) -> str:
        """An execution that cancels its wait, as the API allows and no SDK does."""
        arn = self.start("scripted", {})
        wait = {"Id": "1", "Type": "WAIT", "SubType": "Wait"}
        token = self.scripted.event()["CheckpointToken"]
        for update in ({"Action": "START", "WaitOptions": {"WaitSeconds": 60}}, {"Action": "CANCEL"}):
            answer = self.client.checkpoint_durable_execution(
                DurableExecutionArn=arn, CheckpointToken=token, Updates=[{**wait, **update}]
            )
            token = answer["CheckpointToken"]
        self.scripted.answer(succeeded("not waited"))
        return arn

    def stopped(self) -> tuple:
        """An execution whose child is stopped, and the child."""
        parent = self.start("invoke", {"target": "callback:$LATEST", "payload": {}})
        child = self.running("callback")
        self.client.stop_durable_execution(DurableExecutionArn=child, Error=WHY)
        return parent, child

    def timed_out(self) -> tuple:
        """An execution whose child has less time than itself, and the child: begun under a server that gives all the
        time there is, gone on with under one that gives a second."""
        parent = self.start("scripted", {})
        self.scripted.event()
        self.server.stop()
        self.scripted.answer(PENDING)
        type(self).server = self.serve("--timeout", "1")
        event = self.scripted.event()
        invoke = {"Id": "1", "Type": "CHAINED_INVOKE", "SubType": "ChainedInvoke", "Action": "START", "Payload": "{}"}
        answer = self.client.checkpoint_durable_execution(
            DurableExecutionArn=parent,
            CheckpointToken=event["CheckpointToken"],
            Updates=[{**invoke, "ChainedInvokeOptions": {"FunctionName": "callback:$LATEST"}}],
        )
        asked = {"DurableExecutionArn": parent, "CheckpointToken": answer["CheckpointToken"]}
        self.assertEqual(len(self.client.get_durable_execution_state(**asked)["Operations"]), 2)
        child = self.running("callback")
        self.scripted.answer(PENDING)
        invoked = self.scripted.event()["InitialExecutionState"]["Operations"][1]
        self.assertEqual(invoked["Status"], "TIMED_OUT")
        self.scripted.answer(succeeded("the child has timed out"))
        return parent, child

    def running(self, function: str) -> str:
        """The one running execution of a function."""

        def probe():
            asked = {"FunctionName": function, "Statuses": ["RUNNING"]}
            executions = self.client.list_durable_executions_by_function(**asked)["DurableExecutions"]
            return executions[0]["DurableExecutionArn"] if executions else None

        return until(f"an execution of {function}", probe)

    def with_and_without_an_error(self, events: list):
        """`Error` is the one member of `InvocationCompleted` that is not always there."""
        completed = [
            event["InvocationCompletedDetails"] for event in events if event["EventType"] == "InvocationCompleted"
        ]
        self.assertEqual({"Error" in details for details in completed}, {True, False})

    def every_route(self):
        """Every operation of the model that has a route was called, and so was walked."""
        exchanges = self.from_clients.exchanges + self.from_functions.exchanges
        called = {operation_of(exchange).name for exchange in exchanges}
        print(f"    walked: {', '.join(sorted(called))}")
        print(f"    without a route in our server: {', '.join(sorted(WITHOUT_ROUTE))}")
        self.assertEqual(called, {operation.name for operation in OPERATIONS} - WITHOUT_ROUTE)
