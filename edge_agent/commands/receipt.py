"""`edge-agent receipt preview`: a slip as text and as dots, without a printer."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from edge_agent.command_failed import CommandFailed
from loyalty.errors import InvalidRuleset
from loyalty.receipt import SlipRow
from loyalty.receipt_template import PLAIN, ReceiptTemplate
from receipt_templates import refused_words, render_slip
from receipt_templates.samples import SAMPLES, SHIFT_SAMPLE
from receipt_templates.shift_slip import render_shift

COLUMNS = {58: 32, 80: 48}
DOTS = {58: 384, 80: 576}


def preview(arguments: argparse.Namespace) -> int:
    """Print the slip, and write its picture where asked."""
    template = _template(arguments.template)
    width = arguments.width or COLUMNS[arguments.paper]
    try:
        rows = _rows(arguments, width, template)
    except ValueError as error:
        raise CommandFailed(str(error)) from error
    for row in rows:
        print(_line(row.style, row.text, width))
    if arguments.png is not None:
        _write_png(arguments, rows, width)
    return 0


def _rows(
    arguments: argparse.Namespace, width: int, template: ReceiptTemplate
) -> tuple[SlipRow, ...]:
    if arguments.sample == "shift":
        return render_shift(SHIFT_SAMPLE, locale=arguments.locale, width=width)
    sample = SAMPLES[arguments.sample]
    return render_slip(sample, locale=arguments.locale, width=width, template=template)


def _line(style: str, text: str, width: int) -> str:
    if style == "rule":
        return "-" * width
    if style == "qr":
        return f"[QR {text}]".center(width).rstrip()
    if style == "title":
        return " ".join(text).center(width).rstrip()
    return (text.center(width) if style == "center" else text).rstrip()


def _write_png(arguments: argparse.Namespace, rows: tuple[SlipRow, ...], width: int) -> None:
    try:
        # Pillow and qrcode come with the extra `escpos` only.
        from drivers.receipt.picture import draw_slip, slip_png
    except ImportError as error:
        raise CommandFailed(f"a picture needs the extra 'escpos': {error}") from error
    printed = draw_slip(rows, width, DOTS[arguments.paper])
    arguments.png.write_bytes(slip_png(printed, arguments.paper))
    print(f"written: {arguments.png}", file=sys.stderr)


def _template(file: Path | None) -> ReceiptTemplate:
    """The template of a rule file; refused when it imitates a fiscal receipt."""
    if file is None:
        return PLAIN
    from sync.contract.bundle import parse_draft

    try:
        draft = parse_draft(file.read_bytes())
    except (OSError, InvalidRuleset) as error:
        raise CommandFailed(f"{file}: {error}") from error
    template = draft.receipt.to_rule() if draft.receipt else PLAIN
    refused = refused_words(template)
    if refused:
        raise CommandFailed(f"{file}: a slip must not say: {', '.join(refused)}")
    return template
