"""Finding the hub by multicast, as a bonus: the term's static address always comes first.

What is found is only an address to try: the certificate of the term says who answers there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

from edge_agent.event_codes import Event
from edge_agent.event_log import emit
from edge_agent.hub.terms import Terms

SERVICE = "_loyalty-hub._tcp.local."
FIND_S = 3.0


def _name(terms: Terms) -> str:
    """Says which hub, and nothing readable to the rest of the LAN."""
    term = terms.current
    text = f"{term.store_id}/{term.register_id}" if term else ""
    return f"{hashlib.sha256(text.encode()).hexdigest()[:24]}.{SERVICE}"


def announce(terms: Terms, port: int, interfaces: Sequence[str] = ()) -> Callable[[], None]:
    """Say where the hub listens until the returned call. Blocks a second or two, so never on the
    event loop; where it cannot be done, the log says why and the static address has to do."""
    try:
        from zeroconf import InterfaceChoice, ServiceInfo, Zeroconf
    except ImportError:
        emit(Event.HUB_FAILED, problem="mdns needs the extra: pip install loyalty-edge[hub]")
        return _nothing
    addresses = list(interfaces) or own_addresses()
    info = ServiceInfo(SERVICE, _name(terms), parsed_addresses=addresses, port=port)
    try:
        speaker = Zeroconf(interfaces=list(interfaces) or InterfaceChoice.All)
    except OSError as error:
        emit(Event.HUB_FAILED, problem=f"multicast: {error}")
        return _nothing
    speaker.register_service(info, allow_name_change=True)
    return speaker.close


def found(terms: Terms, interfaces: Sequence[str] = ()) -> str:
    """host:port of this store's hub by multicast; "" when nobody answers. Blocks."""
    try:
        from zeroconf import InterfaceChoice, Zeroconf
    except ImportError:
        return ""
    try:
        ear = Zeroconf(interfaces=list(interfaces) or InterfaceChoice.All)
    except OSError:
        return ""
    try:
        info = ear.get_service_info(SERVICE, _name(terms), int(FIND_S * 1000))
        addresses = info.parsed_addresses() if info else []
        return f"{addresses[0]}:{info.port}" if info and addresses else ""
    finally:
        ear.close()


def own_addresses() -> list[str]:
    """IPv4 addresses of this machine but loopback's."""
    import ifaddr

    addresses = (ip for adapter in ifaddr.get_adapters() for ip in adapter.ips if ip.is_IPv4)
    return sorted({str(ip.ip) for ip in addresses if not str(ip.ip).startswith("127.")})


def _nothing() -> None:
    return None
