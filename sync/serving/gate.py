"""The gate in front of every signed route: size, encoding, signature, message."""

from __future__ import annotations

import zlib
from typing import TypeVar

from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from sync.contract.messages import MAX_BODY_BYTES, WireModel
from sync.contract.signing import HEADER_REGISTER, verify_request
from sync.serving.port import Caller, KeyRing, Refused

M = TypeVar("M", bound=WireModel)
_GZIP = 31


async def read_body(request: Request) -> bytes:
    """The bytes as sent; 413 `too_large` as soon as they exceed the bound."""
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > MAX_BODY_BYTES:
            raise Refused(413, "too_large", f"a body has at most {MAX_BODY_BYTES} bytes")
    return bytes(body)


def unpack(body: bytes, encoding: str) -> bytes:
    """The plain bytes of a body sent as it is or gzipped, never over the bound in memory."""
    encoding = encoding.strip().lower() or "identity"
    if encoding == "identity":
        return body
    if encoding != "gzip":
        raise Refused(415, "unknown_encoding", "Content-Encoding is gzip or nothing")
    packed = zlib.decompressobj(wbits=_GZIP)
    try:
        plain = packed.decompress(body, MAX_BODY_BYTES + 1)
    except zlib.error:
        raise Refused(400, "bad_encoding", "the body is not gzip") from None
    if len(plain) > MAX_BODY_BYTES:
        raise Refused(413, "too_large", f"a body unpacks to at most {MAX_BODY_BYTES} bytes")
    if not packed.eof:
        raise Refused(400, "bad_encoding", "the gzip body is cut short")
    return plain


def parse(model: type[M], plain: bytes) -> M:
    """The message, or 422 `bad_message` naming the first field at fault."""
    try:
        return model.model_validate_json(plain)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        raise Refused(422, "bad_message", f"{field}: {first['msg']}"[:300]) from None


def target_of(request: Request) -> str:
    """Path and query exactly as sent."""
    path = bytes(request.scope["raw_path"]).decode("latin-1")
    query = bytes(request.scope["query_string"]).decode("latin-1")
    return f"{path}?{query}" if query else path


async def authenticate(
    server: KeyRing, request: Request, body: bytes, *, any_epoch: bool = False
) -> Caller:
    """Who signed this request.

    401 `bad_signature` when nobody known did, 403 `register_revoked`, 403 `epoch_superseded`
    when the key belongs to an older enrolment; `any_epoch` lets that pass, so that the log of
    a replaced register can still come in.
    """
    name = request.headers.get(HEADER_REGISTER, "")
    if not 1 <= len(name) <= 32 or "\x00" in name:
        raise Refused(401, "bad_signature", f"{HEADER_REGISTER} is missing")
    known = await run_in_threadpool(server.keys_of, name)
    if known is None:
        raise Refused(401, "bad_signature", "no register has signed this request")
    target = target_of(request)
    epoch = next(
        (
            epoch
            for epoch, key in known.keys
            if verify_request(key, request.method, target, body, request.headers)
        ),
        None,
    )
    if epoch is None:
        raise Refused(401, "bad_signature", "no register has signed this request")
    if known.is_revoked:
        raise Refused(403, "register_revoked", f"register {name} is revoked")
    if epoch != known.epoch and not any_epoch:
        raise Refused(403, "epoch_superseded", f"register {name} is enrolled anew since")
    request.app.state.pacer.seen(name)
    return Caller(name, known.store_id, epoch, epoch == known.epoch)
