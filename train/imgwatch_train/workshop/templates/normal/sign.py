"""A sign, a poster or a shop front in a street: words on a plate that stands in the scene, in its light."""

from imgwatch_train.workshop.sheet import SANS, SHOUTING, Page, Sheet


def draw(sheet: Sheet) -> Page:
    """Draw one."""
    rng = sheet.rng
    width, height = rng.choice(((640, 480), (480, 640), (600, 600)))

    def plate() -> str:
        ground, ink = rng.choice(
            (
                ("#0b5", "#fff"),
                ("#14549c", "#fff"),
                ("#fff", "#111"),
                ("#c22", "#fff"),
                ("#eee", "#333"),
                ("#222", "#f5e6a0"),
                (sheet.colour(20, 80), "#fff"),
            )
        )
        wide = rng.randint(90, 260)
        return (
            f'<div style="position:absolute;left:{rng.randint(0, 70)}%;top:{rng.randint(5, 65)}%;width:{wide}px;padding:{rng.randint(5, 16)}px;background:{ground};color:{ink};opacity:{rng.uniform(0.75, 0.95):.2f};'
            f"border:{rng.choice((0, 2, 4))}px solid {ink};border-radius:{rng.choice((0, 4, 10))}px;text-align:center;font:{rng.choice((400, 700))} {rng.randint(wide // 12, wide // 4)}px {sheet.font(*SANS, *SHOUTING)};"
            f'transform:perspective(500px) rotateY({rng.randint(-50, 50)}deg) rotateX({rng.randint(-15, 15)}deg) rotate({rng.randint(-5, 5)}deg);filter:brightness({rng.uniform(0.55, 1.0):.2f}) blur({rng.choice((0, 0.4, 1))}px);box-shadow:2px 4px 9px #0007;mix-blend-mode:{rng.choice(("normal", "hard-light"))}">{sheet.text(1, 3)}</div>'
        )

    return sheet.page(
        width,
        height,
        sheet.picture("position:absolute;inset:0", main=True)
        + "".join(plate() for _ in range(rng.choice((1, 1, 2, 3)))),
    )
