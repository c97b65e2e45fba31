"""The walker itself: that an answer as the model wants it passes, and that each kind of fault in it is found."""

import json
import unittest

from harness.exchange import Exchange
from harness.model_walk import complaints, operation_of

ARN = "arn:aws:lambda:eu-west-1:123456789012:function:f:$LATEST/durable-execution/n/i"
PATH = "/2025-12-01/durable-executions/arn%3Aaws%3Alambda%3Aeu-west-1%3A123456789012%3Afunction%3Af%3A%24LATEST%2Fdurable-execution%2Fn%2Fi"
EXECUTION = {
    "DurableExecutionArn": ARN,
    "DurableExecutionName": "n",
    "FunctionArn": "arn:aws:lambda:eu-west-1:123456789012:function:f:$LATEST",
    "StartTimestamp": 1767356934.93,
    "Status": "RUNNING",
}
EVENT = {
    "EventType": "WaitStarted",
    "EventId": 2,
    "EventTimestamp": 1767356934.93,
    "WaitStartedDetails": {"Duration": 1, "ScheduledEndTimestamp": 1767356935},
}


def answered(path: str, body, status: int = 200, **headers: str) -> list:
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    return complaints(Exchange("test", "GET", path, b"", status, headers, text))


def without(value: dict, member: str) -> dict:
    return {name: content for name, content in value.items() if name != member}


class ModelWalk(unittest.TestCase):
    def test_an_answer_as_the_model_wants_it_passes(self):
        self.assertEqual(answered(PATH, EXECUTION), [])
        self.assertEqual(answered(f"{PATH}/history", {"Events": [EVENT]}), [])

    def test_a_path_with_an_escaped_arn_is_recognized(self):
        exchange = Exchange("test", "GET", f"{PATH}/history?MaxItems=2", b"", 200, {}, b"{}")
        self.assertEqual(operation_of(exchange).name, "GetDurableExecutionHistory")

    def test_a_missing_member_is_found_at_any_depth(self):
        self.assertIn("Status is required", answered(PATH, without(EXECUTION, "Status"))[0])
        event = {**EVENT, "WaitStartedDetails": {"Duration": 1}}
        self.assertIn("ScheduledEndTimestamp is required", answered(f"{PATH}/history", {"Events": [event]})[0])

    def test_a_null_is_no_member(self):
        self.assertIn("Status is required", answered(PATH, {**EXECUTION, "Status": None})[0])

    def test_a_wrong_type_is_found(self):
        self.assertIn("is no string", answered(PATH, {**EXECUTION, "Status": 1})[0])
        self.assertIn("is no number", answered(PATH, {**EXECUTION, "StartTimestamp": "2026-01-01T00:00:00Z"})[0])
        self.assertIn("is no integer", answered(f"{PATH}/history", {"Events": [{**EVENT, "EventId": "2"}]})[0])
        self.assertIn("is no list", answered(f"{PATH}/history", {"Events": {}})[0])

    def test_milliseconds_are_no_seconds(self):
        self.assertIn("epoch seconds", answered(PATH, {**EXECUTION, "StartTimestamp": 1767356934930})[0])

    def test_an_unknown_member_or_value_is_found(self):
        self.assertIn("no member", answered(PATH, {**EXECUTION, "Extra": 1})[0])
        self.assertIn("none of", answered(PATH, {**EXECUTION, "Status": "BLOCKED"})[0])

    def test_a_text_that_does_not_match_is_found(self):
        self.assertIn("does not match", answered(PATH, {**EXECUTION, "DurableExecutionName": "no blanks please"})[0])

    def test_an_event_has_its_own_details_and_no_others(self):
        event = {**EVENT, "EventType": "WaitSucceeded"}
        self.assertIn("expected WaitSucceededDetails", answered(f"{PATH}/history", {"Events": [event]})[0])

    def test_an_error_has_a_listed_type_its_status_and_a_message(self):
        typed = {"x-amzn-errortype": "ResourceNotFoundException"}
        self.assertEqual(answered(PATH, {"Type": "User", "Message": "gone"}, 404, **typed), [])
        self.assertIn("the model says 404", answered(PATH, {"Message": "gone"}, 400, **typed)[0])
        self.assertIn("no message", answered(PATH, {"Type": "User"}, 404, **typed)[0])
        self.assertIn("does not list", answered(PATH, {"Message": "gone"}, 404)[0])

    def test_what_is_no_json_is_found(self):
        self.assertIn("no JSON object", answered(PATH, b"<html>")[0])
