"""Excise stamps on the cashier's screen: a scan or a typed text that goes to the line it is for."""

from __future__ import annotations

from edge_agent.desk import Desk
from edge_agent.errors import AgentError, Conflict
from edge_agent.identification import Identified
from edge_agent.views import SaleView
from loyalty.basket import Basket
from loyalty.errors import LoyaltyError
from loyalty.stamps import stamp_of, with_stamp


class StampDesk:
    """Stamps of the panel's own sale; a POS sends those of its sales with the basket."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def look(self, text: str, symbology: str) -> Identified | None:
        """Take a scan as a stamp while a line of the screen's sale lacks one; never raises.

        None where it is no stamp, or nothing lacks one: the scan means what it always means."""
        sale = self._desk.own_sale()
        if sale is None or not any(line.stamps_lacking for line in sale.lines):
            return None
        stamp = stamp_of(text, symbology)
        if not stamp:
            return None
        try:
            self.add(stamp)
        except (AgentError, LoyaltyError) as error:
            self._desk.notify("warn", error.code)
            self._desk.push()
        return Identified("stamp", "stamp:****")

    def add(self, stamp: str, line_id: str = "") -> SaleView:
        """Put a stamp on a line, "" for the first that lacks one.

        Raises `InvalidBasket` (`stamp_twice`) and `Conflict` (`stamp_not_needed`)."""
        clean = stamp_of(stamp, "") or stamp.strip()

        def change(basket: Basket) -> Basket:
            after = with_stamp(basket, clean, line_id)
            if after is basket:
                raise Conflict("stamp_not_needed", "no such line lacks an excise stamp")
            return after

        return self._desk.change_own(change)
