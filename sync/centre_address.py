"""Where the centre is, and whom to trust there."""

from __future__ import annotations

import ipaddress
import ssl
from pathlib import Path
from urllib.parse import urlsplit

from sync.errors import BadCentreAddress


def checked_address(base_url: str) -> str:
    """The address without a trailing slash: https, or http on loopback only."""
    if not base_url.isascii() or not base_url.isprintable() or " " in base_url:
        raise BadCentreAddress(
            "not an address: only printable ASCII without blanks can stand there"
        )
    try:
        url = urlsplit(base_url)
        host, _ = url.hostname, url.port
    except ValueError as error:
        raise BadCentreAddress(f"not an address: {error}") from None
    if url.scheme not in ("http", "https") or not host:
        raise BadCentreAddress("the centre's address must start with https:// and name a host")
    if url.username is not None or url.query or url.fragment:
        raise BadCentreAddress("the centre's address takes no password, query or fragment")
    if url.scheme == "http" and not is_loopback(host):
        raise BadCentreAddress("plain http is allowed on loopback only; use https")
    return base_url.rstrip("/")


def is_loopback(host: str) -> bool:
    """True for `localhost` and loopback addresses."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def tls_context(base_url: str, ca_file: Path | None, ca_pem: str) -> ssl.SSLContext | None:
    """TLS 1.2+ that trusts the pinned authority alone, or the system's when none is pinned."""
    if base_url.startswith("http:"):
        return None
    if ca_file is None and not ca_pem:
        return ssl.create_default_context()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_verify_locations(cafile=ca_file, cadata=ca_pem or None)
    except (OSError, ValueError) as error:
        raise BadCentreAddress(f"the CA of the centre cannot be used: {error}") from None
    return context
