"""boto3 as a client of our server: what a user of the service calls, and the errors it raises as its own classes."""

import datetime
import json

from harness.client import ended, history, open_callback, payload
from harness.ours import OnOurServer, python_function

UTC = datetime.timezone.utc
NOBODY = "arn:aws:lambda:local:000000000000:function:echo:$LATEST/durable-execution/nobody/00000000-0000-0000-0000-000000000000"


class Calls(OnOurServer):
    """A server with a function of each kind: `echo` and `error` are ours, the others run on the official Python SDK."""

    functions_are = "python function"
    functions = {"callback": python_function("callback"), "callback_late": python_function("callback_late")}

    @property
    def errors(self):
        return self.client.exceptions

    def finished(self, function: str, event, **more) -> str:
        """The ARN of an execution that has ended."""
        answer = self.client.invoke(FunctionName=f"{function}:$LATEST", Payload=json.dumps(event).encode(), **more)
        return answer["DurableExecutionArn"]


class Boto3Invoke(Calls):
    """`Invoke`: the call that starts executions."""

    def test_a_synchronous_invoke_answers_the_result_as_it_was_recorded(self):
        answer = self.client.invoke(FunctionName="echo:$LATEST", Payload=b'{"tea": "assam"}')
        self.assertEqual(answer["StatusCode"], 200)
        self.assertEqual(answer["ExecutedVersion"], "$LATEST")
        self.assertNotIn("FunctionError", answer)
        self.assertEqual(json.loads(payload(answer)), {"tea": "assam"})
        execution = self.client.get_durable_execution(DurableExecutionArn=answer["DurableExecutionArn"])
        self.assertEqual(execution["Status"], "SUCCEEDED")

    def test_a_synchronous_invoke_of_a_function_that_fails_says_why(self):
        answer = self.client.invoke(FunctionName="error", Payload=b"null")
        self.assertEqual(answer["StatusCode"], 200)
        self.assertEqual(answer["FunctionError"], "Unhandled")
        self.assertEqual(json.loads(payload(answer))["errorMessage"], "the target has failed")

    def test_an_asynchronous_invoke_answers_the_arn_at_once(self):
        answer = self.client.invoke(FunctionName="echo", InvocationType="Event", Payload=b"1")
        self.assertEqual(answer["StatusCode"], 202)
        self.assertEqual(payload(answer), b"")
        self.assertEqual(ended(self.client, answer["DurableExecutionArn"])["Result"], "1")

    def test_a_dry_run_starts_nothing(self):
        before = self.client.list_durable_executions_by_function(FunctionName="echo")["DurableExecutions"]
        answer = self.client.invoke(FunctionName="echo", InvocationType="DryRun", Payload=b"1")
        self.assertEqual(answer["StatusCode"], 204)
        after = self.client.list_durable_executions_by_function(FunctionName="echo")["DurableExecutions"]
        self.assertEqual(len(after), len(before))

    def test_a_name_and_a_payload_are_one_execution_however_often_they_are_sent(self):
        first = self.finished("echo", {"order": 7}, DurableExecutionName="order-7")
        again = self.client.invoke(FunctionName="echo", DurableExecutionName="order-7", Payload=b'{"order": 7}')
        self.assertEqual(again["DurableExecutionArn"], first)
        self.assertEqual(json.loads(payload(again)), {"order": 7})

    def test_a_name_with_another_payload_is_refused(self):
        self.finished("echo", {"order": 8}, DurableExecutionName="order-8")
        with self.assertRaises(self.errors.DurableExecutionAlreadyStartedException) as refused:
            self.client.invoke(FunctionName="echo", DurableExecutionName="order-8", Payload=b'{"order": 9}')
        self.assertEqual(refused.exception.response["ResponseMetadata"]["HTTPStatusCode"], 409)
        self.assertIn("order-8", refused.exception.response["Error"]["Message"])

    def test_a_function_may_be_named_by_its_arn(self):
        arn = self.client.get_durable_execution(DurableExecutionArn=self.finished("echo", 1))["FunctionArn"]
        answer = self.client.invoke(FunctionName=arn, Payload=b"2")
        self.assertEqual(payload(answer), b"2")

    def test_an_unknown_function_is_not_found(self):
        with self.assertRaises(self.errors.ResourceNotFoundException):
            self.client.invoke(FunctionName="nobody", Payload=b"1")

    def test_a_payload_that_is_no_json_is_refused(self):
        with self.assertRaises(self.errors.InvalidRequestContentException):
            self.client.invoke(FunctionName="echo", Payload=b"{")

    def test_a_payload_of_more_than_a_mebibyte_is_too_large_for_an_asynchronous_invoke(self):
        large = json.dumps("x" * (1 << 20)).encode()
        with self.assertRaises(self.errors.RequestTooLargeException):
            self.client.invoke(FunctionName="echo", InvocationType="Event", Payload=large)
        self.assertEqual(payload(self.client.invoke(FunctionName="echo", Payload=large)), large)


