"""TLS between a hub and its peers: both ends show a certificate, and trust those alone that stand
in the term which the centre signed.

A peer's certificate is its own trust anchor (no chain, no authority of the world), so a register of
another store or of an older term gets no further than the handshake.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterable
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from edge_agent.hub.terms import Peer

OWN_FILE = "hub-own.pem"


class NoCertificate(RuntimeError):
    """The term holds no usable certificate of a register."""


def write_own(folder: Path, private_key: bytes, own: Peer) -> Path:
    """This register's certificate and key as the file that TLS wants, mode 0600."""
    key = Ed25519PrivateKey.from_private_bytes(private_key).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    path = folder / OWN_FILE
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(descriptor, "wb") as file:
        file.write(ssl.DER_cert_to_PEM_cert(own.certificate).encode() + key)
    return path


def serving(own_file: Path, peers: Iterable[Peer]) -> ssl.SSLContext:
    """The hub's side: nobody without a certificate of the term gets in."""
    return _context(ssl.PROTOCOL_TLS_SERVER, own_file, peers)


def calling(own_file: Path, hub: Peer) -> ssl.SSLContext:
    """A peer's side: it speaks to this very hub alone."""
    return _context(ssl.PROTOCOL_TLS_CLIENT, own_file, (hub,))


def _context(protocol: int, own_file: Path, peers: Iterable[Peer]) -> ssl.SSLContext:
    context = ssl.SSLContext(protocol)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    # The one trusted certificate names the machine; addresses on a LAN prove nothing.
    context.check_hostname = False
    context.verify_mode = ssl.CERT_REQUIRED
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    certificates = [ssl.DER_cert_to_PEM_cert(peer.certificate) for peer in peers]
    try:
        context.load_cert_chain(own_file)
        context.load_verify_locations(cadata="".join(certificates))
    except (ssl.SSLError, ValueError) as error:
        raise NoCertificate(f"a certificate of the term cannot be used: {error}") from error
    return context
