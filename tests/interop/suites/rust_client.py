"""`aws-sdk-lambda` as a client of our server: every check that `interop-client --list` names is a case."""

import subprocess

from harness.client import PATIENCE, ended
from harness.ours import OnOurServer, python_function
from harness.programs import environment, official_rust
from harness.scripted import Scripted, succeeded

PROGRAM = official_rust("interop-client")


class AwsSdkForRust(OnOurServer):
    """aws-sdk-lambda, with typed errors, paginators and escaped paths."""

    functions_are = "python function"

    @classmethod
    def setUpClass(cls):
        cls.scripted = Scripted()
        cls.addClassCleanup(cls.scripted.close)
        cls.functions = {
            "callback": python_function("callback"),
            "callback_late": python_function("callback_late"),
            "scripted": cls.scripted.url,
        }
        super().setUpClass()
        cls.from_clients.client = "aws-sdk-lambda"

    def check(self, name: str, **more: str):
        env = environment(ENDPOINT=self.from_clients.url, **more)
        done = subprocess.run([PROGRAM, name], env=env, capture_output=True, text=True, timeout=2 * PATIENCE)
        self.assertEqual(done.returncode, 0, done.stderr)

    def check_of_the_data_plane(self, name: str):
        arn = self.start("scripted", {})
        event = self.scripted.event()
        try:
            self.check(name, EXECUTION=arn, TOKEN=event["CheckpointToken"])
        finally:
            self.scripted.answer(succeeded("done"))
        ended(self.client, arn)


def _case(name: str):
    def case(self):
        if name.startswith("the data plane"):
            self.check_of_the_data_plane(name)
        else:
            self.check(name)

    case.__name__ = "test_" + name.replace(" ", "_").replace(",", "")
    return case


for _name in subprocess.run([PROGRAM, "--list"], capture_output=True, text=True, check=True).stdout.splitlines():
    _method = _case(_name)
    setattr(AwsSdkForRust, _method.__name__, _method)
