"""Checks of identity, centre, its certificate, and the clock."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from edge_agent.doctor.finding import Case, Finding
from sync.centre_address import tls_context
from sync.channel import Answer, Channel
from sync.contract.signing import HEADER_TIME
from sync.enrolment import Identity
from sync.errors import BadCentreAddress, CentreRefused, IdentityError, SyncError

HEALTH_S = 1.5
CLOCK_WARN_S = 60
CLOCK_OFF_S = 300
CERTIFICATE_WARN_DAYS = 30


def identity(case: Case) -> Iterable[Finding]:
    """The register is enrolled, at the centre that the settings name."""
    if not case.settings.identity_file.exists():
        yield Finding("identity", "fail", "not enrolled", "edge-agent enrol --code CODE")
        return
    try:
        found = Identity.load(case.settings.identity_file)
    except IdentityError as error:
        again = " --replace" if error.code == "damaged" else ""
        yield Finding("identity", "fail", str(error), f"edge-agent enrol --code CODE{again}")
        return
    says = f"{found.register_id} of store {found.store_id}, epoch {found.epoch}"
    centre = case.settings.centre
    if centre is not None and centre.url != found.centre_url:
        yield Finding(
            "identity",
            "warn",
            f"{says}, enrolled at {found.centre_url}, but [centre] url is {centre.url}",
            "correct [centre] url, or enrol again with --replace",
        )
    else:
        yield Finding("identity", "ok", says)


def centre(case: Case) -> Iterable[Finding]:
    """Reachable within 1.5 s; the till works without it, so silence is a warning. An answer
    also tells how this machine's clock stands."""
    settings = case.settings.centre
    if settings is None:
        yield Finding("centre", "warn", "no [centre] in the settings: the register works alone")
        return
    try:
        channel = Channel(settings.url, _now, ca_file=settings.ca_file, ca_pem=_pinned(case))
    except BadCentreAddress as error:
        yield Finding("centre", "fail", str(error), "correct [centre] in the settings")
        return
    try:
        answer = channel.call("GET", "/healthz", total_s=HEALTH_S)
    except CentreRefused as error:
        yield Finding("centre", "fail", str(error), "ask the central team")
    except SyncError as error:
        yield Finding("centre", "warn", str(error), "check network and address; selling goes on")
    else:
        yield Finding("centre", "ok", f"{settings.url} answered in {answer.rtt_ms} ms")
        yield from _clock(answer)
    finally:
        channel.close()


def _clock(answer: Answer) -> Iterable[Finding]:
    try:
        told = answer.headers.get(HEADER_TIME)
        there = (
            datetime.fromisoformat(told)
            if told
            else parsedate_to_datetime(answer.headers.get("Date", ""))
        )
        offset_s = round((there - datetime.fromisoformat(answer.sent_at)).total_seconds())
    except (ValueError, TypeError):
        return
    if abs(offset_s) > CLOCK_OFF_S:
        yield Finding(
            "clock",
            "fail",
            f"{-offset_s:+d} s against the centre: the screen warns the cashier",
            "set the clock, use NTP, and replace the battery if it comes back",
        )
    elif abs(offset_s) >= CLOCK_WARN_S:
        yield Finding(
            "clock", "warn", f"{-offset_s:+d} s against the centre", "set the clock, or use NTP"
        )
    else:
        yield Finding("clock", "ok", "within a minute of the centre")


def certificate(case: Case) -> Iterable[Finding]:
    """Days left of the centre's certificate."""
    settings = case.settings.centre
    if settings is None or not settings.url.startswith("https:"):
        return
    try:
        expires_at = _expiry(case)
    except ssl.SSLCertVerificationError as error:
        yield Finding(
            "certificate",
            "fail",
            error.verify_message,
            "ask the central team for the CA file; check this machine's clock",
        )
        return
    except (OSError, SyncError, ValueError):
        return  # unreachable: the check of the centre says so
    days = (expires_at - datetime.now(UTC)).days
    says = f"the centre's is valid until {expires_at:%Y-%m-%d}"
    if days < CERTIFICATE_WARN_DAYS:
        yield Finding("certificate", "warn", f"{says}, {days} days", "tell the central team")
    else:
        yield Finding("certificate", "ok", says)


def _expiry(case: Case) -> datetime:
    settings = case.settings.centre
    assert settings is not None
    parts = urlsplit(settings.url)
    context = tls_context(settings.url, settings.ca_file, _pinned(case))
    if context is None or parts.hostname is None:
        raise ValueError("no TLS")
    address = (parts.hostname, parts.port or 443)
    with (
        socket.create_connection(address, timeout=HEALTH_S) as plain,
        context.wrap_socket(plain, server_hostname=parts.hostname) as secure,
    ):
        shown = secure.getpeercert() or {}
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(str(shown["notAfter"])), UTC)


def _pinned(case: Case) -> str:
    """The CA pinned at enrolment, when the settings name none."""
    if case.settings.centre is None or case.settings.centre.ca_file is not None:
        return ""
    try:
        return Identity.load(case.settings.identity_file).ca_pem
    except IdentityError:
        return ""


def _now() -> str:
    return datetime.now(UTC).isoformat()
