"""`python -m bench.decoders DIR`: our camera pipeline beside zxing-cpp, pyzbar and OpenCV alone.

DIR holds `truth.csv` (file, symbology, text) and optionally `none/`. Every picture is offered as up
to ten frames to every decoder. A value is wrong only if that code is not in the picture. Decoded is
counted by code. Ours must be ahead of or equal to each in every class, with nothing wrong and
nothing accepted in `none/`. `beside` counts codes that are in the
picture but not in truth.csv. Times are processor time a frame, OpenCV on one thread.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2

from bench.decoders_rivals import OURS, Answer, Decoder, decoders
from bench.decoders_truth import NONE, BadFolder, Picture, Truth, read_truth, same_text
from bench.report import OUT, median, percentile
from drivers.scanner.camera.readers import Gray
from drivers.scanner.camera.zbar_link import ZbarLink

MAX_SIDE = 4096
READY_S = 30.0


@dataclass(slots=True)
class Score:
    """One decoder on one class."""

    decoded: int = 0
    beside: int = 0
    wrong: list[str] = field(default_factory=list)
    times_ms: list[float] = field(default_factory=list)


@dataclass(slots=True)
class ClassResult:
    """One class: how many codes it has, and each decoder's score."""

    codes: int
    scores: dict[str, Score]


def main(argv: Sequence[str] | None = None) -> int:
    """0 when ours leads everywhere with nothing wrong, 1 when not, 2 when it could not run."""
    parser = argparse.ArgumentParser(prog="bench.decoders", description=__doc__)
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser.add_argument("--list", action="store_true", help="name what ours did not read")
    arguments = parser.parse_args(argv)
    try:
        truth = read_truth(arguments.folder)
    except BadFolder as error:
        print(f"decoders: {error}", file=sys.stderr)
        return 2
    cv2.setNumThreads(1)
    zbar = ZbarLink(qr_pause_s=0.0)
    try:
        if not zbar.start(READY_S):
            print("decoders: zbar does not start; is libzbar0 installed?", file=sys.stderr)
            return 2
        results = measure(truth, decoders(truth.kinds, zbar), zbar, arguments.list)
    finally:
        zbar.close()
    return _report(arguments.folder, truth, results)


def measure(
    truth: Truth, by_name: dict[str, Decoder], zbar: ZbarLink, is_listing: bool = False
) -> dict[str, ClassResult]:
    """Every decoder on every picture."""
    results: dict[str, ClassResult] = {}
    for picture in truth.pictures:
        pixels = _load(picture.path)
        if pixels is None:
            truth.left_out["unreadable pictures"] = truth.left_out.get("unreadable pictures", 0) + 1
            continue
        for name, decode in by_name.items():
            zbar.start(READY_S)
            answer = decode(pixels)
            _score(results, picture, name, answer, truth)
            if is_listing and name == OURS:
                _list(picture, answer)
    return results


def _load(path: Path) -> Gray | None:
    """The picture in grey, shrunk when it is larger than any camera's frame."""
    try:
        pixels = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    except cv2.error:
        return None
    if pixels is None or min(pixels.shape) < 8:
        return None
    scale = min(1.0, MAX_SIDE / max(pixels.shape))
    if scale < 1.0:
        pixels = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return pixels  # type: ignore[return-value]


def is_shown(value: str, picture: Picture, answer: Answer, truth: Truth) -> bool:
    """Whether a value that truth.csv does not name for this picture is in it all the same.

    Shown are a code repaired by Reed-Solomon words, which no decoder can invent, and a value that
    truth.csv names for another picture which also holds a code of this one: the same print, from
    another place. Both hold for every decoder alike, and never in `none/`."""
    if not picture.codes:
        return False
    if value in answer.repaired:
        return True
    return any(
        any(same_text(value, text) for _kind, text in other.codes)
        and any(
            same_text(mine, text) for _kind, text in other.codes for _mine, mine in picture.codes
        )
        for other in truth.pictures
        if other is not picture
    )


