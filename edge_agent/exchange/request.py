"""One request file: what a till wrote, checked before anything is done with it.

A request is a JSON object `{"request": "PUT /v1/sales/SALE_ID/basket", "body": {...}}` in UTF-8, or
in Windows-1251 as tills of the 1C/BAS age write it. The answer to the latter is plain ASCII, which
is the same text in every code page.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import Any

MAX_REQUEST_BYTES = 1024 * 1024
METHODS = ("GET", "PUT", "POST", "DELETE", "PATCH")
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_PATH = re.compile(r"/v1/[A-Za-z0-9_.~/%:-]{1,200}(\?[A-Za-z0-9_.~%=&+-]{0,200})?")
# What has happened at the till is taken in at any age; anything else the till has given up on.
_HAPPENED = re.compile(r"/(confirm|print-result|void|returns|resolve)$")


class BadRequestFile(Exception):
    """A request that cannot be read; `code` is stable, the text is for the POS's developer."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


@dataclass(frozen=True, slots=True)
class FileRequest:
    """One call of the local API, as it stood in a file."""

    method: str
    path: str
    body: bytes
    key: str
    is_ascii_only: bool

    @property
    def keeps_for_ever(self) -> bool:
        """True when it tells what has happened and so is worth doing at any age."""
        return bool(_HAPPENED.search(self.path.partition("?")[0]))


def is_request_name(stem: str) -> bool:
    """Whether `stem` may name a request: 1 to 64 of letters, digits, `_` and `-`."""
    return bool(_NAME.fullmatch(stem))


def read_request(stem: str, raw: bytes) -> FileRequest:
    """Check a file's bytes (at most 1 MiB). Raises `BadRequestFile`.

    The idempotency key follows from name and content, so that a file that is met again after a
    power cut gets the same answer and is not done twice.
    """
    if len(raw) > MAX_REQUEST_BYTES:
        raise BadRequestFile("too_large", f"a request has at most {MAX_REQUEST_BYTES} bytes")
    text, is_utf8 = _text(raw)
    try:
        found = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        raise BadRequestFile("not_json", f"not JSON: {error}") from None
    if not isinstance(found, dict) or not isinstance(found.get("request"), str):
        raise BadRequestFile("no_request", 'write {"request": "METHOD /v1/…", "body": {…}}')
    method, _, path = found["request"].partition(" ")
    if method not in METHODS or not _PATH.fullmatch(path) or "/.." in path:
        raise BadRequestFile("bad_request_line", "a request line is METHOD, a space, /v1/…")
    if path.startswith("/v1/events"):
        raise BadRequestFile("no_streams", "events are a stream; ask for GET /v1/state instead")
    digest = hashlib.sha256(stem.encode() + b"\0" + raw).hexdigest()
    return FileRequest(method, path, _body(found.get("body")), f"file-{digest[:48]}", not is_utf8)


def _body(body: Any) -> bytes:
    return b"" if body is None else json.dumps(body, ensure_ascii=False).encode()


def _text(raw: bytes) -> tuple[str, bool]:
    try:
        return raw.decode("utf-8-sig"), True
    except UnicodeDecodeError:
        return raw.decode("cp1251", errors="replace"), False
