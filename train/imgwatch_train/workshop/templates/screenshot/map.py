"""A map with roads, parks, names, and a card at the bottom."""

from imgwatch_train.workshop.phone import phone
from imgwatch_train.workshop.sheet import Page, Sheet


def draw(sheet: Sheet) -> Page:
    """Draw one."""
    rng = sheet.rng
    width, height = 400, 760
    land = "".join(
        f"<polygon points='{' '.join(f'{rng.randint(-60, width + 60)},{rng.randint(-60, height)}' for _ in range(rng.randint(4, 7)))}' "
        f"fill='{rng.choice(('#aadaff', '#c8e6c9', '#e8eaed', '#f5f3e9', '#b5d29f', '#fdf1d6'))}'/>"
        for _ in range(rng.randint(5, 12))
    )
    roads = "".join(
        f"<path d='M{rng.randint(0, width)} {rng.randint(0, height)} Q {rng.randint(0, width)} {rng.randint(0, height)} "
        f"{rng.randint(0, width)} {rng.randint(0, height)}' stroke='{rng.choice(('#fff', '#fff', '#ffe168', '#f9a825', '#4285f4'))}' "
        f"stroke-width='{rng.randint(1, 8)}' fill='none'/>"
        for _ in range(rng.randint(14, 34))
    )
    names = "".join(
        f"<text x='{rng.randint(0, width)}' y='{rng.randint(0, height)}' font-size='{rng.randint(9, 17)}' fill='#555'>{sheet.text(1, 2)}</text>"
        for _ in range(rng.randint(10, 24))
    )
    card = f"<div style='position:absolute;bottom:0;left:0;right:0;background:#fff;padding:14px;border-radius:16px 16px 0 0'><b style='font-size:18px'>{sheet.text(2, 3)}</b>{sheet.lines(2, 'color:#666;font-size:14px', 3, 7)}</div>"
    plan = f"<svg width={width} height={height} style='background:#f2efe9'>{land}{roads}{names}</svg>{card if rng.random() < 0.7 else ''}"
    return phone(sheet, plan, sheet.text(1, 3) if rng.random() < 0.6 else None, is_dark=False)
