"""A thing on a plain ground with badges, price and claims."""

from imgwatch_train.workshop.sheet import SHOUTING, Page, Sheet


def draw(sheet: Sheet) -> Page:
    """Draw one."""
    rng = sheet.rng
    width, height = rng.choice(((600, 600), (600, 760), (800, 560)))
    thing = sheet.picture(
        f"position:absolute;left:{rng.randint(12, 35)}%;top:{rng.randint(12, 30)}%;width:{rng.randint(40, 60)}%;height:{rng.randint(45, 65)}%;border-radius:{rng.choice((0, 0, 20, 200))}px",
        main=True,
        fit=rng.choice(("cover", "contain")),
    )
    claims = "".join(
        f"<div style='position:absolute;left:{rng.choice((3, 68))}%;top:{rng.randint(5, 85)}%;background:{sheet.colour(40, 60, 70)};color:#fff;padding:6px 14px;font-size:{rng.randint(15, 26)}px;border-radius:{rng.choice((0, 20))}px'>{rng.choice(('✓ ', '★ ', ''))}{sheet.text(1, 3)}</div>"
        for _ in range(rng.randint(2, 5))
    )
    price = f'<div style="position:absolute;right:4%;bottom:4%;background:{rng.choice(("#e60023", "#ffd600", sheet.colour(45, 60, 80)))};color:{rng.choice(("#fff", "#111"))};font:900 {rng.randint(40, 80)}px {sheet.font(*SHOUTING)};padding:6px 18px">{sheet.money()}</div>'
    head = f"<div style='position:absolute;left:4%;top:3%;font-size:{rng.randint(28, 50)}px;font-weight:800;color:{sheet.colour(10, 40)}'>{sheet.text(2, 5)}</div>"
    return sheet.page(
        width,
        height,
        thing + head + claims + price,
        f"background:{rng.choice(('#fff', '#fff', sheet.gradient(), sheet.colour(80, 97)))};font-family:{sheet.font()}",
    )
