"""A large drawn or rendered thing of a feast: a heart, a cake, a rose, a wreath, on a dark or tender ground."""

import math

from imgwatch_train.workshop.sheet import FESTIVE, SCRIPT, Page, Sheet


def draw(sheet: Sheet) -> Page:
    """Draw one."""
    rng = sheet.rng
    ground = rng.choice(
        (
            sheet.gradient(),
            f"radial-gradient({sheet.colour(70, 95)},{sheet.colour(20, 70)})",
            f"radial-gradient({sheet.colour(15, 35)},#050505)",
            "#fff",
            sheet.colour(80, 96),
        )
    )
    sign, many = rng.choice("🌹🌸💐🌺🌻🌷🎂🎁❤💖🎀🎄🦋🕯"), rng.randint(10, 26)
    ring = "".join(
        f"<div style='position:absolute;left:{270 + 190 * x:.0f}px;top:{270 + 190 * y:.0f}px;font-size:{rng.randint(50, 96)}px;transform:rotate({rng.randint(-60, 60)}deg)'>{rng.choice((sign, sign, rng.choice(FESTIVE)))}</div>"
        for x, y in (
            (rng.uniform(-1, 1) * 0.1 + a, rng.uniform(-1, 1) * 0.1 + b)
            for a, b in (_around(number / many) for number in range(many))
        )
    )
    large = f"<div style='position:absolute;left:{rng.randint(90, 170)}px;top:{rng.randint(60, 140)}px;font-size:{rng.randint(230, 380)}px;filter:drop-shadow(0 14px 22px #0008)'>{sign}</div>"
    words = (
        f'<div style="position:absolute;left:8%;right:8%;bottom:{rng.randint(3, 12)}%;text-align:center;font:{rng.randint(44, 76)}px {sheet.font(*SCRIPT)};color:{rng.choice(("#fff", "gold", "#b3123f", "#6a1b4d"))};text-shadow:0 2px 6px #0006">{sheet.text(1, 3)}</div>'
        if rng.random() < 0.5
        else ""
    )
    light = "".join(
        f"<div style='position:absolute;left:{rng.randint(-5, 98)}%;top:{rng.randint(-5, 98)}%;width:{(d := rng.randint(10, 110))}px;height:{d}px;border-radius:50%;background:radial-gradient(#fff{rng.choice('69c')},transparent 70%)'></div>"
        for _ in range(rng.choice((0, 12, 40)))
    )
    return sheet.page(
        600, 600, light + rng.choice((ring, large, ring + words, large + words)), f"background:{ground}"
    )


def _around(share: float) -> tuple[float, float]:
    """Return a place on a circle."""
    return math.cos(2 * math.pi * share), math.sin(2 * math.pi * share)
