"""Publishing rule bundles: sequence, seal, signature, and the feed row of the active one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from typing import Any

from central import rules_stop
from central.changes import Changes
from central.db.bulk import Connection
from central.errors import BadInput
from central.instants import kyiv_date, to_text
from central.keys import SigningKey
from loyalty.errors import InvalidRuleset
from loyalty.promotions.compile import compile_ruleset
from receipt_templates import refused_words
from sync.contract.bundle import BundleDraft, conflicts, parse_bundle, parse_draft, seal
from sync.contract.feed import FeedRuleset
from sync.contract.rule_findings import Conflict
from sync.contract.rule_goods import Good
from sync.contract.rule_since import version_key
from sync.contract.signing import sign_bundle
from sync.serving.port import SignedBundle

_SEALED_ONLY = ("kind", "sequence", "created_at", "parent_sha256")


@dataclass(frozen=True, slots=True)
class Published:
    """A bundle that registers will run; `stopped` are the promotions that do not act in it."""

    sequence: int
    sha256: str
    size: int
    key_id: str
    stopped: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Signature:
    """Who publishes, why, with which key, and who answers for the warnings ("" for nobody)."""

    key: SigningKey
    author: str
    reason: str
    approved_by: str = ""


@dataclass(frozen=True, slots=True)
class Known:
    """What the centre knows that a rule file is checked against: goods, and the lowest version of
    an agent that is still in use ("" when no register has told)."""

    goods: tuple[Good, ...] = ()
    oldest_agent: str = ""


def known_to_centre(connection: Connection) -> Known:
    """Goods list and agents' versions as they are now."""
    goods = [
        Good(
            sku=body["sku"],
            price_minor=body.get("unit_price_minor", 0),
            min_price_minor=body.get("min_price_minor", 0),
            goods_class=body.get("goods_class", "normal"),
            groups=tuple(body.get("groups", ())),
            tags=tuple(body.get("tags", ())),
            brand=body.get("brand", ""),
        )
        for (body,) in connection.execute("select body from good order by sku")
    ]
    versions = connection.execute(
        "select distinct p.heartbeat ->> 'agent_version' from register_report p"
        " join register r on r.register_id = p.register_id"
        " where r.revoked_at is null and p.heartbeat ->> 'agent_version' <> ''"
    ).fetchall()
    oldest = min((version for (version,) in versions), key=version_key, default="")
    return Known(tuple(goods), oldest)


def check(draft: bytes, today: date, known: Known | None = None) -> dict[str, Any]:
    """Parse and compile a rule file and look for contradictions; `today` is local.

    `InvalidRuleset` names the first fault of form. `ok` is false when a finding is an error."""
    rules = parse_draft(draft)
    ruleset = rules.to_ruleset(sequence=1)
    compile_ruleset(ruleset)
    known = known or Known()
    found = conflicts(rules, today, goods=known.goods, oldest_agent=known.oldest_agent)
    findings = [asdict(finding) for finding in (*found, *_imitations(rules))]
    return {
        "ok": all(finding["severity"] != "error" for finding in findings),
        "promotions": len(ruleset.promotions),
        "size": len(draft),
        "findings": findings,
    }


def _imitations(rules: BundleDraft) -> list[Conflict]:
    """Words of the slip's template that imitate requisites of a fiscal receipt."""
    if rules.receipt is None:
        return []
    return [
        Conflict("error", "reserved_word", "receipt", "", f"a slip must not say: {word}")
        for word in refused_words(rules.receipt.to_rule())
    ]


def publish(
    connection: Connection,
    draft: bytes,
    key: SigningKey,
    *,
    author: str,
    reason: str,
    now: datetime,
    approved_by: str = "",
    resume: Collection[str] = (),
) -> Published:
    """Seal under the next sequence, sign and make it the active ruleset.

    What the kill-list stops stays stopped, but for the promotions of `resume`. Raises
    `InvalidRuleset` also for a rule file that contradicts itself (`conflict`), or that has
    warnings for which nobody answers (`needs_approval`)."""
    today = date.fromisoformat(kyiv_date(now))
    findings = check(draft, today, known_to_centre(connection))["findings"]
    for finding in findings:
        if finding["severity"] == "error":
            raise InvalidRuleset("conflict", finding["message"], finding["field"])
    if findings and not approved_by:
        first = findings[0]
        message = f"{len(findings)} warnings, the first: {first['message']}"
        raise InvalidRuleset("needs_approval", message, first["field"])
    by = Signature(key, author, reason, approved_by if findings else "")
    return _publish(connection, draft, by, now, frozenset(resume), restores=None)


def rollback(
    connection: Connection,
    sequence: int | None,
    key: SigningKey,
    *,
    author: str,
    reason: str,
    now: datetime,
) -> tuple[Published, int]:
    """Publish the content of an earlier bundle under a new sequence, never the old one again.

    Without `sequence` it is the newest whose content differs from what is active. What the
    kill-list stops stays stopped; dates that have passed are taken off, or no register would
    take the bundle. Returns it with the sequence it restores. Raises `BadInput`."""
    rules_stop.lock_publishing(connection)
    old = _before_active(connection) if sequence is None else sequence
    found = read_bundle(connection, old) if 0 < old < 2**63 else None
    if found is None:
        raise BadInput("no_such_bundle", f"no bundle was published under {old}")
    draft = _unsealed(found.content, now)
    by = Signature(key, author, reason)
    return _publish(connection, draft, by, now, frozenset(), restores=old), old


