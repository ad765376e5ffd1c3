"""Command 107: articles in the printer's memory."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import Any

from drivers.emulators.register.refusals import NotAllowed, SyntaxRefusal
from loyalty.money import format_minor

_PROGRAM = re.compile(
    r"P(?P<tax>.)(?P<plu>\d{1,9}),(?P<group>\d{1,2}),(?:\^(?P<uktzed>\d{1,15}),)?"
    r"(?P<price>\d{1,8}\.\d{2}),(?P<password>\d{4,8}),(?P<name>[^\t\n]+(?:\t[^\t\n]+)?)",
)
MAX_NAME = 72


@dataclass(slots=True)
class Article:
    """One number and what it stands for; turnover since the last Z report.

    A name of two lines keeps the TAB between them."""

    plu: int
    tax_group: str
    price_minor: int
    name: str
    uktzed: str = ""
    sold_milli: int = 0
    sold_minor: int = 0


class ArticleTable:
    """All articles, by number."""

    def __init__(self, capacity: int, tax_groups: frozenset[str], password: str) -> None:
        self._capacity = capacity
        self._tax_groups = tax_groups
        self._password = password
        self._articles: dict[int, Article] = {}
        self._free = 1

    def find(self, plu: int) -> Article:
        """The article, or a refusal."""
        if plu not in self._articles:
            raise NotAllowed(f"article {plu} is not programmed")
        return self._articles[plu]

    def command(self, text: str) -> str:
        """Carry out 107 and return its reply; P for done, F for failed."""
        kind = text[:1]
        if kind == "P":
            return self._program(text)
        if kind == "R":
            return self._read(text[1:])
        if kind in ("X", "x"):
            return f"P{self._first_free():06d}"
        if kind == "D":
            return self._delete(text[1:])
        if kind == "I":
            return f"{MAX_NAME},{self._capacity},{len(self._articles)}"
        raise SyntaxRefusal("unknown form of 107")

    def clear_turnover(self) -> None:
        """What a Z report does to the articles."""
        for article in self._articles.values():
            article.sold_milli = article.sold_minor = 0

    def state_of(self, plu: int) -> dict[str, Any]:
        """One article, for the state file."""
        return asdict(self._articles[plu])

    def to_state(self) -> list[dict[str, Any]]:
        """For the state file."""
        return [asdict(article) for article in self._articles.values()]

    def load(self, state: list[dict[str, Any]]) -> None:
        """Read back what `to_state` wrote."""
        self._articles = {fields["plu"]: Article(**fields) for fields in state}
        self._free = 1

    def _program(self, text: str) -> str:
        match = _PROGRAM.fullmatch(text)
        if match is None:
            raise SyntaxRefusal("107 P cannot be read")
        self._check_password(match["password"])
        plu = int(match["plu"])
        held = self._articles.get(plu)
        if match["tax"] not in self._tax_groups or not 1 <= plu <= self._capacity:
            return "F"
        if held is not None and held.sold_milli:
            return "F"
        self._articles[plu] = Article(
            plu=plu,
            tax_group=match["tax"],
            price_minor=int(match["price"].replace(".", "")),
            name=match["name"][: MAX_NAME + 1],
            uktzed=match["uktzed"] or "",
        )
        return "P"

    def _read(self, text: str) -> str:
        if not text.strip().isdecimal():
            raise SyntaxRefusal("107 R needs a number")
        article = self._articles.get(int(text))
        if article is None:
            return "F"
        return (
            f"P,{article.plu},{article.tax_group},1,{format_minor(article.price_minor)},"
            f"{article.sold_milli},{article.sold_minor},0,0,{article.name}"
        )

    def _first_free(self) -> int:
        while self._free in self._articles:
            self._free += 1
        if self._free > self._capacity:
            raise NotAllowed("the article table is full")
        return self._free

    def _delete(self, text: str) -> str:
        which, _, password = text.partition(",")
        self._check_password(password)
        wanted = list(self._articles) if which == "A" else [int(which)] if which.isdecimal() else []
        unsold = [plu for plu in wanted if plu in self._articles and not self._sold(plu)]
        for plu in unsold:
            del self._articles[plu]
        self._free = 1
        return "P" if unsold and len(unsold) == len(wanted) else "F"

    def _sold(self, plu: int) -> bool:
        return bool(self._articles[plu].sold_milli)

    def _check_password(self, password: str) -> None:
        if password != self._password:
            raise NotAllowed("wrong password")
