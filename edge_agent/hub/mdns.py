"""Finding the hub by multicast, as a bonus: the term's static address always comes first.

What is found is only an address to try: the certificate of the term says who answers there.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager

from edge_agent.event_codes import Event
from edge_agent.event_log import emit
from edge_agent.hub.terms import Terms

SERVICE = "_loyalty-hub._tcp.local."


def _name(terms: Terms) -> str:
    term = terms.current
    store, register = (term.store_id, term.register_id) if term else ("", "")
    return f"{store}-{register}".replace(".", "-")[:60] + "." + SERVICE


@contextmanager
def announced(wanted: bool, terms: Terms, port: int) -> Iterator[None]:
    """Say by multicast where the hub listens, when that is wanted and can be done."""
    if not wanted:
        yield
        return
    try:
        from zeroconf import ServiceInfo, Zeroconf
    except ImportError:
        emit(Event.HUB_FAILED, problem="mdns needs the extra: pip install loyalty-edge[hub]")
        yield
        return
    addresses = [socket.inet_aton(address) for address in _own_addresses()]
    info = ServiceInfo(SERVICE, _name(terms), addresses=addresses, port=port)
    try:
        speaker = Zeroconf()
    except OSError as error:
        emit(Event.HUB_FAILED, problem=f"multicast: {error}")
        yield
        return
    try:
        speaker.register_service(info, allow_name_change=True)
        yield
    finally:
        speaker.close()


def found(terms: Terms, timeout_s: float = 1.0) -> str:
    """host:port of this store's hub by multicast; "" when nobody answers. Blocks."""
    try:
        from zeroconf import Zeroconf
    except ImportError:
        return ""
    try:
        ear = Zeroconf()
    except OSError:
        return ""
    try:
        info = ear.get_service_info(SERVICE, _name(terms), int(timeout_s * 1000))
        addresses = info.parsed_addresses() if info else []
        return f"{addresses[0]}:{info.port}" if info and addresses else ""
    finally:
        ear.close()


def _own_addresses() -> list[str]:
    """IPv4 addresses of this machine's own name; loopback where there is no other."""
    try:
        entries = socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)
    except OSError:
        entries = []
    return sorted({str(entry[4][0]) for entry in entries}) or ["127.0.0.1"]
