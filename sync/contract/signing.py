"""Ed25519 signatures of requests (register's key), of bundles and kill-lists (programme's key).

Source of the algorithm: RFC 8032. A request signature covers method, target with query, the
sender's time and the SHA-256 of the exact body sent (compressed, when it is).
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

HEADER_REGISTER = "X-Loyalty-Register"
HEADER_TIME = "X-Loyalty-Time"
HEADER_SIGNATURE = "X-Loyalty-Signature"
HEADER_BUNDLE_SIGNATURE = "X-Bundle-Signature"
HEADER_BUNDLE_KEY = "X-Bundle-Key-Id"
HEADER_CONTRACT = "X-Loyalty-Contract"
HEADER_LANE = "X-Loyalty-Lane"
HEADER_PACE = "X-Loyalty-Pace"

_REQUEST_TAG = "loyalty-edge/request/1"
_BUNDLE_TAG = b"loyalty-edge/bundle/1\n"
_KILL_LIST_TAG = b"loyalty-edge/kill-list/1\n"
_PURSE_KEY_TAG = b"loyalty-edge/purse-key/1\n"
_HUB_TERM_TAG = b"loyalty-edge/hub-term/1\n"


def new_private_key() -> bytes:
    """A fresh 32-byte Ed25519 seed."""
    return Ed25519PrivateKey.generate().private_bytes_raw()


def public_key_of(private_key: bytes) -> bytes:
    """The 32-byte public key of a seed."""
    return Ed25519PrivateKey.from_private_bytes(private_key).public_key().public_bytes_raw()


def key_id(public_key: bytes) -> str:
    """Short name of a public key: first 8 bytes of its SHA-256, hex."""
    return hashlib.sha256(public_key).digest()[:8].hex()


def _verify(public_key: bytes, signature: bytes, message: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def _request_bytes(method: str, target: str, sent_at: str, body: bytes) -> bytes:
    parts = (_REQUEST_TAG, method.upper(), target, sent_at, hashlib.sha256(body).hexdigest())
    return "\n".join(parts).encode()


def sign_request(
    private_key: bytes, register_id: str, method: str, target: str, sent_at: str, body: bytes
) -> dict[str, str]:
    """Headers that authenticate one request; `target` is path and query as sent."""
    key = Ed25519PrivateKey.from_private_bytes(private_key)
    signature = key.sign(_request_bytes(method, target, sent_at, body))
    return {
        HEADER_REGISTER: register_id,
        HEADER_TIME: sent_at,
        HEADER_SIGNATURE: base64.b64encode(signature).decode(),
    }


def verify_request(
    public_key: bytes, method: str, target: str, body: bytes, headers: Mapping[str, str]
) -> bool:
    """True when the headers hold a valid signature of this request by this key."""
    try:
        signature = base64.b64decode(headers.get(HEADER_SIGNATURE, ""), validate=True)
    except ValueError:
        return False
    message = _request_bytes(method, target, headers.get(HEADER_TIME, ""), body)
    return _verify(public_key, signature, message)


def sign_bundle(private_key: bytes, bundle: bytes) -> bytes:
    """Detached 64-byte signature over the exact bytes of a bundle."""
    return Ed25519PrivateKey.from_private_bytes(private_key).sign(_BUNDLE_TAG + bundle)


def verify_bundle(public_key: bytes, bundle: bytes, signature: bytes) -> bool:
    """True when `signature` is this key's over these bytes."""
    return _verify(public_key, signature, _BUNDLE_TAG + bundle)


def sign_kill_list(private_key: bytes, kill_list: bytes) -> bytes:
    """Detached 64-byte signature over the exact bytes of a kill-list."""
    return Ed25519PrivateKey.from_private_bytes(private_key).sign(_KILL_LIST_TAG + kill_list)


def verify_kill_list(public_key: bytes, kill_list: bytes, signature: bytes) -> bool:
    """True when `signature` is this key's over these bytes."""
    return _verify(public_key, signature, _KILL_LIST_TAG + kill_list)


def sign_purse_key(private_key: bytes, purse_key: bytes) -> bytes:
    """The programme's word that purses may be signed under this public key (32 bytes)."""
    return Ed25519PrivateKey.from_private_bytes(private_key).sign(_PURSE_KEY_TAG + purse_key)


def verify_purse_key(public_key: bytes, purse_key: bytes, signature: bytes) -> bool:
    """True when `signature` is this programme key's over that purse key."""
    return _verify(public_key, signature, _PURSE_KEY_TAG + purse_key)


def sign_purse(private_key: bytes, message: bytes) -> bytes:
    """64-byte signature of a claim; `message` carries its own tag (`loyalty.purse`)."""
    return Ed25519PrivateKey.from_private_bytes(private_key).sign(message)


def verify_purse(public_key: bytes, signature: bytes, message: bytes) -> bool:
    """True when `signature` is this purse key's; in the order that `loyalty.purse.read` calls."""
    return _verify(public_key, signature, message)


def sign_hub_term(private_key: bytes, content: bytes) -> bytes:
    """Detached signature over the exact bytes of a hub term."""
    return Ed25519PrivateKey.from_private_bytes(private_key).sign(_HUB_TERM_TAG + content)


def verify_hub_term(public_key: bytes, content: bytes, signature: bytes) -> bool:
    """True when `signature` is this programme key's over these bytes."""
    return _verify(public_key, signature, _HUB_TERM_TAG + content)
