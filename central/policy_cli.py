"""`edge-central policy simulate`: what each offline policy approves and costs, in a table."""

from __future__ import annotations

import argparse
import json
import statistics
from argparse import Namespace
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from central.errors import BadInput
from central.policy_plot import Mark, plot
from central.policy_simulation import (
    DEMANDS,
    Assumptions,
    Candidate,
    Outage,
    Result,
    Visit,
    bound_of,
    candidates,
    day_of,
    reachable_points,
    simulate,
)
from central.tables import table
from loyalty.authorisation.policy import Policy, checked
from loyalty.errors import InvalidRuleset

if TYPE_CHECKING:
    Verbs = argparse._SubParsersAction[argparse.ArgumentParser]

MAX_MEMBERS, MAX_STORES, MAX_SEEDS = 2_000_000, 5_000, 100
_TITLES = (
    *("policy", "in full, %", "by value, %", "overspend"),
    *("of approved, %", "worst member", "bound"),
)
_WANTS = {
    "balance": "any part of their balance up to {share}",
    "basket": "what bonuses may pay of a basket, at most {share}",
    "part": "any part of their balance",
    "all": "their whole balance",
}
_FIGURES = {each.name for each in fields(Policy)} - {"needs"}


@dataclass(frozen=True, slots=True)
class Line:
    """One policy in one outage over all seeds: (mean, least, most) of each figure."""

    outage: Outage
    policy: str
    in_full_pct: tuple[float, float, float]
    value_pct: tuple[float, float, float]
    over: tuple[float, float, float]
    over_pct: tuple[float, float, float]
    worst_member: float
    bound: float | None


@dataclass(frozen=True, slots=True)
class Reach:
    """Of what members want offline by value, what lies in stores with a lease or a named purse."""

    outage: Outage
    value_pct: tuple[float, float, float]


def add(verbs: Verbs, _place: argparse.ArgumentParser) -> Verbs:
    """Register the group, whose simulation needs no database; further verbs are added to it."""
    text = "what registers may do while the centre is away"
    group = verbs.add_parser("policy", help=text, description=text)
    commands = group.add_subparsers(required=True, metavar="COMMAND")
    text = "what each offline policy approves and costs"
    verb = commands.add_parser("simulate", help=text, description=text)
    verb.set_defaults(work=run)
    who = Assumptions()
    verb.add_argument("--members", type=_between(1, MAX_MEMBERS), default=who.members)
    verb.add_argument("--stores", type=_between(4, MAX_STORES), default=who.stores)
    verb.add_argument(
        *("--outage",),
        choices=["store", "chain", "both"],
        default="both",
        help="one store cut off for a day, or every store from every other (default: both)",
    )
    verb.add_argument("--seeds", type=_between(1, MAX_SEEDS), default=10, help="days to draw")
    verb.add_argument("--seed", type=int, default=1, help="the first of them")
    verb.add_argument(
        "--demand", choices=DEMANDS, default=who.demand, help="what members want (default: balance)"
    )
    verb.add_argument(
        *("--redeem-share-bp",),
        type=_between(1, 10_000),
        default=who.redeem_share_bp,
        help="the most that bonuses may pay of it, in basis points (default: 5000)",
    )
    verb.add_argument(
        *("--page-bp",),
        type=_between(0, 10_000),
        default=who.page_bp,
        help="members who show the signed QR, in basis points (default: 10000)",
    )
    verb.add_argument(
        *("--set",),
        action="append",
        default=[],
        metavar="NAME=NUMBER",
        help="another figure of the policy, such as lease_home_bp=8000; may be repeated",
    )
    verb.add_argument("--plot", type=Path, metavar="FILE", help="write a picture, SVG")
    verb.add_argument("--json", action="store_true")
    return commands


def _between(low: int, high: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        value = int(text)
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"{text} is not between {low} and {high}")
        return value

    return number


def run(arguments: Namespace) -> int:
    """Simulate, print, draw."""
    policy = policy_with(Policy(), arguments.set)
    who = replace(
        Assumptions(),
        members=arguments.members,
        stores=arguments.stores,
        demand=arguments.demand,
        redeem_share_bp=arguments.redeem_share_bp,
        page_bp=arguments.page_bp,
    )
    outages: Sequence[Outage] = (
        ("store", "chain") if arguments.outage == "both" else (arguments.outage,)
    )
    seeds = range(arguments.seed, arguments.seed + arguments.seeds)
    days = [day_of(who, seed) for seed in seeds]
    lines = [
        _line(each, outage, who, _days(each, outage, who, days))
        for outage in outages
        for each in candidates(policy)
    ]
    reaches = [_reach(outage, days) for outage in outages]
    if arguments.plot:
        _write(arguments.plot, lines)
    if arguments.json:
        found = {"assumptions": asdict(who), "seeds": list(seeds), "policy": asdict(policy)}
        found |= {"lines": [asdict(line) for line in lines]}
        found |= {"reach": {each.outage: each.value_pct for each in reaches}}
        print(json.dumps(found, ensure_ascii=False))
    else:
        print(text_of(lines, reaches, who, len(seeds)))
    return 0


