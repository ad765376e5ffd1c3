"""Sample client of the file exchange: a sale by files alone; Python 3.8 or newer, no packages.

    python loyalty_files.py FOLDER "PUT /v1/sales/SALE_ID/basket" '{"lines": [...]}'

It shows what a till's own code has to do, in whatever language that is: write `NAME.tmp`, rename it
to `NAME.req`, wait for `NAME.resp` or `NAME.err`, read it and delete it. When no answer comes in
time the till takes its request back and sells without the programme: a sale is never held up.
"""

import contextlib
import json
import os
import sys
import time
import uuid
from pathlib import Path

POLL_S = 0.05


class AgentSilent(Exception):
    """No answer in time; the till goes on without the programme."""


class Refused(Exception):
    """The agent said no; `answer` has `code`, `status` and, for the cashier, `cashier_message`."""

    def __init__(self, answer):
        super().__init__(answer.get("cashier_message") or answer.get("detail") or answer["code"])
        self.answer = answer


def call(folder, request, body=None, timeout_s=1.5, name=None):
    """Do one call; the answer's body. Raises `Refused` or `AgentSilent` (after `timeout_s`).

    Give the same `name` and content again to repeat a write whose answer was lost.
    """
    base = Path(folder) / (name or uuid.uuid4().hex)
    question = {"request": request}
    if body is not None:
        question["body"] = body
    unfinished = base.with_suffix(".tmp")
    unfinished.write_bytes(json.dumps(question, ensure_ascii=False).encode("utf-8"))
    os.replace(str(unfinished), str(base.with_suffix(".req")))
    end = time.monotonic() + timeout_s
    while time.monotonic() < end:
        for ending in (".resp", ".err"):
            path = base.with_suffix(ending)
            if path.is_file():
                answer = json.loads(path.read_text(encoding="utf-8"))
                path.unlink()
                if ending == ".err":
                    raise Refused(answer)
                return answer["body"]
        time.sleep(POLL_S)
    # When it is just being answered, the same name asked again gets that answer.
    with contextlib.suppress(FileNotFoundError):
        base.with_suffix(".req").unlink()
    raise AgentSilent(f"no answer to {request} within {timeout_s} s")


if __name__ == "__main__":
    try:
        body = json.loads(sys.argv[3]) if len(sys.argv) > 3 else None
        print(json.dumps(call(sys.argv[1], sys.argv[2], body), ensure_ascii=False, indent=1))
    except (Refused, AgentSilent) as error:
        sys.exit(f"{type(error).__name__}: {error}")
