"""Goods in two columns, with prices."""

from imgwatch_train.workshop.phone import phone
from imgwatch_train.workshop.sheet import Page, Sheet


def draw(sheet: Sheet) -> Page:
    """Draw one."""
    rng = sheet.rng
    accent = sheet.colour(35, 55, 70)
    goods = "".join(
        "<div style='border:1px solid #8883;border-radius:8px;padding:7px'>"
        f"{sheet.picture('height:150px;background-color:#fff', fit=rng.choice(('cover', 'contain')))}"
        f"<div style='font-size:14px;height:36px;overflow:hidden'>{sheet.text(3, 8)}</div><b style='color:{accent};font-size:17px'>{sheet.money()}</b> "
        f"<s style='color:#999;font-size:12px'>{sheet.money()}</s><div style='font-size:12px;color:#f5a623'>★★★★☆ ({rng.randint(2, 999)})</div></div>"
        for _ in range(8)
    )
    return phone(
        sheet,
        f"<div style='display:grid;grid-template-columns:1fr 1fr;gap:8px;padding:8px'>{goods}</div>",
        sheet.text(1, 3),
        rng.random() < 0.15,
    )
