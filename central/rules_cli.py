"""The `edge-central rules …` commands and their options."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from central import rules_commands as verbs_of
from central.rules_report import ONLINE_S
from loyalty.basket import TenderKind

if TYPE_CHECKING:
    Verbs = argparse._SubParsersAction[argparse.ArgumentParser]

Add = Callable[..., argparse.ArgumentParser]
_RULES = "a rule file, a sealed bundle, or the sequence of a published one"


def add(verbs: Verbs, place: argparse.ArgumentParser) -> None:
    """Register the group and its commands."""
    text = "promotion rules"
    group = verbs.add_parser("rules", help=text, description=text)
    commands = group.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, about: str, work: Callable[..., int]) -> argparse.ArgumentParser:
        verb = commands.add_parser(name, parents=[place], help=about, description=about)
        verb.set_defaults(work=work)
        return verb

    _add_writing(command)
    _add_explain(command)
    _add_simulate(command)
    _add_publishing(command)
    _add_friday(command)


def _add_writing(command: Add) -> None:
    check = command("check", "say what is wrong with a rule file", verbs_of.check)
    check.add_argument("file", type=Path)
    check.add_argument(
        "--centre", action="store_true", help="also against the centre's goods and registers"
    )
    _json(check)
    diff = command("diff", "say what changed between two rule files", verbs_of.diff)
    diff.add_argument("before", metavar="A", help=_RULES)
    diff.add_argument("after", metavar="B", help=_RULES)
    _json(diff)


def _add_explain(command: Add) -> None:
    explain = command("explain", "why each promotion acts or not on a basket", verbs_of.explain)
    explain.add_argument("file", metavar="FILE", help=_RULES)
    explain.add_argument(
        "--basket", type=Path, required=True, metavar="FILE", help="the body of the API's basket"
    )
    explain.add_argument(
        "--member", type=Path, metavar="FILE", help="the API's member object; without: a stranger"
    )
    explain.add_argument(
        "--at",
        type=datetime.fromisoformat,
        metavar="TIME",
        help="ISO 8601, local time of the programme without an offset (default: now)",
    )
    explain.add_argument("--store", default="", metavar="S", help="store of the sale")
    explain.add_argument("--store-format", default="", metavar="F", help="format of the store")
    explain.add_argument("--register", default="", metavar="R", help="register of the sale")
    explain.add_argument(
        "--channel", default="till", metavar="C", help="till, web, … (default: till)"
    )
    explain.add_argument(
        "--code",
        action="append",
        default=[],
        metavar="CODE",
        help="a code entered; may be repeated",
    )
    explain.add_argument(
        "--pay",
        action="append",
        default=[],
        choices=get_args(TenderKind),
        help="how the buyer pays; may be repeated",
    )
    explain.add_argument(
        "--redeem",
        type=_points,
        default=0,
        metavar="POINTS",
        help="hundredths of a bonus to redeem, or `max` (default: 0)",
    )
    explain.add_argument("--locale", choices=["uk", "en"], default="uk", help="of the sentences")
    _json(explain)


def _add_simulate(command: Add) -> None:
    text = "what rules would have cost on past receipts"
    simulate = command("simulate", text, verbs_of.simulate)
    simulate.add_argument("file", metavar="FILE", help=_RULES)
    simulate.add_argument(
        "--receipts",
        type=Path,
        nargs="+",
        required=True,
        metavar="FILE",
        help="JSON lines as `export sales` writes them, also .gz",
    )
    beside = simulate.add_mutually_exclusive_group()
    beside.add_argument("--against", metavar="FILE_B", help="compare with these rules")
    beside.add_argument("--sequence", type=int, metavar="N", help="compare with a published bundle")
    simulate.add_argument(
        "--stores", type=_listed, default=[], metavar="S1,S2", help="only receipts of these stores"
    )
    simulate.add_argument(
        "--top", type=_count, default=10, metavar="N", help="biggest changes shown (default: 10)"
    )
    simulate.add_argument(
        "--workers", type=_count, metavar="N", help="processes (default: one for each core)"
    )
    _json(simulate)


def _add_publishing(command: Add) -> None:
    publish = command("publish", "sign and send to registers", verbs_of.publish)
    publish.add_argument("file", type=Path)
    publish.add_argument("--reason", default="", metavar="TEXT", help="why, kept with the bundle")
    _author(publish)
    publish.add_argument(
        "--approve-warnings", default="", metavar="NAME", help="who answers for the warnings"
    )
    publish.add_argument(
        "--resume",
        action="append",
        default=[],
        metavar="PROMO",
        help="let a stopped promotion act again with this bundle; may be repeated",
    )


def _add_friday(command: Add) -> None:
    stop = command("stop", "stop one promotion on every register at once", verbs_of.stop)
    stop.add_argument("promotion", metavar="PROMO")
    stop.add_argument("--reason", required=True, metavar="TEXT", help="why, shown to registers")
    _author(stop)
    text = "publish the content of an earlier bundle again, under a new sequence"
    back = command("rollback", text, verbs_of.rollback)
    back.add_argument(
        "sequence", type=int, nargs="?", metavar="SEQ", help="default: the one before"
    )
    back.add_argument("--reason", required=True, metavar="TEXT", help="why, kept with the bundle")
    _author(back)
    status = command("status", "what is published and what registers run", verbs_of.status)
    status.add_argument(
        "--online-s",
        type=_count,
        default=ONLINE_S,
        metavar="SECONDS",
        help=f"a register heard of within so many seconds is online (default: {ONLINE_S})",
    )
    _json(status)
    affected = command("affected", "sales and money of one promotion", verbs_of.affected)
    affected.add_argument("promotion", metavar="PROMO")
    affected.add_argument(
        "--since",
        type=_instant,
        required=True,
        metavar="TIME",
        help="sales since, ISO 8601; without an offset, local time",
    )
    _json(affected)


def _json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="one JSON object in place of tables")


def _author(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--author", default="", metavar="NAME", help="who (default: the user of the system)"
    )


def _instant(text: str) -> datetime:
    instant = datetime.fromisoformat(text)
    return instant if instant.tzinfo else instant.astimezone()


def _listed(text: str) -> list[str]:
    return [part for part in text.split(",") if part]


def _count(text: str) -> int:
    number = int(text)
    if not 1 <= number <= 100_000:
        raise ValueError(text)
    return number


def _points(text: str) -> int | None:
    if text == "max":
        return None
    points = int(text)
    if not 0 <= points <= 10**9:
        raise ValueError(text)
    return points
