"""`make soak-durable`: every campaign `durable_*` beside this module, one after the other.

SOAK_S seconds are shared out; each campaign prints its own last line and adds its JSON line to
bench/out/soak.jsonl. Exit code 0 when all were sound, 1 when one was not, 2 when one could not run.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

from bench.soak.campaign import DEFAULT_SOAK_S

HERE = Path(__file__).parent


def main() -> int:
    """Run them all."""
    names = sorted(path.stem for path in HERE.glob("durable_*.py"))
    share_s = float(os.environ.get("SOAK_S", DEFAULT_SOAK_S)) / len(names)
    seed = os.environ.get("SEED") or str(random.SystemRandom().randrange(1_000_000))
    codes = {}
    for name in names:
        print(f"--- {name}, at most {share_s:.0f} s, seed {seed}", flush=True)
        env = {**os.environ, "SOAK_S": str(share_s), "SEED": seed}
        command = [sys.executable, "-m", f"bench.soak.{name}"]
        codes[name] = subprocess.run(command, env=env, cwd=HERE.parents[1], check=False).returncode
    sound = [name for name, code in codes.items() if code == 0]
    others = ", ".join(f"{name} exit {code}" for name, code in codes.items() if code)
    print(
        f"durable: {len(sound)} of {len(names)} campaigns sound; seed {seed}; {others or 'sound'}"
    )
    return max(codes.values(), default=2)


if __name__ == "__main__":
    sys.exit(main())
