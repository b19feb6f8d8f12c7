"""A photograph that speaks in balloons."""

from imgwatch_train.workshop.sheet import Page, Sheet


def draw(sheet: Sheet) -> Page:
    """Draw one."""
    rng = sheet.rng
    balloons = "".join(
        f'<div style="position:absolute;left:{rng.randint(1, 55)}%;top:{rng.randint(1, 62)}%;max-width:44%;background:#fff;color:#000;border:3px solid #000;border-radius:{rng.choice((50, 50, 12))}%;'
        f'padding:20px 28px;text-align:center;font:{rng.randint(18, 32)}px {sheet.font("Comic Neue", "Breip", "Roboto")}">{sheet.text(1, 9)}</div>'
        for _ in range(rng.randint(1, 3))
    )
    return sheet.page(
        *rng.choice(((600, 600), (600, 760), (760, 560))),
        sheet.picture("position:absolute;inset:0", main=True) + balloons,
    )
