"""What the emulated printer remembers: counters, shift, articles, open slip; on disk if wanted."""

from __future__ import annotations

import json
from collections import deque
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from drivers.emulators.paper import Document, document_from_state

STATE_VERSION = 1
MAX_DOCUMENTS = 2_000
STATES_PER_FILE = 500


@dataclass(slots=True)
class Shift:
    """Sums since the last Z report, kopecks: turnover and tax by letter, payments by means."""

    number: int = 1
    sales: dict[str, int] = field(default_factory=dict)
    returns: dict[str, int] = field(default_factory=dict)
    tax_of_sales: dict[str, int] = field(default_factory=dict)
    tax_of_returns: dict[str, int] = field(default_factory=dict)
    paid: dict[str, int] = field(default_factory=dict)
    paid_out: dict[str, int] = field(default_factory=dict)
    receipts: int = 0
    return_receipts: int = 0
    discounts_minor: int = 0
    cash_in_minor: int = 0
    cash_out_minor: int = 0
    opened_at: int = 0

    def count(self, receipt: Document, turnover: dict[str, int]) -> None:
        """Add a closed receipt to the shift."""
        is_return = receipt.kind == "return"
        _add(self.returns if is_return else self.sales, turnover)
        _add(self.tax_of_returns if is_return else self.tax_of_sales, receipt.taxes)
        self.return_receipts += is_return
        self.receipts += not is_return
        means: dict[str, int] = {}
        for mode, amount in receipt.payments:
            means[mode] = means.get(mode, 0) + amount
        if receipt.change_minor:
            means["P"] -= receipt.change_minor
        _add(self.paid_out if is_return else self.paid, means)
        given = receipt.discount_minor + sum(item.correction_minor for item in receipt.items)
        self.discounts_minor -= min(given, 0)


def _add(sums: dict[str, int], more: dict[str, int]) -> None:
    for key, amount in more.items():
        sums[key] = sums.get(key, 0) + amount


@dataclass(slots=True)
class Memory:
    """Battery-backed memory; survives power cuts, and restarts when a folder is given."""

    documents: int = 0
    fiscal_sales: int = 0
    fiscal_refunds: int = 0
    printed: int = 0
    cash_minor: int = 0
    last_sum_minor: int = 0
    last_paid_minor: int = 0
    last_items: int = 0
    paper_out: bool = False
    paper_low: bool = False
    cover_open: bool = False
    journal_full: bool = False
    tax_link_out: bool = False
    unsent: int = 0
    unsent_number: int = 0
    unsent_since: int = 0
    cashiers: dict[str, str] = field(default_factory=dict)
    shift: Shift = field(default_factory=Shift)


class Archive:
    """Finished slips, the newest `MAX_DOCUMENTS` in memory, all of them in the folder.

    Folder: `state.jsonl` (memory and open slip after each command, the last whole line counts),
    `articles.jsonl`, `documents.jsonl`, `paper.txt`."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._states = 0
        self.finished: deque[Document] = deque(maxlen=MAX_DOCUMENTS)
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)

    def load(self) -> tuple[Memory, Document | None, list[dict[str, Any]]]:
        """Memory, open slip and articles as they were when the program last ran."""
        states = self._read_lines("state.jsonl")
        if not states:
            return Memory(), None, []
        state = states[-1]
        if state["version"] != STATE_VERSION:
            raise ValueError(f"{self._folder}: state of another version of the emulator")
        fields = dict(state["memory"])
        fields["shift"] = Shift(**fields["shift"])
        memory = Memory(**fields)
        open_slip = document_from_state(state["open"]) if state["open"] else None
        for fields in self._read_lines("documents.jsonl"):
            document = document_from_state(fields)
            if document.printed_number <= memory.printed:
                self.finished.append(document)
        return memory, open_slip, self._read_lines("articles.jsonl")

    def save(self, memory: Memory, open_slip: Document | None) -> None:
        """Memory and open slip, all or nothing."""
        if self._folder is None:
            return
        opened = open_slip.to_state() if open_slip else None
        state = {"version": STATE_VERSION, "memory": asdict(memory), "open": opened}
        line = json.dumps(state, ensure_ascii=False) + "\n"
        self._states += 1
        # Renaming over a file makes the disk write it out; appending does not.
        if self._states % STATES_PER_FILE == 1:
            self._write("state.jsonl", line)
        else:
            self._append("state.jsonl", line)

    def add_article(self, article: dict[str, Any]) -> None:
        """One article that was programmed."""
        self._append("articles.jsonl", json.dumps(article, ensure_ascii=False) + "\n")

    def save_articles(self, articles: list[dict[str, Any]]) -> None:
        """The whole article table, after a deletion."""
        if self._folder is not None:
            lines = [json.dumps(article, ensure_ascii=False) + "\n" for article in articles]
            self._write("articles.jsonl", "".join(lines))

    def finish(self, document: Document) -> None:
        """A slip that is done; on disk before the counters that count it."""
        self.finished.append(document)
        line = json.dumps(document.to_state(), ensure_ascii=False) + "\n"
        self._append("documents.jsonl", line)
        self._append("paper.txt", document.text() + "\n\n")

    def _append(self, name: str, text: str) -> None:
        if self._folder is not None:
            with (self._folder / name).open("a", encoding="utf-8") as file:
                file.write(text)

    def _read_lines(self, name: str) -> list[Any]:
        if self._folder is None or not (self._folder / name).exists():
            return []
        found = []
        for line in (self._folder / name).read_text(encoding="utf-8").splitlines():
            try:
                found.append(json.loads(line))
            except ValueError:
                continue  # the line that a kill cut short
        return found

    def _write(self, name: str, text: str) -> None:
        assert self._folder is not None
        fresh = self._folder / f".{name}.new"
        fresh.write_text(text, encoding="utf-8")
        fresh.replace(self._folder / name)
