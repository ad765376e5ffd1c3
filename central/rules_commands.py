"""The verbs of `edge-central rules`: each takes parsed arguments and returns an exit code."""

from __future__ import annotations

import functools
import getpass
import json
from argparse import Namespace
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import asdict
from datetime import date
from typing import Any

from central import keys, rules, rules_diff, rules_report, rules_stop
from central.db.bulk import Connection
from central.errors import KeysUnusable
from central.instants import kyiv_date, system_clock
from central.place import opened
from central.rules_advice import advice_for
from central.rules_files import (
    RulesRefused,
    load_rules,
    read_basket,
    read_bytes,
    read_member,
)
from central.rules_words import money
from central.tables import table
from loyalty.errors import InvalidRuleset


def _print(value: dict[str, Any]) -> None:
    print(json.dumps(value, ensure_ascii=False), flush=True)


def _show(arguments: Namespace, found: dict[str, Any], lines: Iterable[str]) -> None:
    """One JSON object when asked for, else lines for people."""
    if arguments.json:
        _print(found)
    else:
        for line in lines:
            print(line)


def _database(arguments: Namespace) -> AbstractContextManager[Connection]:
    return opened(arguments.data_dir, arguments.database_url)


def _signing_key(arguments: Namespace) -> keys.SigningKey:
    signing = keys.load_keys(arguments.data_dir)
    if not signing:
        raise KeysUnusable("there is no key to sign with: run `edge-central keys init`")
    return signing[0]


def _author(arguments: Namespace) -> str:
    return arguments.author or getpass.getuser()


def _refusal(error: InvalidRuleset) -> dict[str, Any]:
    return {
        "ok": False,
        "code": error.code,
        "field": error.field,
        "message": str(error),
        "advice": advice_for(error.code),
    }


def _refused_with_1(work: Callable[[Namespace], int]) -> Callable[[Namespace], int]:
    """Commands that read rules say in one form why a file is refused, and end with 1."""

    @functools.wraps(work)
    def guarded(arguments: Namespace) -> int:
        try:
            return work(arguments)
        except RulesRefused as refused:
            found = {"file": refused.label, **_refusal(refused.error)}
        except InvalidRuleset as error:
            found = _refusal(error)
        if getattr(arguments, "json", True):
            _print(found)
        else:
            print(*_finding_lines({"severity": "error", "promotion_id": "", **found}), sep="\n")
        return 1

    return guarded


# --- writing ----------------------------------------------------------------------------------


def check(arguments: Namespace) -> int:
    """Read and compile a rule file; 1 when it is refused or has errors. The database is asked
    only with `--centre`."""
    data = read_bytes(arguments.file)
    known = None
    if arguments.centre:
        with _database(arguments) as connection:
            known = rules.known_to_centre(connection)
    try:
        found = rules.check(data, date.fromisoformat(kyiv_date(system_clock())), known)
    except InvalidRuleset as error:
        found = _refusal(error) | {"findings": []}
        line = {"severity": "error", "promotion_id": "", **found}
        _show(arguments, found, _finding_lines(line))
        return 1
    for finding in found["findings"]:
        finding["advice"] = advice_for(finding["code"])
    _show(arguments, found, _check_lines(str(arguments.file), found))
    return 0 if found["ok"] else 1


def _check_lines(name: str, found: dict[str, Any]) -> Iterable[str]:
    yield f"{name}: {found['promotions']} promotions, {found['size']} bytes"
    for finding in found["findings"]:
        yield from _finding_lines(finding)
    severities = [finding["severity"] for finding in found["findings"]]
    errors, warnings = severities.count("error"), severities.count("warning")
    yield f"{errors} errors, {warnings} warnings" if severities else "nothing is wrong with it"


def _finding_lines(finding: dict[str, Any]) -> Iterable[str]:
    whose = f" ({finding['promotion_id']})" if finding["promotion_id"] else ""
    where = finding["field"] or "file"
    message = finding["message"].removeprefix(f"{finding['field']}: ")
    yield f"{finding['severity']:<8} {where}{whose}: {message} [{finding['code']}]"
    if finding["advice"]:
        yield f"         -> {finding['advice']}"


@_refused_with_1
def diff(arguments: Namespace) -> int:
    """What was added, removed and changed."""
    database = functools.partial(_database, arguments)
    before, after = (load_rules(name, database) for name in (arguments.before, arguments.after))
    found = rules_diff.diff(before, after)
    _show(arguments, found, rules_diff.text(found))
    return 0


