"""What an emulated camera sees: an empty counter, and a phone that shows a QR.

Damage is that of a real till: blur of a wrong focus (sigma, points), motion (points), rotation
(degrees), glare (1 = burnt out in its middle), gain (1 = as it is, 0.1 = dim), noise (sigma, grey
levels). Sizes are in points of the frame; the QR's size includes its quiet zone.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

import segno
from PIL import Image, ImageChops, ImageFilter

COUNTER = 90
SCREEN = 235
BEZEL = 20
QUIET_MODULES = 4


@dataclass(frozen=True, slots=True)
class Damage:
    """How a scene is spoilt; the defaults spoil nothing."""

    blur: float = 0.0
    motion: int = 0
    rotation: int = 0
    glare: float = 0.0
    gain: float = 1.0
    noise: int = 0


UNDAMAGED = Damage()


def blank_scene(size: tuple[int, int]) -> Image.Image:
    """An empty counter."""
    shade = Image.linear_gradient("L").resize(size)
    return shade.point(lambda level: COUNTER + level // 8)


def phone_scene(
    text: str, size: tuple[int, int], code: int = 260, damage: Damage = UNDAMAGED
) -> Image.Image:
    """A phone with a QR of `code` points in the middle of the frame."""
    scene = blank_scene(size)
    phone = Image.new("L", (code + 60, code * 2), BEZEL)
    screen = Image.new("L", (code + 40, code * 2 - 60), SCREEN)
    screen.paste(_qr(text, code), (20, (screen.height - code) // 2))
    phone.paste(screen, (10, 30))
    mask = Image.new("L", phone.size, 255)
    if damage.rotation:
        phone = phone.rotate(damage.rotation, Image.Resampling.BICUBIC, expand=True)
        mask = mask.rotate(damage.rotation, Image.Resampling.BICUBIC, expand=True)
    scene.paste(phone, ((size[0] - phone.width) // 2, (size[1] - phone.height) // 2), mask)
    return _spoilt(scene, code, damage)


def noisy(picture: Image.Image, rng: random.Random, sigma: int = 2) -> Image.Image:
    """The same scene with the noise of a sensor: never twice the same bytes."""
    noise = Image.effect_noise(picture.size, sigma)
    moved = ImageChops.offset(noise, rng.randrange(picture.width), rng.randrange(picture.height))
    return ImageChops.add(picture, moved, offset=-128)


def _qr(text: str, size: int) -> Image.Image:
    code = segno.make(text, error="m", micro=False, boost_error=False)
    rows = [
        bytes(0 if dark else 255 for dark in row) for row in code.matrix_iter(border=QUIET_MODULES)
    ]
    modules = Image.frombytes("L", (len(rows), len(rows)), b"".join(rows))
    large = modules.resize((size * 4, size * 4), Image.Resampling.NEAREST)
    return large.resize((size, size), Image.Resampling.BOX)


def _spoilt(scene: Image.Image, code: int, damage: Damage) -> Image.Image:
    if damage.glare:
        spot = Image.radial_gradient("L").resize((code, code))
        spot = spot.point(lambda level: max(0, int((255 - level * 2) * damage.glare)))
        light = Image.new("L", scene.size, 0)
        light.paste(spot, (scene.width // 2 - code // 4, scene.height // 2 - code // 4))
        scene = ImageChops.add(scene, light)
    if damage.blur:
        scene = scene.filter(ImageFilter.GaussianBlur(damage.blur))
    if damage.motion > 1:
        scene = _moved(scene, damage.motion)
    if damage.gain != 1.0:
        scene = scene.point(lambda level: min(255, int(level * damage.gain)))
    if damage.noise:
        scene = ImageChops.add(scene, Image.effect_noise(scene.size, damage.noise), offset=-128)
    return scene


def _moved(scene: Image.Image, points: int) -> Image.Image:
    """The mean of the scene at `points` places beside each other."""
    total = scene
    for place in range(1, points):
        total = Image.blend(total, ImageChops.offset(scene, place, 0), 1 / (place + 1))
    return total
