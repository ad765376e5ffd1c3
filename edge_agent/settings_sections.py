"""The sections of the settings file: every key with its bound, its meaning and its default.

The sample file and `docs/reference/settings.md` are made from these declarations.
"""

# ruff: noqa: RUF009 - `setting` makes a `dataclasses.field`, which ruff cannot see
from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from edge_agent.settings_rules import (
    Rule,
    absolute_path,
    centre_url,
    choice,
    host_value,
    listed,
    listen_address,
    number,
    origin,
    text,
    web_page,
    yes_no,
)

Values = Mapping[str, str | int | bool]


def setting(rule: Rule, about: str, default: Any = dataclasses.MISSING, sample: str = "") -> Any:
    """A declared setting. `sample` is the TOML text shown where there is no default."""
    metadata = {"rule": rule, "about": about, "sample": sample}
    if default is dataclasses.MISSING:
        return dataclasses.field(metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


@dataclass(frozen=True, slots=True)
class CentreSettings:
    """Where the central processing service is, and how patient the register is with it."""

    url: str = setting(
        centre_url,
        "Address of the centre; https, or http on loopback only",
        sample='"https://centre.example:8443"',
    )
    ca_file: Path | None = setting(
        absolute_path,
        "PEM file of the certificate authority to trust instead of the system's",
        None,
        sample='"/etc/loyalty-edge/centre-ca.pem"',
    )
    poll_s: int = setting(number(1, 3600), "Longest time between two looks for news, seconds", 30)
    heartbeat_s: int = setting(number(1, 3600), "Time between two reports of health, seconds", 15)
    retry_cap_s: int = setting(number(1, 3600), "Longest wait between two attempts, seconds", 300)
    authorise_timeout_ms: int = setting(
        number(100, 1500),
        "How long a redemption waits for the centre before it is decided offline, milliseconds",
        1200,
    )


@dataclass(frozen=True, slots=True)
class ApiSettings:
    """The local API; it always listens on loopback."""

    port: int = setting(
        number(0, 65535), "TCP port on 127.0.0.1 and ::1; 0 takes any free one", 9777
    )
    origins: tuple[str, ...] = setting(
        listed(origin, 16),
        "Exact origins of web pages that may call the API besides the agent's own panel",
        (),
    )
    hosts: tuple[str, ...] = setting(
        listed(host_value, 16), "Exact extra values of the Host header to accept", ()
    )


@dataclass(frozen=True, slots=True)
class TillSettings:
    """How this till takes money and who prints."""

    cash_rounding: int = setting(
        choice(0, 10, 50), "Step of cash rounding, kopecks (50 in Ukraine since 2025-10-01)", 50
    )
    print_mode: Literal["agent", "none"] = setting(
        choice("agent", "none"),
        'Who prints the fiscal receipt: "agent" on [printer], "none" when the agent prints nothing',
        "agent",
    )
    cashier_name: str = setting(
        text(0, 40), "Cashier named on receipts when the till names none", ""
    )
    store_format: str = setting(
        text(0, 40), "Format of the store, for promotions that ask for it", "", sample='"express"'
    )
    channel: str = setting(
        text(1, 20), "Channel that this till sells through, for promotions", "till"
    )
    join_url: str = setting(
        web_page,
        "Page where a buyer becomes a member; the buyer's display shows its QR beside a sale "
        "without a member",
        "",
        sample='"https://loyalty.example/join"',
    )


@dataclass(frozen=True, slots=True)
class ApprovalSettings:
    """What a cashier does only with a senior's word, where the centre has sent a list of staff. A
    sale for another member and cash out of the drawer always need it."""

    void: bool = setting(yes_no, "Whether voiding a sale that was not printed needs a senior", True)
    return_from_minor: int = setting(
        number(0, 100_000_000),
        "Returns of that much money or more need a senior, kopecks; 0 none does",
        0,
    )


@dataclass(frozen=True, slots=True)
class DeviceSettings:
    """One device: which driver, at which address, with which options of that driver."""

    driver: str = setting(text(1, 64), "Name of the driver", sample="")
    url: str = setting(text(1, 300), "Address of the port", sample="")
    options: Values = dataclasses.field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class StorageSettings:
    """Room on the disk, and how long what is done with stays."""

    reserve_sales: int = setting(
        number(100, 100_000),
        "Sales for which disk space is kept in reserve; what one takes is measured",
        2_500,
    )
    keep_facts_days: int = setting(
        number(7, 3650),
        "How long facts stay that the centre has acknowledged; keep them longer than the centre "
        "keeps its backups, days",
        90,
    )
    keep_answers_days: int = setting(
        number(35, 3650), "How long a repeated call gets the same answer, days", 35
    )
    anchor_dir: Path | None = setting(
        absolute_path,
        "Folder of the anchor, which tells a database from an older image of it; never inside "
        "data_dir, best on another disk; by default beside data_dir, its name and `.anchor`",
        None,
        sample='"/var/lib/loyalty-edge/till-1.anchor"',
    )


@dataclass(frozen=True, slots=True)
class HubSettings:
    """The store's hub: this register follows the term that the centre signs, as a peer or as the
    hub itself. Without this section it stays an island of its own."""

    listen: str = setting(
        listen_address,
        "Address on the LAN to listen on when the term makes this register the hub; its own "
        "listener, TLS with certificates on both sides",
        "",
        sample='"192.168.1.10:9778"',
    )
    silence_s: int = setting(
        number(1, 60), "Silence of the hub after which this register goes on alone, seconds", 10
    )
    mdns: bool = setting(
        yes_no,
        "Look for the hub, and tell where it is, by multicast too; the term's address comes first",
        False,
    )


@dataclass(frozen=True, slots=True)
class ExchangeSettings:
    """File exchange for a till that can only read and write files."""

    folder: Path = setting(
        absolute_path,
        "Folder for `NAME.req` of the till and `NAME.resp` or `NAME.err` of the agent; one for "
        "each register, writable by both and by nobody else",
        sample='"/var/lib/loyalty-edge/till-1.exchange"',
    )
    poll_ms: int = setting(
        number(20, 5_000), "Time between two looks into the folder, milliseconds", 100
    )
    valid_s: int = setting(
        number(2, 3_600),
        "Age above which a request is no longer done, seconds; confirm, void, returns and print "
        "results are done at any age",
        30,
    )


@dataclass(frozen=True, slots=True)
class HwProxySettings:
    """Stock Odoo without an add-on: bar codes in, receipts out, as a hardware proxy."""

    port: int = setting(number(0, 65535), "TCP port on 127.0.0.1; 0 takes any free one", 9779)
    origins: tuple[str, ...] = setting(
        listed(origin, 16), "Exact origins of the pages of Odoo that may use it", ()
    )


@dataclass(frozen=True, slots=True)
class TabletSettings:
    """A tablet where buyers type their own data into the open sale; paired by a code."""

    listen: str = setting(
        listen_address,
        "Address to listen on, with its port; the tablet's page is at https://ADDRESS/",
        sample='"192.168.1.10:9780"',
    )
    cert_file: Path | None = setting(
        absolute_path,
        "PEM file of the certificate that the tablet trusts; needed off loopback",
        None,
        sample='"/etc/loyalty-edge/tablet.pem"',
    )
    key_file: Path | None = setting(
        absolute_path,
        "PEM file of the certificate's key, readable by the agent only",
        None,
        sample='"/etc/loyalty-edge/tablet.key"',
    )
    consent: str = setting(
        text(0, 600),
        "What the buyer agrees to, in the programme's words; the page's own if empty",
        "",
    )


@dataclass(frozen=True, slots=True)
class LogSettings:
    """What is logged and where the rotated files stand."""

    level: Literal["debug", "info", "warning", "error"] = setting(
        choice("debug", "info", "warning", "error"),
        "Least level that is written; SIGHUP reads it again",
        "info",
    )
    dir: Path | None = setting(
        absolute_path,
        "Folder of the log files; by default `logs` in data_dir",
        None,
        sample='"/var/log/loyalty-edge/till-1"',
    )
