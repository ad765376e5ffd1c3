"""Builds a folder of wheels from which a till is installed without network.

Run as a file: `python packaging/build_wheelhouse.py FOLDER [--extra NAME]…`, on a machine with
network and the till's own system and Python version. The folder then also holds INSTALL.txt.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
EXTRAS = ("camera", "escpos", "central", "emulator")


def main() -> int:
    """Build, then prove that pip can resolve everything from the folder alone."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--extra", action="append", default=[], choices=EXTRAS)
    arguments = parser.parse_args()
    wanted = f"loyalty-edge[{','.join(arguments.extra)}]" if arguments.extra else "loyalty-edge"
    source = f"{ROOT}[{','.join(arguments.extra)}]" if arguments.extra else str(ROOT)
    arguments.folder.mkdir(parents=True, exist_ok=True)
    _pip("wheel", "--wheel-dir", str(arguments.folder), source)
    offline = ("--no-index", "--find-links", str(arguments.folder))
    _pip("install", "--dry-run", "--ignore-installed", "--quiet", *offline, wanted)
    count = len(list(arguments.folder.glob("*.whl")))
    (arguments.folder / "INSTALL.txt").write_text(
        "python3 -m venv /opt/loyalty-edge\n"
        f"/opt/loyalty-edge/bin/pip install --no-index --find-links . '{wanted}'\n"
        "/opt/loyalty-edge/bin/edge-agent service install --name till-1\n",
        encoding="utf-8",
    )
    print(f"{count} wheels in {arguments.folder}; pip resolves {wanted} from them alone")
    return 0


def _pip(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "pip", *arguments], check=True)


if __name__ == "__main__":
    sys.exit(main())