def _score(
    results: dict[str, ClassResult], picture: Picture, name: str, answer: Answer, truth: Truth
) -> None:
    classes = {symbology for symbology, _text in picture.codes} or {NONE}
    strange = [
        value
        for value in answer.values
        if not any(same_text(value, text) for _symbology, text in picture.codes)
    ]
    shown = [value for value in strange if is_shown(value, picture, answer, truth)]
    wrong = [value for value in strange if value not in shown]
    for symbology in classes:
        texts = [text for kind, text in picture.codes if kind == symbology]
        result = results.setdefault(symbology, ClassResult(0, {}))
        score = result.scores.setdefault(name, Score())
        if name == OURS:
            result.codes += len(texts) or 1
        score.decoded += sum(
            any(same_text(value, text) for value in answer.values) for text in texts
        )
        score.wrong += wrong
        score.beside += len(shown)
        score.times_ms += answer.frames_ms


def _list(picture: Picture, answer: Answer) -> None:
    for symbology, text in picture.codes:
        if not any(same_text(value, text) for value in answer.values):
            print(f"not read: {symbology} {picture.path} {text[:40]!r}")
    for value in answer.values:
        if not any(same_text(value, text) for _kind, text in picture.codes):
            print(f"not in truth.csv: {picture.path} {value[:40]!r}")


def _report(folder: Path, truth: Truth, results: dict[str, ClassResult]) -> int:
    print(f"{folder}: {len(truth.pictures)} pictures, looked for {', '.join(truth.kinds)}")
    for why, count in truth.left_out.items():
        print(f"left out: {count} {why}")
    print(
        f"{'class':12} {'codes':>5}  {'decoder':10} {'decoded':>8} {'wrong':>5} {'beside':>6} "
        f"{'ms':>7} {'p95':>7}"
    )
    checks: list[tuple[str, bool]] = []
    order = sorted(results, key=lambda name: (name == NONE, name))
    for symbology in order:
        result = results[symbology]
        for name, score in result.scores.items():
            share = "" if symbology == NONE else f"{100 * score.decoded / result.codes:.1f} %"
            print(
                f"{symbology if name == OURS else '':12} "
                f"{str(result.codes) if name == OURS else '':>5}  {name:10} {share:>8} "
                f"{len(score.wrong):5} {score.beside:6} {median(score.times_ms):7.1f} "
                f"{percentile(score.times_ms, 95):7.1f}"
            )
        checks += _checks(symbology, result)
    _write(folder, results)
    missed = [what for what, is_met in checks if not is_met]
    worst = f"missed: {'; '.join(missed[:3])}" if missed else f"worst {_closest(results)}"
    print(f"decoders: met {len(checks) - len(missed)} of {len(checks)}; {worst}")
    return 1 if missed else 0


def _checks(symbology: str, result: ClassResult) -> list[tuple[str, bool]]:
    ours = result.scores[OURS]
    if symbology == NONE:
        return [(f"{len(ours.wrong)} accepted in none/", not ours.wrong)]
    ahead = [
        (f"{symbology} behind {name}", ours.decoded >= score.decoded)
        for name, score in result.scores.items()
        if name != OURS
    ]
    return [*ahead, (f"{symbology} has {len(ours.wrong)} wrong", not ours.wrong)]


def _closest(results: dict[str, ClassResult]) -> str:
    """The class with the least lead over the best of the others."""
    leads = {
        symbology: (
            result.scores[OURS].decoded
            - max(score.decoded for name, score in result.scores.items() if name != OURS)
        )
        for symbology, result in results.items()
        if symbology != NONE
    }
    if not leads:
        return "nothing to compare"
    least = min(leads, key=lambda symbology: leads[symbology])
    return f"{least}, {leads[least]} codes ahead of the best of the others"


def _write(folder: Path, results: dict[str, ClassResult]) -> None:
    OUT.mkdir(exist_ok=True)
    content = {
        "bench": "decoders",
        "folder": folder.name,
        "classes": {
            symbology: {
                "codes": result.codes,
                **{
                    name: {
                        "decoded": score.decoded,
                        "wrong": len(score.wrong),
                        "beside": score.beside,
                        "median_ms": round(median(score.times_ms), 2),
                        "p95_ms": round(percentile(score.times_ms, 95), 2),
                    }
                    for name, score in result.scores.items()
                },
            }
            for symbology, result in results.items()
        },
    }
    (OUT / "decoders.json").write_text(json.dumps(content, indent=1), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