class Boto3Looks(Calls):
    """`GetDurableExecution` and `GetDurableExecutionHistory`."""

    def test_an_execution_is_described_with_its_times_as_times(self):
        arn = self.finished("echo", {"a": 1}, DurableExecutionName="described")
        execution = self.client.get_durable_execution(DurableExecutionArn=arn)
        self.assertEqual(execution["DurableExecutionArn"], arn)
        self.assertEqual(execution["DurableExecutionName"], "described")
        self.assertTrue(execution["FunctionArn"].endswith(":function:echo:$LATEST"), execution["FunctionArn"])
        self.assertEqual(json.loads(execution["InputPayload"]), {"a": 1})
        self.assertEqual(json.loads(execution["Result"]), {"a": 1})
        age = datetime.datetime.now(UTC) - execution["StartTimestamp"]
        self.assertLess(abs(age), datetime.timedelta(minutes=10))
        self.assertGreaterEqual(execution["EndTimestamp"], execution["StartTimestamp"])

    def test_an_execution_is_described_without_its_data(self):
        arn = self.finished("echo", {"a": 1})
        execution = self.client.get_durable_execution(DurableExecutionArn=arn, IncludeExecutionData=False)
        self.assertEqual(execution["Status"], "SUCCEEDED")
        self.assertIs(execution["ExecutionDataIncluded"], False)
        for member in ("InputPayload", "Result", "Error"):
            self.assertNotIn(member, execution)

    def test_a_failed_execution_is_described_with_its_error(self):
        execution = self.client.get_durable_execution(DurableExecutionArn=self.finished("error", None))
        self.assertEqual(execution["Status"], "FAILED")
        self.assertEqual(execution["Error"]["ErrorMessage"], "the target has failed")
        self.assertNotIn("Result", execution)

    def test_an_unknown_execution_is_not_found_whatever_is_asked_of_it(self):
        asked = (
            self.client.get_durable_execution,
            self.client.get_durable_execution_history,
            self.client.stop_durable_execution,
        )
        for ask in asked:
            with self.subTest(ask.__name__), self.assertRaises(self.errors.ResourceNotFoundException) as refused:
                ask(DurableExecutionArn=NOBODY)
            self.assertEqual(refused.exception.response["ResponseMetadata"]["HTTPStatusCode"], 404)

    def test_what_is_no_arn_is_an_invalid_parameter(self):
        with self.assertRaises(self.errors.InvalidParameterValueException):
            self.client.get_durable_execution(DurableExecutionArn="not/an arn: at all")

    def test_a_history_in_pages_of_two_is_the_whole_history(self):
        arn = self.finished("slow", 1)
        whole = self.client.get_durable_execution_history(DurableExecutionArn=arn, IncludeExecutionData=True)["Events"]
        paginator = self.client.get_paginator("get_durable_execution_history")
        pages = list(paginator.paginate(DurableExecutionArn=arn, PaginationConfig={"PageSize": 2}))
        self.assertGreater(len(pages), 1)
        self.assertTrue(all(len(page["Events"]) <= 2 for page in pages))
        self.assertEqual([event for page in pages for event in page["Events"]], whole)

    def test_a_history_by_hand_goes_on_at_its_marker(self):
        arn = self.finished("slow", 1)
        events, marker = [], {}
        while marker is not None:
            page = self.client.get_durable_execution_history(DurableExecutionArn=arn, MaxItems=1, **marker)
            self.assertEqual(len(page["Events"]), 1)
            events += page["Events"]
            marker = {"Marker": page["NextMarker"]} if page.get("NextMarker") else None
        self.assertEqual([event["EventId"] for event in events], list(range(1, len(events) + 1)))

    def test_a_history_in_reverse_order_begins_with_the_end_in_one_page_and_in_many(self):
        arn = self.finished("slow", 1)
        forwards = [event["EventId"] for event in history(self.client, arn)]
        backwards = self.client.get_durable_execution_history(DurableExecutionArn=arn, ReverseOrder=True)
        self.assertEqual([event["EventId"] for event in backwards["Events"]], forwards[::-1])
        paginator = self.client.get_paginator("get_durable_execution_history")
        pages = paginator.paginate(DurableExecutionArn=arn, ReverseOrder=True, PaginationConfig={"PageSize": 2})
        self.assertEqual([event["EventId"] for page in pages for event in page["Events"]], forwards[::-1])

    def test_a_history_without_data_says_that_it_leaves_something_out(self):
        arn = self.finished("echo", {"secret": 1})
        events = self.client.get_durable_execution_history(DurableExecutionArn=arn, IncludeExecutionData=False)[
            "Events"
        ]
        entry = events[0]["ExecutionStartedDetails"]["Input"]
        self.assertNotIn("Payload", entry)
        self.assertIs(entry["Truncated"], True)
        self.assertNotIn("secret", json.dumps(events, default=str))

    def test_a_page_of_more_than_a_thousand_and_a_marker_of_ones_own_are_invalid_parameters(self):
        arn = self.finished("echo", 1)
        for wrong in ({"MaxItems": 1001}, {"Marker": "my own"}):
            with self.subTest(wrong), self.assertRaises(self.errors.InvalidParameterValueException):
                self.client.get_durable_execution_history(DurableExecutionArn=arn, **wrong)


