"""`python -m bench.pricing_mutants`: break the pricing in turn and name the tests that go red.

Each mutant is one changed text in a copy of the tree; the copy's own tests are run on it. Exit code
0 when every mutant is noticed, 1 when one survives, 2 when a text to change is no longer there.
ONLY=word runs the mutants whose name holds the word.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
COPIED = ("loyalty", "sync", "tests", "bench", "edge_agent", "drivers", "receipt_templates")
SUITES = ("tests/unit/loyalty", "tests/peer_cases", "tests/property/loyalty")
SHOWN = 4


@dataclass(frozen=True)
class Mutant:
    """One thing broken: `old` becomes `new` in a file of `loyalty`."""

    name: str
    file: str
    old: str
    new: str


MUTANTS = (
    Mutant(
        "rounding: halves go down",
        "promotions/prices.py",
        "return whole + (twice >= BASIS_POINTS)",
        "return whole + (twice > BASIS_POINTS)",
    ),
    Mutant(
        "consumption: a set uses nothing up",
        "promotions/takings.py",
        "run.is_used or piece.uses))",
        "run.is_used))",
    ),
    Mutant(
        "consumption: consume_units marks one piece less",
        "promotions/takings.py",
        "            wanted -= _mark(line, wanted)",
        "            wanted -= _mark(line, wanted) + 1",
    ),
    Mutant(
        "floor: the lawful price is forgotten",
        "promotions/law.py",
        "max(lawful, unit_floor_minor * pieces_of(line))",
        "unit_floor_minor * pieces_of(line)",
    ),
    Mutant(
        "floor: a piece may cost nothing",
        "promotions/worksheet.py",
        "line.floor = min(item.sum_minor, unit_floor_minor * line.pieces)",
        "line.floor = 0",
    ),
    Mutant(
        "floor: one piece falls under its lawful price",
        "promotions/worksheet.py",
        "rooms = [max(0, run.net - lawful * run.count // self.pieces) for run in self.cut]",
        "rooms = nets",
    ),
    Mutant(
        "floor: a set does not see what the set before took",
        "promotions/takings.py",
        "left[line.index] = left.get(line.index, line.room) - piece.amount",
        "left[line.index] = line.room",
    ),
    Mutant(
        "proration: the spare kopeck goes to the least remainder",
        "money.py",
        "parts[rests.index(max(rests))] += 1",
        "parts[rests.index(min(rests))] += 1",
    ),
    Mutant(
        "proration: what a floor refuses is lost",
        "promotions/spread.py",
        "while moves_overflow:",
        "while False:",
    ),
    Mutant(
        "caps: the discount of a receipt is not cut",
        "promotions/acting.py",
        'taking, cut = taking.limited(limit), "per_receipt_minor"',
        'cut = "per_receipt_minor"',
    ),
    Mutant(
        "caps: one use more than allowed",
        "promotions/limits.py",
        "        if used >= size:\n",
        "        if used > size:\n",
    ),
    Mutant(
        "caps: a used-up campaign gives all",
        "promotions/acting.py",
        "if left is None or wanted <= left:",
        "if True:",
    ),
    Mutant(
        "group: the worst of a best-of group wins",
        "promotions/combining.py",
        "            if best is None or gain > best[0]:",
        "            if best is None or gain < best[0]:",
    ),
    Mutant(
        "group: all of a first-of group act",
        "promotions/evaluation.py",
        'if item.mode == "first" else None',
        "if False else None",
    ),
    Mutant(
        "memory: what came out otherwise spoils nothing",
        "promotions/memory.py",
        "            self._spoil(self.sheet.lines[index])",
        "            self._spoiled.add(index)",
    ),
    Mutant(
        "exclusive: it stops nothing",
        "promotions/combining.py",
        'if self.stops_everything or other.stage in PRICE_STAGES or other.stage == "gift":',
        "if self.stops_everything:",
    ),
    Mutant(
        "allowance: the programme's share holds in spite of it",
        "promotions/redemption.py",
        "_first_of(allowance.max_share_bp, programme.redeem_max_share_bp)",
        "programme.redeem_max_share_bp",
    ),
    Mutant(
        "allowance: the second one holds",
        "promotions/acting.py",
        "        if self._allowed_by:\n",
        "        if False:\n",
    ),
    Mutant(
        "tie: equal remainders go to the later line",
        "money.py",
        "key=rests.__getitem__, reverse=True)[:spare]",
        "key=rests.__getitem__)[-spare:]",
    ),
    Mutant(
        "tie: a single spare kopeck goes to the later line",
        "money.py",
        "parts[rests.index(max(rests))] += 1",
        "parts[len(rests) - 1 - rests[::-1].index(max(rests))] += 1",
    ),
    Mutant(
        "tie: pieces of equal price stand as they were rung",
        "promotions/choosing.py",
        "(sign * unit_value(pair[1]), pair[0].item.line_id)",
        "(sign * unit_value(pair[1]),)",
    ),
    Mutant(
        "gifts: one more than earned",
        "promotions/acting.py",
        "times = pieces // effect.per_units if effect.per_units else 1",
        "times = -(-pieces // effect.per_units) if effect.per_units else 1",
    ),
    Mutant(
        "accrual: what bonuses paid earns too",
        "promotions/accruals.py",
        "line.net - line.manual - line.redeemed - line.gift_card",
        "line.net - line.manual - line.gift_card",
    ),
    Mutant(
        "accrual: rounded up",
        "promotions/accruals.py",
        "return _split(total * effect.percent_bp * POINTS_PER_BONUS // scale, bases)",
        "return _split(-(-total * effect.percent_bp * POINTS_PER_BONUS // scale), bases)",
    ),
    Mutant(
        "law: tobacco takes part",
        "promotions/index.py",
        "takes_part = is_promotable and not is_left_out",
        "takes_part = not is_left_out",
    ),
    Mutant(
        "money: the till's own discount lowers no base",
        "promotions/worksheet.py",
        "        self._share_manual_discounts()\n",
        "",
    ),
)


def copy_of_tree(folder: Path) -> Path:
    """What the tests need, and nothing of the git history."""
    for name in COPIED:
        ignored = shutil.ignore_patterns("__pycache__", "out")
        shutil.copytree(ROOT / name, folder / name, ignore=ignored)
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(ROOT / name, folder / name)
    return folder


def red_tests(tree: Path) -> list[str]:
    """Names of the first tests that fail in the copy."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--tb=no"]
    command += [f"--maxfail={SHOWN}", f"--basetemp={tree / 'pt'}", *SUITES]
    env = {**os.environ, "PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, cwd=tree, env=env, capture_output=True, text=True, check=False)
    found = re.findall(r"^(?:FAILED|ERROR) \S+?::(.+?)(?: - .*)?$", done.stdout, re.MULTILINE)
    return found or (["(no tests ran)"] if done.returncode not in (0, 1) else [])


def main() -> int:
    """Run every mutant and print who noticed it."""
    wanted = [mutant for mutant in MUTANTS if os.environ.get("ONLY", "") in mutant.name]
    survived = stale = 0
    with tempfile.TemporaryDirectory(prefix="mutants-") as name:
        tree = copy_of_tree(Path(name))
        for mutant in wanted:
            path = tree / "loyalty" / mutant.file
            sound = path.read_text(encoding="utf-8")
            if sound.count(mutant.old) != 1:
                stale += 1
                print(f"{mutant.name}: the text is not in {mutant.file} once", flush=True)
                continue
            path.write_text(sound.replace(mutant.old, mutant.new), encoding="utf-8")
            red = red_tests(tree)
            path.write_text(sound, encoding="utf-8")
            survived += not red
            print(f"{mutant.name}: {', '.join(red) or 'NOT NOTICED'}", flush=True)
    noticed = len(wanted) - survived - stale
    print(
        f"pricing_mutants: {noticed} of {len(wanted)} noticed; {survived} survived, {stale} stale"
    )
    return 2 if stale else int(survived > 0)


if __name__ == "__main__":
    sys.exit(main())
