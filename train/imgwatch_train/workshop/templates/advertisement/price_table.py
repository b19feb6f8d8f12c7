"""A leaflet of offers: a grid of goods with prices in loud boxes."""

from imgwatch_train.workshop.sheet import SHOUTING, Page, Sheet


def draw(sheet: Sheet) -> Page:
    """Draw one."""
    rng = sheet.rng
    columns = rng.choice((2, 3, 3))
    goods = "".join(
        f"<div style='position:relative;background:#fff;border-radius:6px;padding:8px;overflow:hidden'>{sheet.picture(f'height:{rng.randint(90, 140)}px', fit=rng.choice(('cover', 'contain')))}<div style='font-size:15px'>{sheet.text(2, 5)}</div>"
        f'<div style="position:absolute;right:4px;bottom:4px;background:{rng.choice(("#ffd600", "#e60023", sheet.colour(45, 60, 80)))};font:900 {rng.randint(24, 38)}px {sheet.font(*SHOUTING)};padding:2px 10px;color:{rng.choice(("#111", "#fff"))}">{sheet.money()}</div></div>'
        for _ in range(columns * rng.randint(2, 4))
    )
    head = f'<div style="background:{sheet.colour(30, 55, 70)};color:#fff;font:900 {rng.randint(40, 64)}px {sheet.font(*SHOUTING)};padding:10px 18px">{sheet.text(1, 4, upper=True)}</div>'
    return sheet.page(
        rng.choice((600, 760)),
        rng.choice((600, 760)),
        f"{head}<div style='display:grid;grid-template-columns:repeat({columns},1fr);grid-auto-rows:1fr;gap:10px;padding:12px'>{goods}</div>",
        f"background:{rng.choice((sheet.colour(60, 92), '#f5f5f5', sheet.gradient()))}",
    )
