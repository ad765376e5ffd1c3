"""The little shop: a centre with goods, members and rules, two registers, four emulated devices."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar

import httpx

from edge_agent.demo.pos import Pos
from edge_agent.demo.processes import Child, DemoFailed, run_tool

T = TypeVar("T")

STORE = "KYIV-1"
STORE_NAME = "Крамниця на Подолі"
REGISTERS = ("TILL-1", "TILL-2")
CASHIERS = ("Оксана", "Тарас")

_AGENT_TOML = """\
data_dir = "{name}"
locale = "uk"

[centre]
url = "{centre}"
poll_s = 2
heartbeat_s = 1
retry_cap_s = 1

[api]
port = 0

[till]
cashier_name = "{cashier}"

[scanner]
driver = "scanner.serial"
url = "serial:{scanner}?baud=115200"

[printer]
driver = "fiscal.datecs_ua"
url = "serial:{printer}?baud=115200"
"""


@dataclass
class Register:
    """One register of the shop: its process and the POS program in front of it."""

    name: str
    config: Path
    scanner: str
    printer: str
    child: Child
    control: str
    pos: Pos | None = None

    @property
    def till(self) -> Pos:
        """The POS client of the running agent."""
        if self.pos is None:
            raise DemoFailed(f"{self.name} is not running")
        return self.pos

    @property
    def data_dir(self) -> Path:
        """The register's folder."""
        return self.config.parent / self.name

    def start(self) -> None:
        """Start the agent and connect the POS."""
        url = str(self.child.start()["url"])
        token = (self.data_dir / "api.token").read_text(encoding="ascii").strip()
        self.pos = Pos(url, token)

    def stop(self, *, kill: bool = False) -> None:
        """Stop the agent, or pull its plug."""
        if self.pos is not None:
            self.pos.close()
            self.pos = None
        if kill:
            self.child.kill()
        else:
            self.child.stop()

    def scan(self, text: str) -> None:
        """Have the emulated scanner read a code: real bytes over its pty."""
        self._device(self.scanner, f"scan {text}")

    def fault(self, script: str) -> None:
        """Give the emulated printer a fault."""
        self._device(self.printer, script)

    def _device(self, device: str, script: str) -> None:
        answer = httpx.post(
            f"{self.control}/devices/{device}/send", json={"script": script}, timeout=10
        )
        if answer.status_code >= 400:
            raise DemoFailed(f"{device}: {script!r} refused: {answer.text[:200]}")


def together(*steps: Callable[[], T]) -> list[T]:
    """Run steps side by side; results in order, the first failure is raised."""
    with ThreadPoolExecutor(len(steps)) as pool:
        return [job.result() for job in [pool.submit(step) for step in steps]]


