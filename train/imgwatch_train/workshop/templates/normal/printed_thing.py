"""Words or a drawing on a shirt, a box, a cup, a book spine: printed into the surface."""

from imgwatch_train.workshop.sheet import EMOJI, SANS, SCRIPT, SHOUTING, Page, Sheet


def draw(sheet: Sheet) -> Page:
    """Draw one."""
    rng = sheet.rng
    width, height = rng.choice(((640, 480), (480, 640), (600, 600)))
    printed = "".join(
        f'<div style="position:absolute;left:{rng.randint(20, 60)}%;top:{rng.randint(25, 65)}%;max-width:40%;font:{rng.choice((400, 700, 900))} {rng.randint(14, 40)}px {sheet.font(*SHOUTING, *SANS, *SCRIPT)};color:{rng.choice(("#fff", "#111", sheet.colour(20, 80)))};mix-blend-mode:{rng.choice(("overlay", "soft-light", "multiply", "hard-light"))};opacity:{rng.uniform(0.6, 0.95):.2f};'
        f'transform:perspective(500px) rotateY({rng.randint(-40, 40)}deg) rotate({rng.choice((0, 0, 90, rng.randint(-20, 20)))}deg)">{rng.choice((sheet.text(1, 3), sheet.text(1, upper=True), rng.choice(EMOJI)))}</div>'
        for _ in range(rng.choice((1, 1, 2, 5)))
    )
    return sheet.page(width, height, sheet.picture("position:absolute;inset:0", main=True) + printed)