class Boto3Lists(Calls):
    """`ListDurableExecutionsByFunction`."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.arns = [
            cls.client.invoke(FunctionName="echo", DurableExecutionName=f"listed-{number}", Payload=b"1")[
                "DurableExecutionArn"
            ]
            for number in range(5)
        ]
        cls.client.invoke(FunctionName="error", Payload=b"null")

    def listed(self, function: str = "echo", **asked) -> list:
        answer = self.client.list_durable_executions_by_function(FunctionName=function, **asked)
        return [execution["DurableExecutionArn"] for execution in answer["DurableExecutions"]]

    def test_the_newest_comes_first_and_the_oldest_in_reverse_order(self):
        self.assertEqual(self.listed(), self.arns[::-1])
        self.assertEqual(self.listed(ReverseOrder=True), self.arns)

    def test_only_the_executions_of_the_function_are_listed(self):
        self.assertEqual(len(self.listed("error")), 1)

    def test_a_list_in_pages_of_two_is_the_whole_list(self):
        paginator = self.client.get_paginator("list_durable_executions_by_function")
        pages = list(paginator.paginate(FunctionName="echo", PaginationConfig={"PageSize": 2}))
        self.assertEqual([len(page["DurableExecutions"]) for page in pages], [2, 2, 1])
        listed = [execution["DurableExecutionArn"] for page in pages for execution in page["DurableExecutions"]]
        self.assertEqual(listed, self.arns[::-1])

    def test_a_list_is_narrowed_by_name_and_by_any_of_several_states(self):
        self.assertEqual(self.listed(DurableExecutionName="listed-3"), [self.arns[3]])
        self.assertEqual(self.listed(Statuses=["RUNNING", "FAILED"]), [])
        self.assertEqual(len(self.listed(Statuses=["SUCCEEDED", "FAILED"])), 5)
        self.assertEqual(len(self.listed("error", Statuses=["SUCCEEDED", "FAILED"])), 1)

    def test_a_list_is_narrowed_by_the_time_of_the_start(self):
        middle = self.client.get_durable_execution(DurableExecutionArn=self.arns[2])["StartTimestamp"]
        an_hour = datetime.timedelta(hours=1)
        self.assertEqual(self.listed(StartedAfter=middle - an_hour, StartedBefore=middle + an_hour), self.arns[::-1])
        self.assertEqual(self.listed(StartedAfter=middle + an_hour), [])
        self.assertEqual(self.listed(StartedBefore=middle - an_hour), [])

    def test_an_unknown_function_is_not_found(self):
        with self.assertRaises(self.errors.ResourceNotFoundException):
            self.listed("nobody")


class Boto3Stops(Calls):
    """`StopDurableExecution`."""

    def test_a_stopped_execution_keeps_the_error_that_it_was_stopped_with(self):
        arn = self.start("callback", {})
        open_callback(self.client, arn)
        why = {"ErrorType": "Cancelled", "ErrorMessage": "the customer has cancelled", "ErrorData": "order-7"}
        stopped = self.client.stop_durable_execution(DurableExecutionArn=arn, Error=why)
        execution = ended(self.client, arn)
        self.assertEqual(execution["Status"], "STOPPED")
        self.assertEqual(execution["Error"], why)
        self.assertEqual(stopped["StopTimestamp"], execution["EndTimestamp"])
        self.assertEqual(history(self.client, arn)[-1]["EventType"], "ExecutionStopped")

    def test_an_execution_is_stopped_without_an_error_and_a_second_time(self):
        arn = self.start("callback", {})
        first = self.client.stop_durable_execution(DurableExecutionArn=arn)
        again = self.client.stop_durable_execution(DurableExecutionArn=arn)
        self.assertEqual(ended(self.client, arn)["Status"], "STOPPED")
        self.assertEqual(again["StopTimestamp"], first["StopTimestamp"])


class Boto3Callbacks(Calls):
    """The callback operations."""

    def waiting(self, function: str = "callback") -> tuple:
        arn = self.start(function, {})
        return arn, open_callback(self.client, arn)

    def test_a_success_carries_bytes(self):
        arn, callback = self.waiting()
        self.client.send_durable_execution_callback_success(CallbackId=callback, Result='{"ok":"ä"}'.encode())
        self.assertEqual(json.loads(ended(self.client, arn)["Result"]), {"ok": "ä"})

    def test_a_failure_carries_an_error_and_its_data(self):
        arn, callback = self.waiting()
        why = {"ErrorType": "Refused", "ErrorMessage": "not this one", "ErrorData": "7", "StackTrace": ["a", "b"]}
        self.client.send_durable_execution_callback_failure(CallbackId=callback, Error=why)
        self.assertIn("not this one", ended(self.client, arn)["Error"]["ErrorMessage"])
        failed = next(event for event in history(self.client, arn) if event["EventType"] == "CallbackFailed")
        self.assertEqual(failed["CallbackFailedDetails"]["Error"]["Payload"], why)

    def test_a_heartbeat_is_taken_and_leaves_no_event(self):
        arn, callback = self.waiting()
        before = len(history(self.client, arn))
        self.client.send_durable_execution_callback_heartbeat(CallbackId=callback)
        self.assertEqual(len(history(self.client, arn)), before)
        self.client.send_durable_execution_callback_success(CallbackId=callback, Result=b"{}")
        self.assertEqual(ended(self.client, arn)["Status"], "SUCCEEDED")

    def test_a_callback_that_has_timed_out_says_so(self):
        arn, callback = self.waiting("callback_late")
        ended(self.client, arn)
        with self.assertRaises(self.errors.CallbackTimeoutException) as refused:
            self.client.send_durable_execution_callback_success(CallbackId=callback, Result=b"{}")
        self.assertEqual(refused.exception.response["ResponseMetadata"]["HTTPStatusCode"], 400)

    def test_a_callback_is_answered_once(self):
        arn, callback = self.waiting()
        self.client.send_durable_execution_callback_success(CallbackId=callback, Result=b"{}")
        with self.assertRaises(self.errors.ResourceNotFoundException):
            self.client.send_durable_execution_callback_failure(CallbackId=callback, Error={})
        ended(self.client, arn)

    def test_an_unknown_callback_is_not_found(self):
        unknown = "bm9ib2R5IGhhcyB0aGlzIG9uZQ=="
        for send in (
            self.client.send_durable_execution_callback_success,
            self.client.send_durable_execution_callback_failure,
            self.client.send_durable_execution_callback_heartbeat,
        ):
            with self.subTest(send.__name__), self.assertRaises(self.errors.ResourceNotFoundException):
                send(CallbackId=unknown)
