"""The slip's template in a rule file; see `loyalty.receipt_template`."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from loyalty.receipt_template import (
    BLOCKS,
    LABELS,
    MAX_LABEL,
    PAGE_PLACEHOLDERS,
    Block,
    ReceiptTemplate,
    placeholders,
)
from sync.contract.rule_fields import Locale, RuleModel, Text

Lines = Annotated[list[Text], Field(max_length=6)]
LocaleLines = Annotated[dict[Locale, Lines], Field(max_length=8)]
Label = Annotated[str, Field(min_length=1, max_length=MAX_LABEL)]
LocaleLabels = Annotated[
    dict[Locale, Annotated[dict[str, Label], Field(max_length=len(LABELS))]], Field(max_length=8)
]


class ReceiptTemplateModel(RuleModel):
    """Words, lines at both ends, order of the parts, and the page the QR leads to."""

    header: LocaleLines = {}
    footer: LocaleLines = {}
    labels: LocaleLabels = {}
    blocks: Annotated[list[Block], Field(max_length=len(BLOCKS))] = list(BLOCKS)
    member_page: Annotated[str, Field(max_length=200, pattern=r"^(https://[!-~]+)?$")] = ""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        for labels in self.labels.values():
            for name, text in labels.items():
                if name not in LABELS:
                    raise ValueError(f"no label {name}")
                if placeholders(text) != LABELS[name]:
                    wanted = ", ".join(f"{{{one}}}" for one in sorted(LABELS[name])) or "none"
                    raise ValueError(f"label {name} must hold these placeholders: {wanted}")
        if len(set(self.blocks)) != len(self.blocks):
            raise ValueError("a block stands twice")
        page = placeholders(self.member_page)
        if page is None or page - PAGE_PLACEHOLDERS:
            raise ValueError("member_page may hold {sale_id} and {register_id} only")
        return self

    def to_rule(self) -> ReceiptTemplate:
        return ReceiptTemplate(
            header={locale: tuple(lines) for locale, lines in self.header.items()},
            footer={locale: tuple(lines) for locale, lines in self.footer.items()},
            labels={locale: dict(labels) for locale, labels in self.labels.items()},
            blocks=tuple(self.blocks),
            member_page=self.member_page,
        )
