"""A list of settings with switches."""

from imgwatch_train.workshop.phone import phone
from imgwatch_train.workshop.sheet import Page, Sheet


def draw(sheet: Sheet) -> Page:
    """Draw one."""
    rng = sheet.rng
    is_dark, accent = rng.random() < 0.35, sheet.colour(35, 60, 60)
    rows = "".join(
        "<div style='display:flex;padding:12px 16px;align-items:center;border-bottom:1px solid #8883'>"
        f"<div style='width:28px;height:28px;border-radius:7px;background:{sheet.colour()};margin:0 12px'></div>"
        f"<div style='flex:1;font-size:16px;white-space:nowrap;overflow:hidden'>{sheet.text(1, 4)}"
        + (f"<div style='font-size:12px;color:#888'>{sheet.text(2, 6)}</div>" if rng.random() < 0.5 else "")
        + "</div>"
        + (
            f"<div style='width:42px;height:23px;border-radius:12px;background:{rng.choice((accent, '#9996'))}'></div>"
            if rng.random() < 0.6
            else "<span style='color:#999'>›</span>"
        )
        + "</div>"
        for _ in range(rng.randint(9, 15))
    )
    return phone(sheet, rows, sheet.text(1, 3), is_dark)
