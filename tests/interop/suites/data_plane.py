"""The calls that an SDK makes, made by boto3: the test is the function, holds the token and checkpoints by hand."""

import json

from harness.client import ended, history
from harness.ours import OnOurServer
from harness.scripted import PENDING, Scripted, succeeded

STALE = "Invalid Checkpoint Token"


def step(identity: str, action: str, **more) -> dict:
    """An update of a step."""
    return {"Id": identity, "Type": "STEP", "SubType": "Step", "Name": f"step-{identity}", "Action": action, **more}


class DataPlane(OnOurServer):
    """`CheckpointDurableExecution` and `GetDurableExecutionState`."""

    @classmethod
    def setUpClass(cls):
        cls.function = Scripted()
        cls.addClassCleanup(cls.function.close)
        cls.functions = {"scripted": cls.function.url}
        super().setUpClass()

    def setUp(self):
        self.arn = self.start("scripted", {"of": self.id()})
        self.event = self.function.event()
        self.token = self.event["CheckpointToken"]

    def checkpoint(self, *updates, token: str | None = None, **more) -> dict:
        """Sends a checkpoint with the last token and keeps the next one."""
        answer = self.client.checkpoint_durable_execution(
            DurableExecutionArn=self.arn, CheckpointToken=token or self.token, Updates=list(updates), **more
        )
        self.token = answer["CheckpointToken"]
        return answer

    def finish(self):
        self.function.answer(succeeded("done"))
        self.assertEqual(ended(self.client, self.arn)["Status"], "SUCCEEDED")

    def refused(self, *updates, token: str | None = None) -> str:
        with self.assertRaises(self.client.exceptions.InvalidParameterValueException) as refused:
            self.checkpoint(*updates, token=token)
        return refused.exception.response["Error"]["Message"]

    def test_the_event_names_the_execution_and_brings_its_input_first(self):
        self.assertEqual(self.event["DurableExecutionArn"], self.arn)
        execution = self.event["InitialExecutionState"]["Operations"][0]
        self.assertEqual(execution["Type"], "EXECUTION")
        self.assertEqual(execution["Id"], self.arn.rpartition("/")[2])
        self.assertEqual(json.loads(execution["ExecutionDetails"]["InputPayload"]), {"of": self.id()})
        self.assertIsInstance(execution["StartTimestamp"], int)
        self.finish()

    def test_a_checkpoint_answers_what_it_wrote_and_a_new_token(self):
        first = self.token
        answer = self.checkpoint(step("1", "START"))
        self.assertNotEqual(answer["CheckpointToken"], first)
        operations = answer["NewExecutionState"]["Operations"]
        self.assertEqual([(each["Id"], each["Status"]) for each in operations], [("1", "STARTED")])
        answer = self.checkpoint(step("1", "SUCCEED", Payload='"done"'))
        self.assertEqual(answer["NewExecutionState"]["Operations"][0]["StepDetails"]["Result"], '"done"')
        self.finish()

    def test_an_empty_checkpoint_is_a_question(self):
        answer = self.checkpoint()
        self.assertEqual(answer["NewExecutionState"].get("Operations", []), [])
        self.finish()

    def test_a_token_is_good_for_one_checkpoint(self):
        first = self.token
        self.checkpoint(step("1", "START"))
        self.assertTrue(self.refused(step("2", "START"), token=first).startswith(STALE))
        self.finish()

    def test_a_request_that_is_sent_again_with_its_client_token_is_answered_again(self):
        first = self.token
        answer = self.checkpoint(step("1", "START"), ClientToken="once")
        again = self.checkpoint(step("1", "START"), token=first, ClientToken="once")
        self.assertEqual(again["CheckpointToken"], answer["CheckpointToken"])
        self.finish()
        self.assertEqual([event["EventType"] for event in history(self.client, self.arn)].count("StepStarted"), 1)

    def test_a_checkpoint_of_a_finished_execution_is_refused(self):
        self.checkpoint(step("1", "START"))
        last = self.token
        self.finish()
        self.assertTrue(self.refused(step("1", "SUCCEED"), token=last).startswith(STALE))

    def test_one_wrong_update_refuses_them_all(self):
        self.refused(step("1", "START"), {"Id": "2", "Type": "WAIT", "Action": "SUCCEED"})
        answer = self.client.get_durable_execution_state(DurableExecutionArn=self.arn, CheckpointToken=self.token)
        self.assertEqual([operation["Type"] for operation in answer["Operations"]], ["EXECUTION"])
        self.finish()

    def test_the_state_in_pages_of_two_is_the_whole_state(self):
        self.checkpoint(*(step(str(number), "START") for number in range(1, 6)))
        asked = {"DurableExecutionArn": self.arn, "CheckpointToken": self.token}
        whole = self.client.get_durable_execution_state(**asked)["Operations"]
        self.assertEqual([operation["Id"] for operation in whole[1:]], ["1", "2", "3", "4", "5"])
        paginator = self.client.get_paginator("get_durable_execution_state")
        pages = list(paginator.paginate(**asked, PaginationConfig={"PageSize": 2}))
        self.assertEqual([len(page["Operations"]) for page in pages], [2, 2, 2])
        self.assertEqual([operation for page in pages for operation in page["Operations"]], whole)
        self.finish()

    def test_the_state_wants_the_token_in_force_and_a_marker_of_its_own(self):
        first = self.token
        self.checkpoint(step("1", "START"))
        errors = self.client.exceptions
        with self.assertRaises(errors.InvalidParameterValueException) as refused:
            self.client.get_durable_execution_state(DurableExecutionArn=self.arn, CheckpointToken=first)
        self.assertTrue(refused.exception.response["Error"]["Message"].startswith(STALE))
        with self.assertRaises(errors.InvalidParameterValueException):
            self.client.get_durable_execution_state(
                DurableExecutionArn=self.arn, CheckpointToken=self.token, Marker="mine"
            )
        self.finish()

    def test_a_suspended_execution_is_invoked_again_with_what_has_changed(self):
        self.checkpoint(
            {"Id": "1", "Type": "WAIT", "SubType": "Wait", "Action": "START", "WaitOptions": {"WaitSeconds": 1}}
        )
        last = self.token
        self.function.answer(PENDING)
        event = self.function.event()
        self.assertEqual(event["UpdatedOperationIds"], ["1"])
        self.assertEqual(event["InitialExecutionState"]["Operations"][1]["Status"], "SUCCEEDED")
        self.assertTrue(self.refused(token=last).startswith(STALE))
        self.finish()

    def test_a_result_may_be_a_checkpoint_of_the_execution_itself(self):
        answer = self.client.checkpoint_durable_execution(
            DurableExecutionArn=self.arn,
            CheckpointToken=self.token,
            Updates=[{"Id": "execution-result-1", "Type": "EXECUTION", "Action": "SUCCEED", "Payload": '"large"'}],
        )
        self.assertNotIn("CheckpointToken", answer)
        self.function.answer({"Status": "SUCCEEDED", "Result": ""})
        self.assertEqual(ended(self.client, self.arn)["Result"], '"large"')
