"""A MARIA-304T as a `Machine`: session, articles by number, sums that the device checks itself."""

from __future__ import annotations

from contextlib import suppress

from drivers.base import DeviceInfo, DeviceJournal
from drivers.errors import DeviceRefused
from drivers.fiscal.counted.machine import Counters, PlainStatus, Transaction
from drivers.fiscal.counted.payment import amounts_by_mode
from drivers.fiscal.counted.receipt_plan import ReceiptPlan, Sale
from drivers.fiscal.maria.commands import (
    ALLOWED,
    OUR_CODE,
    Configuration,
    cash,
    completion,
    fiscal_line,
    parse_configuration,
    payload,
    status_of,
    text_line,
)
from drivers.fiscal.maria.link import MariaLink
from drivers.fiscal.maria.options import MariaOptions
from drivers.shift import MINUTES_OF_A_BLOCK, ShiftState

ARTICLE_KEY = "maria.article"
KIND_KEY = "maria.kind"
BLOCKED = "not_transmitted_72_hours"
FIRST_ARTICLE, LAST_ARTICLE = 5, 9_999
ARTICLE_JUMP, ARTICLE_TRIES = 50, 40


class MariaMachine:
    """One recognised device; see `drivers.fiscal.counted.machine.Machine`.

    The receipt is composed in the device and printed by COMP, which carries the sums of the whole:
    the device refuses sums that are not its own (SOFTCHECK), and tells no sum when asked."""

    def __init__(
        self, link: MariaLink, options: MariaOptions, journal: DeviceJournal | None
    ) -> None:
        self._link = link
        self._options = options
        self._journal = journal
        self._articles: dict[str, int] = {}
        self._kind = (journal.get(KIND_KEY) if journal is not None else None) or "sale"
        self._sold_minor = 0
        self._cashier = ""
        self._is_blocked = False
        link.wake()
        self._sign_in(options.cashier)
        self.status: PlainStatus = self.refresh()
        link.permit(ALLOWED)

    def bind(self, journal: DeviceJournal) -> None:
        """Keep article numbers in `journal`."""
        self._journal = journal

    def refresh(self) -> PlainStatus:
        """CONF."""
        self._ask("CONF")
        return self.status

    def diagnose(self) -> DeviceInfo:
        """CONF: serial and fiscal number."""
        conf = self._ask("CONF")
        return DeviceInfo("MARIA-304T", conf.serial_number, "", conf.fiscal_number)

    def counters(self) -> Counters:
        """CONf: the number of the last receipt, sales and returns in one series."""
        last = self._ask("CONf").last_receipt
        self.refresh()
        return Counters(documents=last, sales=last, refunds=0, printed=0, one_series=True)

    def transaction(self) -> Transaction:
        """What we have sent of the open receipt; of a closed one whether COMP was the last word."""
        conf = self._ask("CONF")
        if self.status.fiscal_open:
            return Transaction(True, self._sold_minor or None, 0)
        return Transaction(False, None, 0, closed_last=conf.last_command == "COMP")

    def prepare(self, plan: ReceiptPlan, journal: DeviceJournal) -> None:
        """The cashier, and a number for every article."""
        self._journal = journal
        if plan.cashier and plan.cashier != self._cashier:
            self._sign_in(plan.cashier)
        for sale in plan.sales:
            self._article(sale)

    def open_receipt(self, plan: ReceiptPlan) -> None:
        """PREP1, and BCHN for a return."""
        self._kind, self._sold_minor = plan.kind, 0
        if self._journal is not None:
            self._journal.put(KIND_KEY, plan.kind)
        try:
            self._do(b"PREP1")
        except DeviceRefused as refusal:
            self._is_blocked = refusal.code == BLOCKED
            raise
        self._is_blocked = False

    def sell(self, sale: Sale) -> None:
        """FISC or BFIS with its discount; stamps as text.

        A number that the device knows for other goods is given up for one further on."""
        for _ in range(ARTICLE_TRIES):
            try:
                self._do(self._line(sale))
                break
            except DeviceRefused as refusal:
                if refusal.code != "article_refused":
                    raise
                self._new_article(sale.article.key, ARTICLE_JUMP)
        else:
            raise DeviceRefused("article_refused", f"no number for {sale.article.name_lines[0]!r}")
        self._sold_minor += sale.gross_minor + sale.correction_minor
        for stamp in sale.excise_stamps:
            self.print_text(f"Марка акцизу {stamp}")

    def take_off(self, _amount_minor: int) -> None:
        """Never called: the plan spreads it over the lines."""
        raise DeviceRefused("not_allowed", "a discount on the whole is spread over the lines")

    def print_text(self, line: str) -> None:
        """TEXT."""
        self._do(text_line(line))

    def finish(self, plan: ReceiptPlan | None, _paid_minor: int) -> dict[str, str]:
        """COMP: sums and payments in one command, so it is all or nothing."""
        if plan is None:
            raise DeviceRefused("payment_unfinished", "the receipt is not paid")
        sums, evidence = amounts_by_mode(plan, self._options.rules.payment_modes["cash"])
        sold = 0 if plan.kind == "return" else plan.total_minor
        self._do(completion(sold, plan.total_minor - sold, sums))
        return evidence

    def cancel_receipt(self) -> None:
        """CANC."""
        self._do(b"CANC")

    def open_slip(self) -> None:
        """DBEG; the device gives a text document up after two idle seconds."""
        self._do(b"DBEG")

    def print_slip_line(self, line: str) -> None:
        """TEXT."""
        self.print_text(line)

    def print_qr(self, _payload: str) -> None:
        """Never called: this family's profile has no QR code."""
        raise DeviceRefused("qr_not_printable", "this driver prints no QR code")

    def close_slip(self) -> None:
        """PRTX."""
        self._do(b"PRTX")

    def shift_state(self) -> ShiftState:
        """CONF: number and state of the shift, and the last command. It tells no cash.

        That documents wait for the tax service it tells once it sells no more, by SOFTpOVER72H."""
        conf = self._ask("CONF")
        is_blocked = self._is_blocked or self.status.error == BLOCKED
        return ShiftState(
            z_reports=conf.shift - 1,
            is_open=conf.shift_open,
            untransmitted_min=MINUTES_OF_A_BLOCK if is_blocked else None,
            last_done="cash" if conf.last_command == "CAIO" else conf.last_command,
        )

    def open_shift(self) -> None:
        """nrep."""
        self._do(b"nrep")

    def report(self, closing: bool) -> None:
        """NREP or ZREP."""
        self._apart_from("NREP" if closing else "ZREP")
        self._do(b"NREP" if closing else b"ZREP")

    def move_cash(self, amount_minor: int) -> None:
        """CAIO."""
        self._apart_from("CAIO")
        self._do(cash(amount_minor))

    def _apart_from(self, name: str) -> None:
        """CTXT, which does nothing when nothing is open, between two commands of one name: CONF
        names the last command, and could not tell the second from the first."""
        if self._ask("CONF").last_command == name:
            with suppress(DeviceRefused):
                self._do(b"CTXT")

    def _sign_in(self, cashier: str) -> None:
        """UPAS; a name of exactly ten characters would be read as a new password."""
        name = cashier[:9] if len(cashier) == 10 else cashier[:20]
        self._do(payload(f"UPAS{self._options.password}{name}"))
        self._cashier = cashier

    def _line(self, sale: Sale) -> bytes:
        article, schemes = sale.article, self._options.schemes
        return fiscal_line(
            is_return=self._kind == "return",
            name="".join(article.name_lines),
            sum_minor=sale.gross_minor,
            price_minor=sale.price_minor,
            qty_milli=sale.qty_milli,
            group=list(schemes).index(article.tax_group),
            scheme=schemes[article.tax_group],
            article=self._article(sale),
            correction_minor=sale.correction_minor,
        )

    def _article(self, sale: Sale) -> int:
        """The article's number; the device wants another one for other goods within a shift."""
        key = sale.article.key
        if key not in self._articles:
            stored = self._journal.get(f"{ARTICLE_KEY}.{key}") if self._journal else None
            if stored and stored.isdecimal():
                self._articles[key] = int(stored)
            else:
                self._new_article(key)
        return self._articles[key]

    def _new_article(self, key: str, step: int = 1) -> None:
        stored = (self._journal.get(ARTICLE_KEY) if self._journal else None) or ""
        last = int(stored) if stored.isdecimal() else max(self._articles.values(), default=0)
        number = last + step
        self._articles[key] = number if FIRST_ARTICLE <= number <= LAST_ARTICLE else FIRST_ARTICLE
        if self._journal is not None:
            self._journal.put(ARTICLE_KEY, str(self._articles[key]))
            self._journal.put(f"{ARTICLE_KEY}.{key}", str(self._articles[key]))

    def _ask(self, command: str) -> Configuration:
        answer = self._link.exchange(command.encode())
        conf = parse_configuration(answer.data)
        self.status = status_of(conf, answer.trouble, self._kind)
        return conf

    def _do(self, command: bytes) -> None:
        answer = self._link.exchange(command)
        if answer.done:
            return
        word = answer.trouble[0] if answer.trouble else "no DONE"
        raise DeviceRefused(
            OUR_CODE.get(word, "device_error"),
            f"command {command[:4].decode('ascii')} refused: {word}",
            word,
        )
