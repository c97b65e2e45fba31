"""A page of documentation as a session: its `sh` and `python` blocks run in order, in one shell, as they stand.

A `text` block behind a block is what it has to print; `…` in it stands for anything within a line. A block marked
`sh server` goes on running beside the others, and only has to begin with its `text`.
"""

import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from .programs import REPOSITORY, Program, environment

FENCE = re.compile(r"^```(\S[^\n]*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
DONE = "the block has ended with"
SERVER = "sh server"


@dataclass
class Block:
    """A block to run and the lines that it has to print; none when the page does not say."""

    language: str
    code: str
    expected: str | None = None


def blocks(page: Path) -> list:
    """The blocks of a page that are run."""
    found = []
    for language, code in FENCE.findall(page.read_text()):
        if language == "text":
            found[-1].expected = code
        else:
            found.append(Block(language, code))
    return found


def as_pattern(expected: str) -> re.Pattern:
    """An expected output as a pattern: `…` is anything within a line."""
    return re.compile("[^\n]*".join(re.escape(part) for part in expected.strip().split("…")))


class Session:
    """One shell in the repository's folder, with this Python's programs on its path."""

    def __init__(self):
        programs = Path(sys.executable).parent
        env = environment()
        env = {name: value for name, value in env.items() if not name.startswith("AWS_")}
        env["PATH"] = f"{programs}:{env['PATH']}"
        self._env = env
        self._server = None
        self._shell = subprocess.Popen(
            ["bash", "-s"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=REPOSITORY,
            env=env,
        )

    def run(self, block: Block) -> tuple:
        """Runs a block; gives its exit code and what it printed."""
        if block.language == SERVER:
            # `exec`, so that it is the server itself that is asked to end.
            self._server = Program("local-page", ["bash", "-c", "exec " + block.code], self._env, REPOSITORY)
            last = as_pattern(block.expected.strip().splitlines()[-1])
            self._server.wait_for(last)
            return 0, self._server.output
        code = block.code if block.language == "sh" else f"python3 - <<'PYTHON'\n{block.code}PYTHON\n"
        self._shell.stdin.write(f"{code}\nprintf '\\n{DONE} %s\\n' $?\n")
        self._shell.stdin.flush()
        output = []
        for line in self._shell.stdout:
            if line.startswith(DONE):
                return int(line.removeprefix(DONE)), "".join(output)
            output.append(line)
        raise RuntimeError(f"the shell has ended; it said:\n{''.join(output)}")

    def close(self):
        self._shell.stdin.close()
        self._shell.wait(60)
        self._shell.stdout.close()
        if self._server is not None:
            self._server.stop()