def read_bundle(connection: Connection, sequence: int) -> SignedBundle | None:
    """A published bundle by its sequence."""
    row = connection.execute(
        "select content, signature, key_id from bundle where sequence = %s", [sequence]
    ).fetchone()
    return SignedBundle(bytes(row[0]), bytes(row[1]), row[2]) if row else None


def history(connection: Connection) -> list[dict[str, Any]]:
    """Published bundles, newest first."""
    rows = connection.execute(
        "select sequence, created_at, author, reason, sha256, key_id, approved_by, restores"
        " from bundle order by sequence desc limit 100"
    )
    return [
        {
            "sequence": sequence,
            "created_at": to_text(created_at),
            "author": author,
            "reason": reason,
            "sha256": sha256,
            "key_id": key_id,
            "approved_by": approved_by,
            "restores": restores,
        }
        for sequence, created_at, author, reason, sha256, key_id, approved_by, restores in rows
    ]


# --- sealing ----------------------------------------------------------------------------------


def _publish(
    connection: Connection,
    draft: bytes,
    by: Signature,
    now: datetime,
    resume: frozenset[str],
    restores: int | None,
) -> Published:
    rules_stop.lock_publishing(connection)
    listed = rules_stop.in_force(connection)
    _check_resume(resume, listed.promotion_ids, draft)
    row = connection.execute(
        "select sequence, sha256 from bundle order by sequence desc limit 1"
    ).fetchone()
    last, parent = row or (0, None)
    sequence = last + 1
    draft, stopped = _with_stopped(draft, listed.promotion_ids - resume)
    content = seal(draft, sequence, to_text(now), parent_sha256=parent)
    digest = hashlib.sha256(content).hexdigest()
    connection.execute(
        "insert into bundle (sequence, content, signature, key_id, sha256, created_at, author,"
        " reason, approved_by, restores) values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        [
            *(sequence, content, sign_bundle(by.key.private_key, content), by.key.key_id, digest),
            *(now, by.author, by.reason, by.approved_by, restores),
        ],
    )
    changes = Changes()
    feed_row = FeedRuleset(sequence=sequence, sha256=digest, size=len(content))
    changes.put("ruleset", "active", feed_row.model_dump())
    changes.flush(connection)
    if resume:
        rules_stop.release(
            connection, resume, sequence, by.key, author=by.author, reason=by.reason, now=now
        )
    return Published(sequence, digest, len(content), by.key.key_id, tuple(stopped))


def _check_resume(resume: frozenset[str], listed: frozenset[str], draft: bytes) -> None:
    rules = parse_draft(draft)
    names = {each.promotion_id for each in rules.promotions}
    for name in sorted(resume):
        if name in rules.stopped:
            raise BadInput("still_stopped", f"the file itself names {name} in `stopped`")
        if name not in listed:
            raise BadInput("not_stopped", f"{name} is not on the kill-list")
        if name not in names:
            raise BadInput("not_in_file", f"{name} is to act again, but the file does not have it")


def _with_stopped(draft: bytes, listed: frozenset[str]) -> tuple[bytes, list[str]]:
    """The draft with all that is stopped by name, and those names."""
    stopped = sorted({*parse_draft(draft).stopped, *listed})
    if not stopped:
        return draft, stopped
    body = json.loads(draft.decode("utf-8-sig"))
    return json.dumps(body | {"stopped": stopped}, ensure_ascii=False).encode(), stopped


def _before_active(connection: Connection) -> int:
    """The newest bundle before the active one that says something else. When the active one is a
    rollback itself, it is the one before what it restored: twice back is further back."""
    rows = connection.execute(
        "select sequence, content, restores from bundle order by sequence desc limit 100"
    ).fetchall()
    if not rows:
        raise BadInput("no_such_bundle", "nothing was published yet")
    newest, content, restores = rows[0]
    active = _said(bytes(content))
    for sequence, content, _ in rows[1:]:
        if sequence < (restores or newest) and _said(bytes(content)) != active:
            return int(sequence)
    raise BadInput("no_such_bundle", "there is no earlier bundle with other content")


def _said(content: bytes) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(content)
    return {name: value for name, value in body.items() if name not in (*_SEALED_ONLY, "stopped")}


def _unsealed(content: bytes, now: datetime) -> bytes:
    """A sealed bundle as a rule file again."""
    body: dict[str, Any] = json.loads(content)
    for name in _SEALED_ONLY:
        body.pop(name, None)
    expires_at = parse_bundle(content).expires_at
    if expires_at is not None and datetime.fromisoformat(expires_at) <= now.astimezone(UTC):
        body.pop("expires_at")
    return json.dumps(body, ensure_ascii=False).encode()
