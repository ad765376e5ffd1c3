"""What every verb answers to a sale in every state, and what the sale is afterwards."""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import httpx
import pytest

from tests.support.rig import CARD, OTHER_CARD, Rig, answer, line, payment
from tests.support.sale_steps import facts

GOODS = [line(1, "milk", 4_590, groups=["dairy"]), line(2, "bread", 2_750)]
WHOSE = {"identity": {"code": OTHER_CARD, "source": "scanner"}, "reason": "r", "supervisor": "s"}
STATES = (
    "unknown open parked cancelled forgotten confirmed printed unprinted doubtful voided partly "
    "returned moved"
)
# `ok` is 200, with what the sale is then where that changes; else the code of the refusal.
TABLE = """
open     ok>open ok ok               closed closed closed closed closed closed closed closed closed closed
basket   gone ok ok>open             closed closed closed closed closed closed closed closed closed closed
member   gone ok ok>open             closed closed closed closed closed closed closed closed closed closed
nobody   gone ok ok>open             closed closed closed closed closed closed closed closed closed closed
codes    gone ok ok>open             closed closed closed closed closed closed closed closed closed closed
tenders  gone ok ok>open             closed closed closed closed closed closed closed closed closed closed
redeem   gone ok ok>open             closed closed closed closed closed closed closed closed closed closed
park     gone ok>parked ok           closed closed closed closed closed closed closed closed closed closed
resume   gone ok ok>open             closed closed closed closed closed closed closed closed closed closed
code     gone code_unknown code_unknown closed closed closed closed closed closed closed closed closed closed
confirm  gone ok>posted ok>posted    closed closed ok ok ok ok ok ok ok ok
cancel   gone ok>cancelled ok>cancelled ok ok closed closed closed closed closed closed closed closed
status   gone ok ok ok ok ok ok ok ok ok ok ok ok
offers   gone ok ok ok ok ok ok ok ok ok ok ok ok
printed  gone closed closed closed closed ok ok ok ok closed ok ok ok
no_paper gone closed closed closed closed ok ok ok ok closed ok ok ok
void     gone not_voidable not_voidable not_voidable not_voidable not_voidable not_voidable ok>voided paper_pending ok not_voidable not_voidable not_voidable
reassign gone not_reassignable not_reassignable not_reassignable not_reassignable ok>voided ok>voided ok>voided ok>voided not_reassignable not_reassignable not_reassignable ok
preview  gone not_returnable not_returnable not_returnable not_returnable ok ok ok ok not_returnable ok already_returned ok
return   gone not_returnable not_returnable not_returnable not_returnable ok>returned ok>returned ok>returned ok>returned not_returnable ok>returned already_returned ok
foreign  ok own_sale own_sale own_sale own_sale own_sale own_sale own_sale own_sale own_sale own_sale own_sale own_sale
"""  # noqa: E501
CHANGING = ("printed", "no_paper", "reassign", "return")
"""What may leave a sale another one without changing the word for its state."""
ANSWERS = {"gone": (404, "unknown_sale"), "closed": (409, "sale_closed")}


