"""The official conformance requirements through our server, with every function in a process of its own."""

import subprocess
import tempfile
import unittest
from pathlib import Path

from harness.programs import Server, environment, ours, ours_for_lambda
from harness.requirements import ABSENT, FOLDER, identities

#: What the functions of the requirements invoke.
TARGETS = ("echo", "error", "slow", "length")
PLAIN = "plain"
ENDS_WITHIN = 600


def command(function: str) -> str:
    """The command of a conformance function, built for AWS Lambda."""
    return f"CONFORMANCE_ID={function} exec {ours_for_lambda('conformance-functions')}"


class ConformanceThroughOurServer(unittest.TestCase):
    """Every requirement, those in which the function's process dies among them."""

    def test_all_requirements_pass_with_functions_as_separate_processes(self):
        ids = identities()
        if not ids:
            print(f"    {ABSENT}", flush=True)
            return
        functions = {name: command(name) for name in (*ids, *TARGETS)}
        plain = ("--plain-function", f"{PLAIN}={command(PLAIN)}")
        with tempfile.TemporaryDirectory(prefix="interop-") as scratch:
            # The server's own functions are all replaced: what is not given a process is not there.
            server = Server("Conformance", functions, *plain, store=Path(scratch) / "store.db")
            self.addCleanup(server.stop)
            runner = [ours("conformance"), "--requirements", FOLDER, "--endpoint", server.url]
            done = subprocess.run(runner, env=environment(), capture_output=True, text=True, timeout=ENDS_WITHIN)
            print("    " + done.stdout.strip().replace("\n", "\n    "), done.stderr, flush=True)
            self.assertEqual(done.returncode, 0)
            self.assertEqual(done.stdout.strip().splitlines()[-1], f"{len(ids)} passed, 0 failed")