class World:
    """Everything that runs in the demo."""

    def __init__(self, folder: Path, device_delay_ms: int) -> None:
        self.folder = folder
        self.device_delay_ms = device_delay_ms
        self.centre_dir = folder / "centre"
        self.logs = folder / "logs"
        self.logs.mkdir(parents=True, exist_ok=True)
        self.port = 0
        self.centre = self._centre_child()
        self.emulators = Child(
            "edge-emulator",
            ["edge-emulator", "run", str(folder / "bench.toml")],
            self.logs / "emulators.log",
        )
        self.registers: list[Register] = []
        self.control = ""

    def _centre_child(self) -> Child:
        arguments = ["edge-central", "run", "--data-dir", str(self.centre_dir)]
        return Child(
            "edge-central", [*arguments, "--port", str(self.port)], self.logs / "centre.log"
        )

    def centre_tool(self, *arguments: str) -> str:
        """Run a command of the centre against its own database."""
        return run_tool("edge-central", *arguments, "--data-dir", str(self.centre_dir))

    # --- set-up -----------------------------------------------------------------------------

    def start_centre(self) -> None:
        """Start the centre; again on the port the registers know."""
        url = str(self.centre.start()["url"])
        self.port = int(url.rpartition(":")[2])
        self.centre_url = url

    def stop_centre(self) -> None:
        """Pull the cable: the centre and its database are gone."""
        self.centre.stop()
        self.centre = self._centre_child()

    def fill_centre(self) -> None:
        """Keys, goods, members and the first rules, as the central team would do it."""
        data = resources.files("edge_agent.demo_data")
        with (
            resources.as_file(data / "goods.csv") as goods,
            resources.as_file(data / "members.csv") as members,
            resources.as_file(data / "rules.json") as rules,
        ):
            together(
                lambda: self.centre_tool("goods", "import", str(goods)),
                lambda: self.centre_tool("members", "import", str(members)),
                lambda: self.centre_tool(
                    *("rules", "publish", str(rules), "--reason", "перші правила"),
                    *("--approve-warnings", "demo"),
                ),
            )

    def push_rules(self) -> None:
        """Publish the second ruleset."""
        with resources.as_file(resources.files("edge_agent.demo_data") / "rules_pushed.json") as f:
            self.centre_tool(
                *("rules", "publish", str(f), "--reason", "нова акція"),
                *("--approve-warnings", "demo"),
            )

    def start_emulators(self) -> None:
        """Two scanners and two printers on ptys, with one control server."""
        devices = []
        for number in (1, 2):
            scanner, printer = self._link(f"scanner{number}"), self._link(f"printer{number}")
            paper = self.folder / f"paper{number}"
            devices.append(
                f'[[device]]\nname = "scanner{number}"\nkind = "scanner"\nlink = "{scanner}"\n\n'
                f'[[device]]\nname = "printer{number}"\nkind = "printer"\ndialect = "datecs_ua"\n'
                f'link = "{printer}"\ndelay_ms = {self.device_delay_ms}\n'
                f'paper_dir = "{paper}"\nfiscal_number = "300001234{number}"\n'
            )
        text = "[control]\nport = 0\n\n" + "\n".join(devices)
        (self.folder / "bench.toml").write_text(text, encoding="utf-8")
        self.control = str(self.emulators.start()["control"])

    def _link(self, name: str) -> Path:
        return self.folder / name

    def enrol_registers(self) -> None:
        """Enrol both registers by one-time codes and start them."""
        steps = [partial(self._enrol, number, name) for number, name in enumerate(REGISTERS, 1)]
        self.registers = together(*steps)
        together(*(register.start for register in self.registers))

    def _enrol(self, number: int, name: str) -> Register:
        config = self.folder / f"{name}.toml"
        text = _AGENT_TOML.format(
            name=name,
            centre=self.centre_url,
            cashier=CASHIERS[number - 1],
            scanner=self._link(f"scanner{number}"),
            printer=self._link(f"printer{number}"),
        )
        config.write_text(text, encoding="utf-8")
        code = self._enrol_code(name)
        run_tool(
            "edge-agent",
            "enrol",
            "--centre",
            self.centre_url,
            "--code",
            code,
            "--config",
            str(config),
        )
        child = Child(
            name, ["edge-agent", "run", "--config", str(config)], self.logs / f"{name}.log"
        )
        return Register(name, config, f"scanner{number}", f"printer{number}", child, self.control)

    def _enrol_code(self, register: str) -> str:
        printed = self.centre_tool(
            "enrol-code", "--store", STORE, "--register", register, "--store-name", STORE_NAME
        )
        return str(json.loads(printed)["code"])

    def close(self) -> None:
        """Stop everything, registers first."""
        for register in self.registers:
            register.stop()
        self.emulators.stop()
        self.centre.stop()

    def addresses(self) -> dict[str, Any]:
        """Where a person looks: panels (one-time links), paper page, API documents."""
        found: dict[str, Any] = {
            "centre": self.centre_url,
            "paper": self.control,
            "pid": os.getpid(),
        }
        for register in self.registers:
            url = register.child.ready["url"]
            link = register.till.send("POST", "/v1/panel/links", {})["path"]
            found[register.name] = {"panel": f"{url}{link}", "docs": f"{url}/docs"}
        return found
