"""`python integrations/poster/bundle.py FILE`: the one file that Poster loads.

The client, the popup and the adapter in one function; `import` and `export` fall away, nothing else
changes. Upload FILE with the platform's own boilerplate (its `bundle.js`)."""

from __future__ import annotations

import re
import sys
from pathlib import Path

HERE = Path(__file__).parent
PARTS = (HERE.parent / "javascript" / "loyalty-client.js", HERE / "popup.js", HERE / "adapter.js")
_IMPORT = re.compile(r"^import [^;]+;\n", re.MULTILINE)
_EXPORT = re.compile(r"^export ", re.MULTILINE)


def bundle() -> str:
    """The text of the bundle."""
    texts = [part.read_text(encoding="utf-8") for part in PARTS]
    scopes = [_EXPORT.sub("", _IMPORT.sub("", text)) for text in texts]
    client, popup, adapter = scopes
    parts = _scope(client, "Client, Refused, Silent") + _scope(popup, "askCode, askPoints")
    return f'"use strict";\n(() => {{\n{parts}{adapter}\n}})();\n'


def _scope(text: str, names: str) -> str:
    """A part in a scope of its own, of which only these names are seen."""
    return f"const {{ {names} }} = (() => {{\n{text}\nreturn {{ {names} }};\n}})();\n"


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: bundle.py FILE")
    Path(sys.argv[1]).write_text(bundle(), encoding="utf-8")
