"""What the tap adds to a POS's own receipt: the lines of the sale that was confirmed last.

The total is the only thing the tap knows of a receipt, so a sale is given away once, to the first
receipt that names its sum within two minutes, and never to another buyer's.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from edge_agent.ledger.ledger import Ledger
from edge_agent.till import Till
from edge_agent.usecases.compose_receipt import sale_document
from edge_agent.usecases.drafts import load_draft
from edge_agent.views import SaleView
from loyalty.receipt import ReceiptDocument
from loyalty.receipt_template import ReceiptTemplate
from loyalty.sale import Settlement

FRESH_S: Final = 120.0


@dataclass(slots=True)
class _Confirmed:
    """The newest sale; `totals` with and without cash rounding."""

    sale_id: str
    totals: tuple[int, int]
    at: str
    until_s: float
    receipt: str = ""


class TapDesk:
    """Remembers the sale confirmed last, in memory only."""

    def __init__(
        self,
        till: Till,
        ledger: Ledger,
        template: Callable[[], ReceiptTemplate],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._till = till
        self._ledger = ledger
        self._template = template
        self._now = monotonic
        self._lock = threading.Lock()
        self._newest: _Confirmed | None = None
        shows = till.on_sale

        def seen(view: SaleView, serial: int) -> None:
            self._note(view)
            shows(view, serial)

        till.on_sale = seen

    def lines(self, total_minor: int, width: int, receipt: str) -> tuple[tuple[str, ...], str]:
        """Lines and QR for a receipt of this total; nothing when it is no sale of ours."""
        with self._lock:
            sale = self._newest
            if sale is None or self._now() > sale.until_s or total_minor not in sale.totals:
                return (), ""
            if sale.receipt not in ("", receipt):
                return (), ""
            sale.receipt = receipt
        document = self._document(sale)
        if document is None:
            return (), ""
        # The templates are loaded with the first receipt, not at start.
        from receipt_templates import render_addition

        locale = self._till.who.locale
        return render_addition(document, locale=locale, width=width, template=self._template())

    def _note(self, view: SaleView) -> None:
        result = view.result
        if view.state not in ("committed", "posted") or result is None:
            return
        with self._lock:
            if self._newest is not None and self._newest.sale_id == view.sale_id:
                return
            payable, rounding = result["payable_minor"], result["rounding_minor"]
            self._newest = _Confirmed(
                view.sale_id,
                (payable, payable - rounding),
                result["committed_at"],
                self._now() + FRESH_S,
            )

    def _document(self, sale: _Confirmed) -> ReceiptDocument | None:
        row = self._ledger.unit(lambda uow: uow.sale(sale.sale_id), durable=False)
        draft = load_draft(row.draft) if row is not None else None
        if draft is None or draft.quote is None:
            return None
        quote = draft.quote
        unpaid = Settlement(quote.payable_minor, 0, 0, ())
        ctx = self._till.context()
        return sale_document(ctx, sale.sale_id, draft, quote, unpaid, sale.at)
