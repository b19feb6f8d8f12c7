"""A joke or a saying that is words alone, in large letters on black, white or a colour, with a small picture at most."""

from imgwatch_train.workshop.sheet import SANS, SERIF, SHOUTING, Page, Sheet


def draw(sheet: Sheet) -> Page:
    """Draw one."""
    rng = sheet.rng
    ground, ink = rng.choice(
        (
            ("#000", "#fff"),
            ("#111", "#fff"),
            ("#fff", "#111"),
            ("#fff", "#111"),
            (sheet.colour(20, 50, 50), "#fff"),
            (sheet.colour(75, 95), "#111"),
        )
    )
    sizes = (rng.randint(22, 36), rng.randint(30, 72))
    rows = "".join(
        f'<div style="font:{rng.choice((400, 700, 900))} {rng.choice(sizes)}px {sheet.font(*SHOUTING, *SANS, *SERIF)};color:{rng.choice((ink, ink, ink, sheet.colour(45, 65, 70)))};margin:8px 0">{sheet.text(2, 12, upper=rng.random() < 0.4)}</div>'
        for _ in range(rng.randint(1, 5))
    )
    small = (
        sheet.picture(
            f"width:{rng.randint(180, 320)}px;height:{rng.randint(140, 220)}px;margin:12px auto", main=True
        )
        if rng.random() < 0.35
        else ""
    )
    return sheet.page(
        600,
        rng.randint(320, 640),
        f"<div style='position:absolute;inset:0;padding:24px;display:flex;flex-direction:column;justify-content:center;text-align:{rng.choice(('center', 'center', 'start'))}'>{rows}{small}</div>",
        f"background:{ground}",
    )