@_refused_with_1
def explain(arguments: Namespace) -> int:
    """One basket, every promotion, and why."""
    # The engine is loaded only by commands that price baskets.
    from central import rules_explain
    from loyalty.promotions.circumstances import Circumstances

    source = load_rules(arguments.file, functools.partial(_database, arguments))
    question = rules_explain.Question(
        basket=read_basket(arguments.basket),
        at=rules_explain.instant(source, arguments.at, system_clock()),
        member=read_member(arguments.member) if arguments.member else None,
        store_id=arguments.store,
        redeem_points=arguments.redeem,
        locale=arguments.locale,
        around=Circumstances(
            store_format=arguments.store_format,
            register_id=arguments.register,
            channel=arguments.channel,
            codes=frozenset(code.strip().upper() for code in arguments.code),
            tender_kinds=frozenset(arguments.pay),
        ),
    )
    found = rules_explain.explain_basket(source, question)
    _show(arguments, found, rules_explain.text(found))
    return 0


@_refused_with_1
def simulate(arguments: Namespace) -> int:
    """Past receipts under rules; 1 when a line could not be read."""
    from central.rules_simulate import Plan
    from central.rules_simulate import simulate as run
    from central.rules_simulate_text import lines, progress

    database = functools.partial(_database, arguments)
    source = load_rules(arguments.file, database)
    other = arguments.against if arguments.sequence is None else str(arguments.sequence)
    against = load_rules(other, database) if other else None
    plan = Plan(source, against, frozenset(arguments.stores), arguments.top)
    found = run(plan, arguments.receipts, arguments.workers, progress())
    _show(arguments, found, lines(found))
    return 1 if found["broken"]["count"] else 0


# --- publishing -------------------------------------------------------------------------------


@_refused_with_1
def publish(arguments: Namespace) -> int:
    """Sign a rule file under the next sequence; 1 when it is refused."""
    draft = read_bytes(arguments.file)
    key = _signing_key(arguments)
    with _database(arguments) as connection, connection.transaction():
        published = rules.publish(
            connection,
            draft,
            key,
            author=_author(arguments),
            reason=arguments.reason,
            now=system_clock(),
            approved_by=arguments.approve_warnings,
            resume=arguments.resume,
        )
    _print({"ok": True, **asdict(published)})
    return 0


@_refused_with_1
def rollback(arguments: Namespace) -> int:
    """Publish an earlier bundle's content again."""
    key = _signing_key(arguments)
    with _database(arguments) as connection, connection.transaction():
        published, restores = rules.rollback(
            connection,
            arguments.sequence,
            key,
            author=_author(arguments),
            reason=arguments.reason,
            now=system_clock(),
        )
    _print({"ok": True, **asdict(published), "restores": restores})
    return 0


def stop(arguments: Namespace) -> int:
    """Stop one promotion everywhere."""
    key = _signing_key(arguments)
    with _database(arguments) as connection, connection.transaction():
        known = rules_stop.in_force(connection)
        state = rules_stop.stop(
            connection,
            arguments.promotion,
            key,
            author=_author(arguments),
            reason=arguments.reason,
            now=system_clock(),
        )
    _print(
        {
            "ok": True,
            "promotion_id": arguments.promotion,
            "kill_list": state.sequence,
            "was_stopped": state.sequence == known.sequence,
            "stopped": sorted(state.promotion_ids),
        }
    )
    return 0


# --- looking ----------------------------------------------------------------------------------


def status(arguments: Namespace) -> int:
    """What is in force and what each register runs; 1 while an online one lags."""
    with _database(arguments) as connection:
        found = rules_report.status(connection, system_clock(), arguments.online_s)
    _show(arguments, found, _status_lines(found))
    return 0 if found["ok"] else 1


def _status_lines(found: dict[str, Any]) -> Iterable[str]:
    yield f"bundle {found['active_sequence']}, kill-list {found['kill_list']}"
    for each in found["stopped"]:
        yield f"stopped: {each['promotion_id']} since {each['at']}: {each['reason']}"
    columns = (
        *("state", "store_id", "register_id", "last_seen_at", "ruleset_active"),
        *("ruleset_downloaded", "kill_list_active", "ruleset_refused", "kill_list_refused"),
    )
    yield from table(columns, [[each[name] for name in columns] for each in found["registers"]])
    for each in found["published"][:5]:
        said = f"bundle {each['sequence']} {each['created_at']} {each['author']}: {each['reason']}"
        yield said + (f" (content of {each['restores']})" if each["restores"] else "")


def affected(arguments: Namespace) -> int:
    """Sales and money of a promotion, from what registers have sent."""
    with _database(arguments) as connection:
        found = rules_report.affected(connection, arguments.promotion, arguments.since)
    _show(arguments, found, _affected_lines(found))
    return 0


def _affected_lines(found: dict[str, Any]) -> Iterable[str]:
    yield f"{found['promotion_id']} since {found['since']}"
    columns = ("store", "sales", "voided", "returned", "discount", "bonuses", "paid")
    rows = [_given_row(name, each) for name, each in found["stores"].items()]
    rows.append(_given_row("total", found["total"]))
    yield from table(columns, rows, right=columns[1:])


def _given_row(name: str, given: dict[str, int]) -> tuple[object, ...]:
    figures = (money(given[field]) for field in ("amount_minor", "points", "payable_minor"))
    return (name, given["sales"], given["voided"], given["returned"], *figures)
