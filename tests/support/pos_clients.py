"""A POS on the Python client and one on the JavaScript client, told what to do step by step."""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.support.rig import CARD, TOKEN, line

ROOT = Path(__file__).parents[2]
JS = ROOT / "integrations" / "javascript" / "loyalty-client.js"
LINES = [line(1, "milk", 4_590, 2, groups=["dairy"]), line(2, "bread", 2_750)]
SHELF = 2 * 4_590 + 2_750
NODE = shutil.which("node")
NEEDS_NODE = pytest.mark.skipif(NODE is None, reason="needs Node")
LONG_S = 60.0
"""What a healthy agent may take on a slow machine; one in trouble gets the real 1.5 s."""


def load_client() -> ModuleType:
    path = ROOT / "integrations" / "python" / "loyalty_client.py"
    spec = importlib.util.spec_from_file_location("loyalty_client", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


class PythonPos:
    """A POS on the Python client."""

    def __init__(self, url: str, folder: Path) -> None:
        self.client = load_client().Client(url, TOKEN, spool=folder / "spool")
        self.sale: Any = None

    def do(self, verb: str) -> Any:
        """One step of a sale; views are told as their payable sum."""
        if verb == "new":
            self.sale = self.client.sale()
            return self.sale.sale_id
        if verb == "open":
            view = self.sale.open(LINES, code=CARD, source="scanner")
        elif verb == "basket":
            view = self.sale.basket([*LINES, line(3, "tea", 1_000)])
        elif verb == "redeem":
            view = self.sale.redeem(1_000)
        elif verb == "confirm":
            due = self.sale.payable_minor(SHELF)
            return self.sale.confirm([{"kind": "card", "amount_minor": due}])
        elif verb == "patient":
            self.client.budget_s = LONG_S
            return None
        elif verb == "hasty":
            self.client.budget_s, self.sale.waited_s = 1.5, 0.0
            return None
        elif verb == "payable":
            return self.sale.payable_minor(SHELF)
        elif verb == "waited_ms":
            return round(self.sale.waited_s * 1000)
        else:
            return list(self.client.flush(LONG_S)[0])
        return view["payable_minor"] if view else None

    def close(self) -> None:
        """Nothing to let go of."""


_NODE_POS = """
import { createInterface } from 'node:readline';
const { Client } = await import(process.argv[1]);
const [url, token, lines, more, card, shelf] = JSON.parse(process.argv[2]);
const kept = new Map();
const spool = {
  get length() { return kept.size; },
  key: (at) => [...kept.keys()][at],
  getItem: (name) => kept.get(name) ?? null,
  setItem: (name, text) => void kept.set(name, text),
  removeItem: (name) => void kept.delete(name),
};
const client = new Client(url, token, { spool });
let sale;
const told = (view) => (view ? view.payable_minor : null);
const verbs = {
  new: async () => (sale = client.sale()).id,
  open: async () => told(await sale.open(lines, { code: card, source: 'scanner' })),
  basket: async () => told(await sale.basket([...lines, ...more])),
  redeem: async () => told(await sale.redeem(1000)),
  confirm: () => sale.confirm([{ kind: 'card', amount_minor: sale.payable(shelf) }]),
  patient: async () => void (client.budgetMs = 60000) ?? null,
  hasty: async () => ((client.budgetMs = 1500), (sale.waitedMs = 0), null),
  payable: async () => sale.payable(shelf),
  waited_ms: async () => Math.round(sale.waitedMs),
  flush: async () => (await client.flush(60000)).sent,
};
for await (const verb of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(await verbs[verb]()));
}
"""


class NodePos:
    """A POS on the JavaScript client, in Node."""

    def __init__(self, url: str, _folder: Path) -> None:
        assert NODE is not None
        given = json.dumps([url, TOKEN, LINES, [line(3, "tea", 1_000)], CARD, SHELF])
        self.child = subprocess.Popen(
            [NODE, "--input-type=module", "-e", _NODE_POS, JS.as_uri(), given],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def do(self, verb: str) -> Any:
        """One step of a sale."""
        assert self.child.stdin is not None
        assert self.child.stdout is not None
        self.child.stdin.write(verb.encode() + b"\n")
        self.child.stdin.flush()
        return json.loads(self.child.stdout.readline())

    def close(self) -> None:
        """End the process."""
        self.child.kill()
        self.child.wait(20)
        for pipe in (self.child.stdin, self.child.stdout):
            assert pipe is not None
            pipe.close()
