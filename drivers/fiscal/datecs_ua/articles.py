"""Article numbers: which PLU of the printer holds which article, remembered in the journal.

An article has to be programmed (107) before it can be sold (58). Losing a mapping only wastes a
number, so it is written after the printer has taken the article. Another program, or a Z report
followed by a purge, may have given the number away: it is checked (107 R) before its first use in a
process, and once more when a sale is refused.
"""

from __future__ import annotations

from drivers.base import DeviceJournal
from drivers.errors import DeviceRefused
from drivers.fiscal.counted.receipt_plan import Article
from drivers.fiscal.datecs_ua.session import Session

MAX_ATTEMPTS = 5


class ArticleBook:
    """Articles of one printer during one connection."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._journal: DeviceJournal | None = None
        self._known: dict[str, int] = {}
        self._next = 0

    def use(self, journal: DeviceJournal) -> None:
        """Remember mappings in `journal` from now on."""
        self._journal = journal

    def ensure(self, article: Article) -> int:
        """The PLU of the article, programmed now if need be; `DeviceRefused` when it cannot be."""
        if article.key in self._known:
            return self._known[article.key]
        stored = (self._journal and self._journal.get(_key(article))) or ""
        if stored.isdecimal() and self._session.has_article(int(stored), article):
            self._known[article.key] = int(stored)
            return int(stored)
        return self._program(article)

    def restore(self, article: Article) -> int | None:
        """A new PLU for an article whose old one the printer has lost; `None` when it has not."""
        plu = self._known.get(article.key)
        if plu is not None and self._session.has_article(plu, article):
            return None
        return self._program(article)

    def _program(self, article: Article) -> int:
        for _ in range(MAX_ATTEMPTS):
            plu = self._next or self._session.free_plu()
            if self._session.program_article(plu, article):
                self._next = plu + 1
                if self._journal is not None:
                    self._journal.put(_key(article), str(plu))
                self._known[article.key] = plu
                return plu
            # The number is taken by somebody else's article: ask for a free one.
            self._next = 0
        raise DeviceRefused(
            "article_refused", f"article {article.name_lines[0]!r} was not accepted"
        )


def _key(article: Article) -> str:
    return f"plu.{article.key}"
