"""What a fact's body says, or why it is not understood."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from pydantic import ValidationError

from sync.contract.messages import (
    WireLeaseClose,
    WireModel,
    WirePrintVerdict,
    WireSale,
    WireSaleReturn,
    WireSaleVoided,
)
from sync.contract.rights import WireCounterLeaseReturned, WireLeaseReturned, WirePurseFloor

_MODELS: dict[str, type[WireModel]] = {
    "sale": WireSale,
    "sale_voided": WireSaleVoided,
    "sale_return": WireSaleReturn,
    "print_verdict": WirePrintVerdict,
    "lease_close": WireLeaseClose,
    "lease_returned": WireLeaseReturned,
    "purse_floor": WirePurseFloor,
    "counter_lease_returned": WireCounterLeaseReturned,
}
RECORDED = frozenset({"shift"})
"""Kinds that are kept and exported, but change no points."""


class NotUnderstood(Exception):
    """The body is stored as it is and applied by a later version, or by a person."""


@dataclass(frozen=True, slots=True)
class Understood:
    """A fact ready to be applied; `message` is None for kinds that are only recorded."""

    register_id: str
    store_id: str
    epoch: int
    seq: int
    kind: str
    message: WireModel | None

    @property
    def cause_key(self) -> str:
        """Unique for ever: no fact is applied twice under it."""
        return f"{self.register_id}.{self.epoch}.{self.seq}"


def understand(
    register_id: str, store_id: str, epoch: int, seq: int, kind: str, body: bytes
) -> Understood:
    """Read a body of a known kind and version, or raise `NotUnderstood` with a short reason."""
    if kind in RECORDED:
        return Understood(register_id, store_id, epoch, seq, kind, None)
    model = _MODELS.get(kind)
    if model is None:
        raise NotUnderstood("unknown_kind")
    try:
        message = model.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        raise NotUnderstood(f"bad_body {field}: {first['msg']}"[:200].replace("\x00", "")) from None
    if isinstance(message, WireSale):
        _check_sale(message, register_id)
    return Understood(register_id, store_id, epoch, seq, kind, message)


def _check_sale(sale: WireSale, register_id: str) -> None:
    if sale.register_id != register_id:
        raise NotUnderstood("bad_body register_id: another register's sale")
    try:
        datetime.fromisoformat(sale.occurred_at)
        if sale.accrual_expires_on is not None:
            date.fromisoformat(sale.accrual_expires_on)
    except ValueError as error:
        raise NotUnderstood(f"bad_body date: {error}"[:200].replace("\x00", "")) from None
