"""Functions on the official SDKs survive `kill -9` of the server and of their own processes."""

import os
import signal
from pathlib import Path

from harness.client import ended, history, open_callback, until
from harness.ours import OnOurServer, javascript_function, python_function, rust_preview_function


def children(parent: int) -> list:
    """The processes that `parent` has started, as the kernel lists them."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            # The name, in parentheses, may hold anything; the parent is the second field behind it.
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == parent and fields[0] != "Z":
            found.append(int(stat.parent.name))
    return found


class Kills(OnOurServer):
    """Executions of each SDK that wait for a callback, behind a step whose result is recorded."""

    functions_are = "function"
    functions = {
        "python": python_function("wait_for_callback"),
        "javascript": javascript_function("wait_for_callback"),
        "rust": rust_preview_function("wait_for_callback"),
    }

    def waiting(self) -> dict:
        """An execution per function, with the callback that it waits for."""
        arns = [self.start(function, {}) for function in self.functions]
        return {arn: open_callback(self.client, arn) for arn in arns}

    def goes_on(self, waiting: dict):
        """Answers each, which ends with its answer and has run its submitter once."""
        for arn, callback in waiting.items():
            self.client.send_durable_execution_callback_success(CallbackId=callback, Result=b'"shipped"')
            execution = ended(self.client, arn)
            self.assertEqual((execution["Status"], execution["Result"]), ("SUCCEEDED", '"shipped"'))
            events = [event["EventType"] for event in history(self.client, arn)]
            print(f"    {arn.split(':')[6]}: {', '.join(events)}")
            self.assertEqual(events.count("StepStarted"), 1)

    def test_executions_go_on_when_the_server_is_killed_and_started_again(self):
        waiting = self.waiting()
        self.server.kill()
        type(self).server = self.serve()
        self.goes_on(waiting)

    def test_executions_go_on_in_new_processes_when_theirs_are_killed(self):
        waiting = self.waiting()
        processes = children(self.server.process.pid)
        self.assertGreaterEqual(len(processes), len(self.functions))
        for process in processes:
            os.kill(process, signal.SIGKILL)
        until(
            "the end of the processes",
            lambda: None if set(children(self.server.process.pid)) & set(processes) else True,
        )
        self.goes_on(waiting)
        self.assertFalse(set(children(self.server.process.pid)) & set(processes))
