"""The official Python emulator: it keeps the executions, and our host runs the functions that it invokes."""

import concurrent.futures
import json
import shlex
import tempfile
import unittest
from collections import Counter
from pathlib import Path

from harness.client import ended, history, lambda_client, until
from harness.emulator import Emulator
from harness.exchange import Proxy
from harness.model_walk import complaints
from harness.ours import OnOurServer, python_function, workflows_of
from harness.programs import REPOSITORY, Host, ours_for_lambda
from harness.requirements import ABSENT, SELECTION, comparable, drive
from harness.workflows import Workflows

#: Functions that others invoke.
TARGETS = ("echo", "error", "slow", "length", "plain")
GIVEN = comparable()
REQUIREMENTS = {**SELECTION, **GIVEN}
ORDERS = REPOSITORY / "examples" / "orders"


def conformance_function(identity: str) -> str:
    """The command of a conformance function as it is deployed to AWS Lambda."""
    return f"CONFORMANCE_ID={identity} exec {shlex.quote(str(ours_for_lambda('conformance-functions')))}"


class OnTheEmulator(unittest.TestCase):
    """Starts the host with `functions` (commands by name) and the emulator that drives them."""

    functions: dict = {}
    plain: tuple = ()

    @classmethod
    def setUpClass(cls):
        cls.from_functions = Proxy("our function")
        cls.to_functions = Proxy("emulator")
        cls.addClassCleanup(cls.from_functions.close)
        cls.addClassCleanup(cls.to_functions.close)
        cls.host = Host(f"{cls.__name__}-host", cls.functions, cls.from_functions.url)
        cls.addClassCleanup(cls.host.stop)
        cls.to_functions.target = cls.host.url
        durable = [name for name in cls.functions if name not in cls.plain]
        cls.emulator = Emulator(f"{cls.__name__}-emulator", cls.to_functions.url, durable, cls.plain)
        cls.addClassCleanup(cls.emulator.stop)
        cls.from_functions.target = cls.emulator.url
        cls.client = lambda_client(cls.emulator.url)


class OfficialEmulatorAndPythonSdk(Workflows, OnTheEmulator):
    """Both sides are AWS's own, our host is between them: what workflows are expected to do is what they do there."""

    functions = workflows_of("python", python_function)

    def start(self, workflow: str, event: dict) -> str:
        return self.emulator.start(f"python-{workflow}", event)

    def target(self, workflow: str) -> str:
        return f"python-{workflow}:$LATEST"


class OfficialEmulatorAndCheckout(OnTheEmulator):
    """The example `checkout`, built for AWS Lambda."""

    @classmethod
    def setUpClass(cls):
        scratch = tempfile.TemporaryDirectory(prefix="interop-")
        cls.addClassCleanup(scratch.cleanup)
        shop = Path(scratch.name)
        files = f"SHOP_INVENTORY={shop}/inventory.jsonl SHOP_PAYMENTS={shop}/payments.jsonl"
        cls.functions = {"checkout": f"{files} exec {shlex.quote(str(ours_for_lambda('checkout')))}"}
        super().setUpClass()

    def order(self, name: str) -> str:
        return self.emulator.start("checkout", json.loads((ORDERS / f"{name}.json").read_text()))

    def show(self, arn: str) -> dict:
        execution = ended(self.client, arn)
        for event in history(self.client, arn):
            print(f"    {event['EventId']:>2} {event['EventType']} {event.get('Name', '')}".rstrip())
        print(f"    {execution['Status']} {execution.get('Result', execution.get('Error'))}", flush=True)
        return execution

    def test_an_order_is_checked_out(self):
        execution = self.show(self.order("tea"))
        self.assertEqual(execution["Status"], "SUCCEEDED")
        shipment = json.loads(execution["Result"])
        self.assertEqual((shipment["order"], shipment["items"], shipment["paid"]), ("order-1001", 3, 9330))

    def test_an_order_whose_card_is_declined_puts_its_stock_back(self):
        execution = self.show(self.order("declined"))
        self.assertEqual(execution["Status"], "FAILED")
        self.assertEqual(execution["Error"]["ErrorType"], "CardDeclined")

    def test_a_large_order_waits_for_its_approval(self):
        arn = self.order("large")

        def asked():
            events = history(self.client, arn)
            started = [event for event in events if event["EventType"] == "CallbackStarted"]
            return started[0]["CallbackStartedDetails"]["CallbackId"] if started else None

        callback = until("the callback of the approval", asked)
        self.client.send_durable_execution_callback_success(CallbackId=callback, Result=b"true")
        execution = self.show(arn)
        self.assertEqual(execution["Status"], "SUCCEEDED")
        self.assertEqual(json.loads(execution["Result"])["paid"], 123020)


