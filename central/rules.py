"""Publishing rule bundles: sequence, seal, signature, and the feed row of the active one."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from central.changes import Changes
from central.db.bulk import Connection
from central.instants import kyiv_date, to_text
from central.keys import SigningKey
from loyalty.errors import InvalidRuleset
from loyalty.promotions.compile import compile_ruleset
from sync.contract.bundle import parse_draft, seal
from sync.contract.feed import FeedRuleset
from sync.contract.rule_checks import conflicts
from sync.contract.signing import sign_bundle
from sync.serving.port import SignedBundle

_PUBLISH_LOCK = 5_260_871_002


@dataclass(frozen=True, slots=True)
class Published:
    """A bundle that registers will run."""

    sequence: int
    sha256: str
    size: int
    key_id: str


def check(draft: bytes, today: date) -> dict[str, Any]:
    """Parse and compile a rule file and look for contradictions; `today` is local.

    `InvalidRuleset` names the first fault of form. `ok` is false when a finding is an error."""
    rules = parse_draft(draft)
    ruleset = rules.to_ruleset(sequence=1)
    compile_ruleset(ruleset)
    findings = [asdict(finding) for finding in conflicts(rules, today)]
    return {
        "ok": all(finding["severity"] != "error" for finding in findings),
        "promotions": len(ruleset.promotions),
        "size": len(draft),
        "findings": findings,
    }


def publish(
    connection: Connection,
    draft: bytes,
    key: SigningKey,
    *,
    author: str,
    reason: str,
    now: datetime,
) -> Published:
    """Seal under the next sequence, sign and make it the active ruleset.

    Raises `InvalidRuleset` also for a rule file that contradicts itself (`conflict`)."""
    for finding in check(draft, date.fromisoformat(kyiv_date(now)))["findings"]:
        if finding["severity"] == "error":
            raise InvalidRuleset("conflict", finding["message"], finding["field"])
    connection.execute("select pg_advisory_xact_lock(%s)", [_PUBLISH_LOCK])
    row = connection.execute("select coalesce(max(sequence), 0) + 1 from bundle").fetchone()
    assert row is not None
    content = seal(draft, row[0], to_text(now))
    digest = hashlib.sha256(content).hexdigest()
    connection.execute(
        "insert into bundle (sequence, content, signature, key_id, sha256, created_at, author,"
        " reason) values (%s, %s, %s, %s, %s, %s, %s, %s)",
        [
            *(row[0], content, sign_bundle(key.private_key, content), key.key_id, digest),
            *(now, author, reason),
        ],
    )
    changes = Changes()
    feed_row = FeedRuleset(sequence=row[0], sha256=digest, size=len(content))
    changes.put("ruleset", "active", feed_row.model_dump())
    changes.flush(connection)
    return Published(row[0], digest, len(content), key.key_id)


def read_bundle(connection: Connection, sequence: int) -> SignedBundle | None:
    """A published bundle by its sequence."""
    row = connection.execute(
        "select content, signature, key_id from bundle where sequence = %s", [sequence]
    ).fetchone()
    return SignedBundle(bytes(row[0]), bytes(row[1]), row[2]) if row else None


def history(connection: Connection) -> list[dict[str, Any]]:
    """Published bundles, newest first."""
    rows = connection.execute(
        "select sequence, created_at, author, reason, sha256, key_id from bundle"
        " order by sequence desc limit 100"
    )
    return [
        {
            "sequence": sequence,
            "created_at": to_text(created_at),
            "author": author,
            "reason": reason,
            "sha256": sha256,
            "key_id": key_id,
        }
        for sequence, created_at, author, reason, sha256, key_id in rows
    ]