@pytest.fixture(scope="module")
def till(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """One register for the whole table."""
    register = Rig(tmp_path_factory.mktemp("states"))
    register.start()
    try:
        yield register
    finally:
        register.stop()


class Sale:
    """A sale that was brought into one of the states."""

    def __init__(self, rig: Rig, state: str) -> None:
        self._rig = rig
        self.sale_id = str(uuid.uuid4())
        self.view: dict[str, Any] = {"quote_id": "", "basket_hash": "", "payable_minor": 1}
        if state != "unknown":
            self._begin(state)

    def _begin(self, state: str) -> None:
        whose = {"code": CARD, "source": "scanner"}
        body = {"basket": {"lines": GOODS}, "identity": whose}
        self.view = answer(self.post("open", body))
        if state == "parked":
            answer(self.post("park", {}))
        elif state == "cancelled":
            answer(self.post("cancel", {}))
        elif state == "forgotten":
            self._forget()
        elif state != "open":
            self.view = answer(self.post("confirm", payment(self.view)))
            self._go_on(state)

    def _go_on(self, state: str) -> None:
        verdicts = {"printed": "printed", "doubtful": "unknown"}
        if state in ("printed", "unprinted", "doubtful", "voided"):
            verdict = verdicts.get(state, "not_printed")
            answer(self.post("print-result", {"verdict": verdict}))
        if state == "voided":
            answer(self.post("void", {"reason": "no paper"}))
        elif state == "partly":
            part = [{"line_id": "1", "qty_milli": 1_000}]
            answer(self.post("returns", {"return_id": str(uuid.uuid4()), "lines": part}))
        elif state == "returned":
            answer(self.post("returns", {"return_id": str(uuid.uuid4())}))
        elif state == "moved":
            answer(self.post("reassign", WHOSE))

    def _forget(self) -> None:
        assert self._rig.agent is not None
        with closing(sqlite3.connect(self._rig.folder / "data" / "ledger.db")) as connection:
            query = "UPDATE sale SET touched_at = '2020-01-01T00:00:00.000Z' WHERE sale_id = ?"
            connection.execute(query, [self.sale_id])
            connection.commit()
        self._rig.agent.till.close_abandoned()

    def post(self, verb: str, body: dict[str, Any]) -> httpx.Response:
        """A POST to the sale."""
        return self._rig.http.post(f"/v1/sales/{self.sale_id}/{verb}", json=body)

    def put(self, verb: str, body: dict[str, Any]) -> httpx.Response:
        """A PUT to the sale."""
        return self._rig.http.put(f"/v1/sales/{self.sale_id}/{verb}", json=body)

    def get(self, verb: str) -> httpx.Response:
        """A GET of the sale."""
        return self._rig.http.get(f"/v1/sales/{self.sale_id}/{verb}")

    def nobody(self) -> httpx.Response:
        """The sale made anonymous."""
        headers = {"Content-Type": "application/json"}
        return self._rig.http.delete(f"/v1/sales/{self.sale_id}/member", headers=headers)

    def seen(self) -> str:
        """Its state, as the POS is told; "" for none."""
        view = self.get("status").json()
        return (
            "parked" if view.get("is_parked") and view["state"] == "open" else view.get("state", "")
        )


def _new() -> str:
    return str(uuid.uuid4())


VERBS: dict[str, Callable[[Sale], httpx.Response]] = {
    "open": lambda sale: sale.post("open", {"basket": {"lines": GOODS}}),
    "basket": lambda sale: sale.put("basket", {"lines": GOODS}),
    "member": lambda sale: sale.put("member", {"code": OTHER_CARD}),
    "nobody": Sale.nobody,
    "codes": lambda sale: sale.put("codes", {"codes": ["A"]}),
    "tenders": lambda sale: sale.put("tenders", {"kinds": ["card"]}),
    "redeem": lambda sale: sale.post("redeem", {"points": 0}),
    "park": lambda sale: sale.post("park", {}),
    "resume": lambda sale: sale.post("resume", {}),
    "code": lambda sale: sale.post("one-time-code/check", {"code": "0000"}),
    "confirm": lambda sale: sale.post("confirm", payment(sale.view)),
    "cancel": lambda sale: sale.post("cancel", {}),
    "status": lambda sale: sale.get("status"),
    "offers": lambda sale: sale.get("offers"),
    "printed": lambda sale: sale.post("print-result", {"verdict": "printed"}),
    "no_paper": lambda sale: sale.post("print-result", {"verdict": "not_printed"}),
    "void": lambda sale: sale.post("void", {"reason": "no paper"}),
    "reassign": lambda sale: sale.post("reassign", WHOSE),
    "preview": lambda sale: sale.post("returns/preview", {}),
    "return": lambda sale: sale.post("returns", {"return_id": _new()}),
    "foreign": lambda sale: sale.post(
        "returns/foreign",
        {
            "return_id": _new(),
            "refund_minor": 1,
            "tenders": [{"kind": "cash", "amount_minor": 1}],
        },
    ),
}


@pytest.mark.parametrize("state", STATES.split())
def test_each_verb_knows_the_state_of_its_sale(till: Rig, state: str) -> None:
    rows = [row.split() for row in TABLE.strip().splitlines()]
    assert [row[0] for row in rows] == list(VERBS)
    place = 1 + STATES.split().index(state)
    sale: Sale | None = None
    before = ""
    for name, wanted in ((row[0], row[place]) for row in rows):
        if sale is None:
            sale = Sale(till, state)
            before = sale.seen()
        written = len(facts(till))
        reply = VERBS[name](sale)
        said, _, then = wanted.partition(">")
        told = reply.status_code, reply.json().get("code", "") if reply.status_code != 200 else ""
        assert told == ((200, "") if said == "ok" else ANSWERS.get(said, (409, said))), name
        assert sale.seen() == (then or before), name
        if said != "ok":
            assert len(facts(till)) == written, f"{name} was refused and left a fact"
        elif then or name in CHANGING:
            sale = None


def test_a_moved_sale_is_voided_by_its_first_id(till: Rig) -> None:
    """The POS knows the id that it made; goods that were never handed out earn nothing."""
    sale = Sale(till, "moved")
    first = sale.get("status").json()
    life = first["result"]["reassigned_to"]
    assert till.http.get(f"/v1/sales/{life}/status").json()["state"] == "posted"
    told = answer(sale.post("print-result", {"verdict": "not_printed"}))
    assert (told["sale_id"], [job["state"] for job in told["prints"]]) == (life, ["not_printed"])
    voided = answer(sale.post("void", {"reason": "no paper"}))
    assert (voided["sale_id"], voided["state"]) == (life, "voided")
    assert sale.seen() == "voided"


@pytest.mark.parametrize("spelled", [str.upper, lambda given: given.replace("-", "")])
def test_an_id_has_one_meaning_however_it_is_spelled(
    till: Rig, spelled: Callable[[str], str]
) -> None:
    sale_id = str(uuid.uuid4())
    path = f"/v1/sales/{spelled(sale_id)}"
    view = answer(till.http.post(f"{path}/open", json={"basket": {"lines": GOODS}}))
    assert view["sale_id"] == sale_id
    done = answer(till.http.post(f"{path}/confirm", json=payment(view)))
    assert (done["sale_id"], done["state"]) == (sale_id, "posted")
    assert answer(till.http.get(f"/v1/sales/{sale_id}/status"))["state"] == "posted"
