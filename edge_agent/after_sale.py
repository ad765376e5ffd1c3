"""What happens beside and after a sale: parking, the POS's paper, another member, finding it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any, Literal

from pydantic import BaseModel

from edge_agent.adjustment_views import ReceiptBlock
from edge_agent.centre_gate import CentreGate
from edge_agent.event_codes import Event
from edge_agent.event_log import emit
from edge_agent.ledger.ledger import Ledger
from edge_agent.ledger.store import Store
from edge_agent.papers import OUTCOME
from edge_agent.ports import SaleRow
from edge_agent.sentences import sentence
from edge_agent.shift.approvals import Approvals
from edge_agent.till import Till
from edge_agent.usecases import open_sale as opening
from edge_agent.usecases.drafts import load_draft
from edge_agent.usecases.find_sold import SALE_QR, Receipt, find_sold, sale_id_in
from edge_agent.usecases.reassign_sale import Reassign, reassign_sale
from edge_agent.usecases.record_print import PaperVerdict
from edge_agent.usecases.report_print import CLOSED, report_print, sold_document
from edge_agent.usecases.return_foreign import ForeignReturn, return_foreign
from edge_agent.usecases.return_sale import ReturnSale, first_result, return_sale
from edge_agent.usecases.sold_sale import Told
from edge_agent.views import SaleView
from sync.contract.live import SoldRequest

POS_WIDTH = 32
"""Characters of a line on the narrowest common paper, 58 mm."""
ABANDONED_FOR = timedelta(days=7)
Listed = Literal["open", "parked", "abandoned"]


class SaleBrief(BaseModel):
    """A sale in a list. `items` are the names of its first lines; sums are kopecks."""

    sale_id: str
    state: str
    origin: str
    opened_at: str
    touched_at: str
    lines: int
    items: list[str]
    payable_minor: int
    member_name: str
    note: str


class _Previewed(Exception):
    """Ends the transaction of a preview, so that nothing of it stays."""

    def __init__(self, result: dict[str, Any]) -> None:
        super().__init__()
        self.result = result


class AfterSale:
    """The verbs of a register around its sales; every method blocks. `approvals` says which need
    a senior's word, and whose it is."""

    def __init__(self, till: Till, ledger: Ledger, gate: CentreGate, approvals: Approvals) -> None:
        self._till = till
        self._ledger = ledger
        self._gate = gate
        self.allowed = approvals.run

    def park(self, sale_id: str, note: str) -> SaleView:
        """Put an open sale aside, so that another buyer can be served."""
        return self._till.park(sale_id, note)

    def resume(self, sale_id: str) -> SaleView:
        """Take a parked sale up again."""
        return self._till.step(sale_id, lambda uow, ctx: opening.resume_sale(uow, ctx, sale_id))

    def listed(self, which: Listed) -> list[SaleBrief]:
        """Open, parked, or lately abandoned sales of this register, touched last first."""
        since = (self._till.context().clock.now() - ABANDONED_FOR).isoformat(
            timespec="milliseconds"
        )

        def read(uow: Store) -> list[SaleRow]:
            if which == "abandoned":
                return uow.abandoned_sales(since.replace("+00:00", "Z"))
            return uow.open_sales()

        rows = self._ledger.unit(read, durable=False)
        found = [(row, brief(row, which)) for row in rows]
        if which == "abandoned":
            return [short for _, short in found]
        return [short for row, short in found if short.state == which]

    def printed_by_pos(
        self,
        sale_id: str,
        verdict: Literal["printed", "not_printed", "unknown"],
        fiscal_number: str,
        reason: str,
    ) -> SaleView:
        """Store what became of the receipt that the POS prints."""
        ctx = self._till.context()
        paper = PaperVerdict(self._till.new_id(), verdict, fiscal_number, reason)
        job = self._ledger.unit(lambda uow: report_print(uow, ctx, sale_id, paper))
        emit(OUTCOME[verdict], sale_id=job.subject_id, reason=reason)
        self._till.on_fact()
        return self._till.show_again(job.subject_id)

    def reassign(self, command: Reassign) -> SaleView:
        """Give a confirmed sale to another member; answers with its new life."""
        ctx, since = self._till.context(), self._till.shift_since()
        new_id = self._ledger.unit(lambda uow: reassign_sale(uow, ctx, command, since))
        emit(Event.SALE_REASSIGNED, sale_id=command.sale_id, new_id=new_id)
        self._till.on_fact()
        view = self.status(new_id)
        self._till.show_again((view.result or {}).get("reassigned_from", command.sale_id))
        self._till.show_again(new_id)
        return view

    def sold(self, receipt: str, member_id: int | None) -> list[Receipt]:
        """Sales by a receipt's number or QR, or by their member; of other registers while the
        centre answers, except by a number."""
        sale_id = sale_id_in(receipt)
        of_member = None if receipt.strip() else member_id
        asked = SoldRequest(sale_id=sale_id or None, member_id=of_member)
        told = self._told(asked) if sale_id or asked.member_id else []
        ctx = self._till.context()
        return self._ledger.unit(
            lambda uow: find_sold(uow, ctx, receipt, member_id, told), durable=False
        )

    def _told(self, request: SoldRequest) -> list[Told]:
        """What the centre knows; nothing while it is away."""
        reply = self._gate.sold(request)
        if reply is None:
            return []
        return [Told(one.sale, tuple(one.returns), reply.balance_points) for one in reply.sales]

    def _told_of(self, sale_id: str) -> Told | None:
        return next(iter(self._told(SoldRequest(sale_id=sale_id))), None)

    def preview(self, command: ReturnSale) -> dict[str, Any]:
        """What a return would give back; nothing is written."""
        return self._previewed(command, self._told_of(command.sale_id))

    def _previewed(self, command: ReturnSale, told: Told | None) -> dict[str, Any]:
        ctx = self._till.context()

        def work(uow: Store) -> None:
            raise _Previewed(return_sale(uow, ctx, command, told))

        try:
            self._ledger.unit(work, durable=False)
        except _Previewed as seen:
            return seen.result
        raise AssertionError("a preview always ends its transaction")

    def void(self, sale_id: str, reason: str, approval: str) -> SaleView:
        """Undo a sale whose paper did not come out; where asked for, with a senior's word."""

        def work(by: str) -> SaleView:
            return self._till.void(sale_id, _with_word(reason, by))

        return self.allowed("void", sale_id, approval, work)

    def give_back(self, command: ReturnSale, approval: str) -> dict[str, Any]:
        """Return goods of a sale of any register, of another's only while the centre answers; a
        large refund needs a senior's word."""
        told = self._told_of(command.sale_id)

        def work(by: str) -> dict[str, Any]:
            worded = replace(command, reason=_with_word(command.reason, by))
            return self._till.give_back(worded, told)

        def amount() -> int:
            return int(self._previewed(command, told)["refund_minor"])

        return self.allowed("return", command.sale_id, approval, work, amount)

    def returned(self, return_id: str) -> dict[str, Any]:
        """What a return answered when it was written."""
        return self._ledger.unit(lambda uow: first_result(uow, return_id), durable=False)

    def give_back_foreign(self, command: ForeignReturn, approval: str) -> dict[str, Any]:
        """Take back goods of another register's sale; the centre settles its points."""

        def work(by: str) -> dict[str, Any]:
            return self._foreign(replace(command, reason=_with_word(command.reason, by)))

        return self.allowed("return", command.sale_id, approval, work, lambda: command.refund_minor)

    def _foreign(self, command: ForeignReturn) -> dict[str, Any]:
        ctx = self._till.context()
        result = self._ledger.unit(lambda uow: return_foreign(uow, ctx, command))
        emit(Event.SALE_RETURNED, sale_id=command.sale_id, refund_minor=command.refund_minor)
        self._till.on_fact()
        return result

    def status(self, sale_id: str) -> SaleView:
        """The sale as it stands, with what the POS prints of it."""
        return self.with_blocks(self._till.status(sale_id))

    def with_blocks(self, view: SaleView, width: int = POS_WIDTH) -> SaleView:
        """The view of a closed sale with its receipt lines, where the POS prints them."""
        if self._till.who.prints or view.state not in CLOSED:
            return view
        return view.model_copy(update={"receipt_blocks": self._blocks(view.sale_id, width)})

    def _blocks(self, sale_id: str, width: int) -> list[ReceiptBlock]:
        row = self._ledger.unit(lambda uow: uow.sale(sale_id), durable=False)
        if row is None or row.document is None or not row.result:
            return []
        document = sold_document(self._till.context(), row)
        # The templates are loaded with the first receipt, not at start.
        from receipt_templates import render

        locale = self._till.who.locale
        text = render(document, locale=locale, post_width=width, trailer_width=width)
        blocks = [
            ReceiptBlock("post_lines", list(text.post_lines)),
            ReceiptBlock("additional_trailer", list(text.additional_trailer)),
        ]
        if self._till.who.is_training:
            # A POS that overlooked `training` prints at least that it is none.
            blocks.insert(0, ReceiptBlock("post_lines", [sentence("training_slip", locale)]))
        shown = [block for block in blocks if block.text]
        return [*shown, ReceiptBlock("qr", [], text.qr or f"{SALE_QR}{sale_id}")]


def _with_word(reason: str, by: str) -> str:
    """Why, and on whose word."""
    return f"{reason} [{by}]".strip()[:200] if by else reason


def brief(row: SaleRow, which: str = "") -> SaleBrief:
    """A row as it stands in a list."""
    draft = load_draft(row.draft)
    state = "parked" if row.state == "open" and draft.is_parked else row.state
    return SaleBrief(
        sale_id=row.sale_id,
        state="abandoned" if which == "abandoned" else state,
        origin=draft.origin,
        opened_at=row.opened_at,
        touched_at=row.touched_at,
        lines=len(draft.basket.lines),
        items=[line.name for line in draft.basket.lines[:3]],
        payable_minor=draft.quote.payable_minor if draft.quote else 0,
        member_name=draft.member.name if draft.member else "",
        note=draft.park_note,
    )
