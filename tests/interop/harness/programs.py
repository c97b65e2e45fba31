"""Programs that the suites run: found, started, waited for, ended. Knows where they are and not what they do."""

import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path

INTEROP = Path(__file__).resolve().parent.parent
REPOSITORY = INTEROP.parent.parent
WORK = REPOSITORY / "target" / "interop"
LOGS = WORK / "logs"
PYTHON = sys.executable
NODE_FOLDER = WORK / "node"
#: The Node that came from npm, which the SDK asks for; the machine's own where npm has none for it.
NODE = next(NODE_FOLDER.glob("node_modules/node-linux-*/bin/node"), Path("node"))

REGION = "eu-west-1"
#: What AWS clients ask for and our server ignores.
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "local",
    "AWS_SECRET_ACCESS_KEY": "local",
    "AWS_DEFAULT_REGION": REGION,
    "AWS_REGION": REGION,
    "AWS_EC2_METADATA_DISABLED": "true",
}
STARTS_WITHIN = 60
ENDS_WITHIN = 20
LISTENS = re.compile(r"http://[0-9.]+:[0-9]+")


def ours(name: str) -> Path:
    """A binary of the default build: with the engine and its server."""
    return Path(os.environ.get("INTEROP_SERVER_BINARIES", REPOSITORY / "target" / "debug")) / name


def ours_for_lambda(name: str) -> Path:
    """A binary built with `--no-default-features --features aws`."""
    return Path(os.environ.get("INTEROP_LAMBDA_BINARIES", WORK / "aws" / "debug")) / name


def official_rust(name: str) -> Path:
    """A binary of `rust-official`."""
    return Path(os.environ.get("INTEROP_RUST_BINARIES", WORK / "rust" / "debug")) / name


def environment(**more: str) -> dict:
    """This process's environment with credentials, and without an endpoint of the machine's own."""
    inherited = {
        name: value for name, value in os.environ.items() if not name.startswith(("AWS_ENDPOINT", "AWS_PROFILE"))
    }
    return {**inherited, **CREDENTIALS, "PYTHONUNBUFFERED": "1", **more}


class Program:
    """A running program. Its output goes to a file under `target/interop/logs`, and can be waited for."""

    def __init__(self, name: str, command: list, env: dict | None = None, folder: Path | None = None):
        LOGS.mkdir(parents=True, exist_ok=True)
        self.name = name
        self.log = LOGS / f"{name}.log"
        self._news = threading.Condition()
        self._lines: list[str] = []
        self._over = False
        self.process = subprocess.Popen(
            [str(word) for word in command],
            env=env or environment(),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        with self.log.open("w") as log:
            for line in self.process.stdout:
                log.write(line)
                log.flush()
                with self._news:
                    self._lines.append(line.rstrip("\n"))
                    self._news.notify_all()
        with self._news:
            self._over = True
            self._news.notify_all()

    @property
    def output(self) -> str:
        with self._news:
            return "\n".join(self._lines)

    def wait_for(self, pattern: re.Pattern) -> str:
        """The first match in what the program says; an error when it ends or stays silent."""

        def found():
            return next((match for line in self._lines if (match := pattern.search(line))), None)

        with self._news:
            self._news.wait_for(lambda: found() or self._over, STARTS_WITHIN)
            match = found()
        if match is None:
            raise RuntimeError(f"{self.name} never said {pattern.pattern!r}; it said:\n{self.output}")
        return match.group(0)

    def kill(self):
        """Ends it as `kill -9` does."""
        self.process.kill()
        self.process.wait(ENDS_WITHIN)

    def stop(self) -> int:
        """Asks it to end, and ends it if it does not."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(ENDS_WITHIN)
            except subprocess.TimeoutExpired:
                self.kill()
        self._reader.join(ENDS_WITHIN)
        return self.process.returncode


class Server(Program):
    """Our server: `PROGRAM serve`, with the functions given as commands."""

    def __init__(self, name: str, functions: dict, *options: str, store: Path, program: str = "conformance-functions"):
        command = [ours(program), "serve", "--listen", "127.0.0.1:0", "--store", store, *options]
        for function, command_line in functions.items():
            command += ["--function", f"{function}={command_line}"]
        super().__init__(name, command)
        self.url = self.wait_for(LISTENS)


class Host(Program):
    """Our stand-alone host of functions: passes Invokes on to processes, and keeps no executions."""

    def __init__(self, name: str, functions: dict, endpoint: str, *options: str):
        assignments = [f"{function}={command}" for function, command in functions.items()]
        command = [ours("conformance-functions"), "host", "--listen", "127.0.0.1:0", "--endpoint", endpoint]
        super().__init__(name, [*command, *options, *assignments])
        self.url = self.wait_for(LISTENS)