def policy_with(policy: Policy, changes: Sequence[str]) -> Policy:
    """A policy with figures given as NAME=NUMBER; `BadInput` names the first at fault."""
    for change in changes:
        name, _, text = change.partition("=")
        if name not in _FIGURES:
            raise BadInput("unknown_figure", f"{name} is none of {', '.join(sorted(_FIGURES))}")
        if not text.isdecimal() or len(text) > 10:
            raise BadInput("bad_figure", f"{change}: NAME=NUMBER is expected")
        is_switch = isinstance(getattr(policy, name), bool)
        changed: dict[str, Any] = {name: text != "0" if is_switch else int(text)}
        policy = replace(policy, **changed)
    try:
        return checked(policy)
    except InvalidRuleset as refused:
        raise BadInput(refused.code, str(refused)) from None


def _line(each: Candidate, outage: Outage, who: Assumptions, days: list[Result]) -> Line:
    has_no_limit = each.policy.cache_budget_points >= 10**9
    bound = bound_of(each.policy, outage, who).total / 100
    return Line(
        outage,
        each.name,
        _spread([100 * day.in_full / max(1, day.asked) for day in days]),
        _spread([100 * day.given_points / max(1, day.asked_points) for day in days]),
        _spread([day.over_points / 100 for day in days]),
        _spread([100 * day.over_points / max(1, day.approved_points) for day in days]),
        max(day.worst_member for day in days) / 100,
        None if has_no_limit else bound,
    )


def _days(
    each: Candidate, outage: Outage, who: Assumptions, days: list[list[Visit]]
) -> list[Result]:
    return [simulate(each.policy, outage, who, day, asks_store=each.asks_store) for day in days]


def _spread(values: Sequence[float]) -> tuple[float, float, float]:
    return (statistics.fmean(values), min(values), max(values))


def _reach(outage: Outage, days: list[list[Visit]]) -> Reach:
    found = [reachable_points(day, outage) for day in days]
    return Reach(outage, _spread([100 * near / max(1, asked) for near, asked in found]))


def text_of(lines: Sequence[Line], reaches: Sequence[Reach], who: Assumptions, seeds: int) -> str:
    """The tables, in bonuses; each figure as mean and, in brackets, least to most."""
    parts = [
        f"{who.members} members, {who.stores} stores, {seeds} days; members want"
        f" {_WANTS[who.demand].format(share=f'{who.redeem_share_bp / 100:g} %')};"
        f" {who.page_bp / 100:g} % show the signed QR. Assumptions, not data."
    ]
    for outage, title in (("store", "One store out for a day"), ("chain", "Every store alone")):
        rows = [_row(line) for line in lines if line.outage == outage]
        if rows:
            parts += ["", title, *table(_TITLES, rows, right=_TITLES[1:])]
        parts += [
            f"Of what is wanted, {_shown(each.value_pct)} % by value lies in stores that hold a"
            " lease or are named by visits."
            for each in reaches
            if each.outage == outage
        ]
    return "\n".join(parts)


def _row(line: Line) -> tuple[str, ...]:
    return (
        line.policy,
        _shown(line.in_full_pct),
        _shown(line.value_pct),
        _shown(line.over, "{:.0f}"),
        _shown(line.over_pct),
        f"{line.worst_member:.0f}",
        "none" if line.bound is None else f"{line.bound:.0f}",
    )


def _shown(spread: tuple[float, float, float], form: str = "{:.1f}") -> str:
    mean, least, most = (form.format(value) for value in spread)
    return mean if least == most else f"{mean} ({least}–{most})"


def _write(path: Path, lines: Sequence[Line]) -> None:
    marks = [
        Mark(line.policy, line.outage, line.value_pct, line.over_pct)
        for line in lines
        if line.policy != "decline"
    ]
    try:
        path.write_text(plot(marks), encoding="utf-8")
    except OSError as error:
        raise BadInput("plot_not_written", f"{path}: {error.strerror}") from None
