"""What is known of a committed sale: this register's returns of it, and what the centre tells."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from edge_agent.ports import ReturnRow
from sync.contract.messages import WireSale, WireSaleReturn


@dataclass(frozen=True, slots=True)
class Told:
    """A sale as the centre knows it, with what came back of it at any register, and the balance
    of its member there (None where there is none)."""

    sale: WireSale
    returns: Sequence[WireSaleReturn] = ()
    balance_points: int | None = None


def bodies_of(returns: Iterable[ReturnRow]) -> list[WireSaleReturn]:
    """Facts of stored returns."""
    return [WireSaleReturn.model_validate_json(row.document) for row in returns]


def all_returns(own: Iterable[ReturnRow], told: Told | None) -> list[WireSaleReturn]:
    """This register's returns of a sale, and those that only the centre knows."""
    found = {body.return_id: body for body in (told.returns if told else ())}
    found.update({body.return_id: body for body in bodies_of(own)})
    return list(found.values())
