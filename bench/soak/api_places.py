"""Sales, people and papers of a register in the states that each call of its API is for."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx

from tests.support.rig import CARD, OTHER_CARD, line, payment
from tests.support.staff import CASHIER, SENIOR

GOODS = [line(1, "milk", 4_590, groups=["dairy"]), line(2, "bread", 2_750)]
_ACTS = ("open", "x", "z", "cash-in", "cash-out")
OTHER = {"code": OTHER_CARD, "source": "scanner"}


@dataclass(frozen=True)
class Change:
    """What of a case is replaced: parts of its path, fields of its body. Without `keeps` nothing
    else of its body stays."""

    path: dict[str, str]
    body: dict[str, Any] | None = None
    keeps: bool = True


class Places:
    """Makes a place for a call, over the same API."""

    def __init__(self, url: str, token: str) -> None:
        headers = {"Authorization": f"Bearer {token}"}
        self._http = httpx.Client(base_url=url, headers=headers, timeout=60)
        sale = "/v1/sales/{sale_id}/"
        self._made: dict[str, Callable[[], Change]] = {
            **{
                f"{verb} {sale}{name}": self._open
                for verb, name in (
                    *(("PUT", "basket"), ("DELETE", "member"), ("PUT", "tenders")),
                    *(("POST", "redeem"), ("POST", "cancel"), ("POST", "park")),
                    *(("POST", "resume"), ("GET", "offers"), ("GET", "status")),
                    ("POST", "one-time-code"),
                )
            },
            f"PUT {sale}codes": lambda: self._open({"codes": ["SPRING", "7-7"]}),
            f"PUT {sale}member": lambda: self._open(OTHER, keeps=False),
            f"POST {sale}confirm": self._payable,
            f"POST {sale}print-result": self._sold,
            f"POST {sale}void": self._unprinted,
            f"POST {sale}reassign": self._for_another,
            f"POST {sale}returns": lambda: self._sold(self._return(), keeps=False),
            f"POST {sale}returns/preview": lambda: self._sold({}, keeps=False),
            f"POST {sale}returns/foreign": self._foreign,
            "POST /v1/receipts/search": self._receipt,
            "POST /v1/print-jobs/{job_id}/retry": lambda: self._job("printed"),
            "POST /v1/print-jobs/{job_id}/resolve": lambda: self._job("unknown"),
            "POST /v1/panel/sessions": self._link,
            "POST /v1/panel/goods": self._good,
            "POST /v1/panel/stamps": self._stamp,
            "PATCH /v1/panel/lines/{line_id}": self._line,
            "POST /v1/panel/sales/{sale_id}/replace-member": self._second_member,
            "POST /v1/panel/pace": self._pace,
            "POST /v1/tap/lines": self._tapped,
            "POST /v1/shift/sign-in": lambda: Change({}, CASHIER, keeps=False),
            **{f"POST /v1/shift/{act}": self._signed_in for act in _ACTS},
            "POST /v1/approvals": self._approval,
            "POST /v1/training/enter": self._no_open_sale,
        }

    def of(self, label: str) -> Change | None:
        """A place for a call of this operation; None where any place will do."""
        make = self._made.get(label)
        return make() if make else None

    def left(self, label: str, status: int) -> None:
        """Training ends as soon as it began: the campaign is about the register itself."""
        if label == "POST /v1/training/enter" and status == 200:
            self._http.post("/v1/training/leave", json={})

    def _told(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        reply = self._http.post(path, json=body)
        said: dict[str, Any] = reply.json()
        return said

    def _begun(self) -> dict[str, Any]:
        basket, whose = {"lines": GOODS}, {"code": CARD, "source": "scanner"}
        body = {"basket": basket, "identity": whose}
        return self._told(f"/v1/sales/{uuid.uuid4()}/open", body)

    def _confirmed(self) -> dict[str, Any]:
        view = self._begun()
        return self._told(f"/v1/sales/{view['sale_id']}/confirm", payment(view))

    def _open(self, body: dict[str, Any] | None = None, *, keeps: bool = True) -> Change:
        return Change({"sale_id": self._begun()["sale_id"]}, body, keeps=keeps)

    def _payable(self) -> Change:
        view = self._begun()
        return Change({"sale_id": view["sale_id"]}, payment(view))

    def _sold(self, body: dict[str, Any] | None = None, *, keeps: bool = True) -> Change:
        return Change({"sale_id": self._confirmed()["sale_id"]}, body, keeps=keeps)

    def _reported(self, verdict: str) -> dict[str, Any]:
        sale_id = self._confirmed()["sale_id"]
        return self._told(f"/v1/sales/{sale_id}/print-result", {"verdict": verdict})

    def _unprinted(self) -> Change:
        self._signed_in()
        return Change({"sale_id": self._reported("not_printed")["sale_id"]}, {"approval": ""})

    def _for_another(self) -> Change:
        self._signed_in()
        return self._sold({"identity": OTHER, "reason": "card forgotten", "approval": ""})

    def _return(self) -> dict[str, Any]:
        return {"return_id": str(uuid.uuid4())}

    def _foreign(self) -> Change:
        paid = {"refund_minor": 100, "tenders": [{"kind": "cash", "amount_minor": 100}]}
        return Change({"sale_id": str(uuid.uuid4())}, self._return() | paid, keeps=False)

    def _receipt(self) -> Change:
        return Change({}, {"receipt": self._confirmed()["sale_id"]}, keeps=False)

    def _job(self, verdict: str) -> Change:
        return Change({"job_id": self._reported(verdict)["prints"][0]["job_id"]})

    def _link(self) -> Change:
        code = self._told("/v1/panel/links", {})["path"].rpartition("#")[2]
        return Change({}, {"code": code.rpartition("=")[2]})

    def _good(self) -> Change:
        self._told("/v1/panel/sale", {})
        return Change({}, {"code": "4820000000017"})

    def _line(self) -> Change:
        self._told("/v1/panel/sale", {})
        view = self._told("/v1/panel/goods", {"code": "4820000000017"})
        lines = view.get("lines") or [{"line_id": "1"}]
        return Change({"line_id": str(lines[0]["line_id"])})

    def _stamp(self) -> Change:
        self._told("/v1/panel/sale", {})
        self._told("/v1/panel/goods", {"code": "4820000000055"})
        return Change({}, {"stamp": uuid.uuid4().hex[:12].upper(), "line_id": ""})

    def _second_member(self) -> Change:
        view = self._begun()
        self._told("/v1/scan", {"code": OTHER_CARD, "source": "scanner"})
        return Change({"sale_id": view["sale_id"]})

    def _pace(self) -> Change:
        body = {"sale_id": self._confirmed()["sale_id"], "keys": 9, "ms": 4_000, "verbs": {}}
        return Change({}, body, keeps=False)

    def _tapped(self) -> Change:
        view = self._confirmed()
        body = {"total_minor": view["payable_minor"], "width": 32, "receipt": uuid.uuid4().hex}
        return Change({}, body, keeps=False)

    def _signed_in(self) -> Change:
        self._told("/v1/shift/sign-in", SENIOR)
        return Change({})

    def _approval(self) -> Change:
        body = {**SENIOR, "act": "cash_out", "subject": "100"}
        return Change({}, body, keeps=False)

    def _no_open_sale(self) -> Change:
        for state in ("open", "parked"):
            for sale in self._http.get("/v1/sales", params={"state": state}).json():
                self._told(f"/v1/sales/{sale['sale_id']}/cancel", {})
        return Change({}, {}, keeps=False)