class OfficialEmulatorAndConformance(OnTheEmulator):
    """Our conformance functions, built for AWS Lambda, on the emulator and on our server: both tell the same story."""

    plain = ("plain",)
    functions = {identity: conformance_function(identity) for identity in (*REQUIREMENTS, *TARGETS)}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ours = type("OursBesideTheEmulator", (OnOurServer,), {"functions_are": "our function"})
        cls.ours.functions = {name: command for name, command in cls.functions.items() if name not in cls.plain}
        cls.ours.options = tuple(f"--plain-function={name}={cls.functions[name]}" for name in cls.plain)
        cls.ours.setUpClass()
        cls.addClassCleanup(cls.ours.doClassCleanups)
        # Most of them wait for timers most of the time.
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            cls.there = {identity: pool.submit(cls.on_the_emulator, identity) for identity in REQUIREMENTS}
            cls.here = {identity: pool.submit(cls.on_our_server, identity) for identity in REQUIREMENTS}

    @classmethod
    def on_the_emulator(cls, identity: str):
        requirement = REQUIREMENTS[identity]
        return drive(cls.client, cls.emulator.start(identity, requirement["input"]), requirement)

    @classmethod
    def on_our_server(cls, identity: str):
        requirement = REQUIREMENTS[identity]
        asked = {"FunctionName": f"{identity}:$LATEST", "InvocationType": "Event"}
        answer = cls.ours.client.invoke(**asked, Payload=json.dumps(requirement["input"]).encode())
        return drive(cls.ours.client, answer["DurableExecutionArn"], requirement)

    def test_every_answer_of_our_server_was_as_the_model_says(self):
        if not GIVEN:
            print(f"    {ABSENT}; {len(SELECTION)} of our own were compared", flush=True)
        concurrent.futures.wait(self.here.values())
        exchanges = self.ours.from_clients.exchanges + self.ours.from_functions.exchanges
        self.assertTrue(exchanges)
        self.assertEqual([complaint for exchange in exchanges for complaint in complaints(exchange)], [])

    def judge(self, identity: str):
        requirement = REQUIREMENTS[identity]
        there, here = self.there[identity].result(), self.here[identity].result()
        for name, outcome in (("emulator", there), ("our server", here)):
            print(f"    {identity} {name}: {outcome.status}, {', '.join(outcome.events)}")
        self.assertEqual((there.status, here.status), (requirement["status"], requirement["status"]))
        self.assertEqual(there.result, here.result)
        self.assertEqual(there.error, here.error)
        if isinstance(requirement.get("result"), dict):
            self.assertEqual({**here.result, **requirement["result"]}, here.result)
        elif "result" in requirement:
            self.assertEqual(here.result, requirement["result"])
        if identity.startswith(CONCURRENT):
            self.assertEqual(Counter(there.operations), Counter(here.operations))
        else:
            self.assertEqual(there.operations, here.operations)


#: Suites whose branches run at once: the order of their events is nobody's.
CONCURRENT = ("8-", "9-")


def _case(identity: str):
    def case(self):
        self.judge(identity)

    case.__name__ = f"test_requirement_{identity}_has_one_outcome_on_both"
    return case


for _identity in REQUIREMENTS:
    _method = _case(_identity)
    setattr(OfficialEmulatorAndConformance, _method.__name__, _method)
