"""A screen with little on it: a few lines and fields on a dark or white ground, or a strip cut from one."""

from imgwatch_train.workshop.phone import phone
from imgwatch_train.workshop.sheet import Page, Sheet


def draw(sheet: Sheet) -> Page:
    """Draw one."""
    rng = sheet.rng
    is_dark = rng.random() < 0.65
    ink, accent = ("#eee" if is_dark else "#222"), sheet.colour(45, 65, 70)

    def row() -> str:
        kind = rng.choice(("label", "field", "switch", "button", "icon"))
        if kind == "field":
            return f"<div style='border:1px solid #8886;border-radius:6px;padding:12px;margin:10px 16px;color:#888'>{sheet.text(1, 4)}</div>"
        if kind == "button":
            return f"<div style='background:{accent};color:#fff;border-radius:{rng.choice((4, 22))}px;padding:9px 16px;margin:14px 16px;text-align:center;width:{rng.choice((100, 140, 340))}px'>{sheet.text(1, 2, upper=rng.random() < 0.5)}</div>"
        if kind == "icon":
            return f"<div style='text-align:center;padding:26px'><div style='width:76px;height:76px;border-radius:{rng.choice((16, 38))}px;background:{rng.choice((accent, sheet.gradient()))};margin:auto;color:#fff;font-size:44px'>{rng.choice('⌂☎⚙✉☀♫')}</div><div style='font-size:20px;margin-top:10px'>{sheet.text(1, 3)}</div></div>"
        side = (
            f"<span style='float:inline-end;width:42px;height:23px;border-radius:12px;background:{rng.choice((accent, '#8886'))}'></span>"
            if kind == "switch"
            else ""
        )
        return f"<div style='padding:11px 16px'>{side}<div style='font-size:16px'>{sheet.text(1, 5)}</div><div style='font-size:13px;color:#888'>{sheet.text(1, 9)}</div></div>"

    rows = "".join(row() for _ in range(rng.randint(1, 6)))
    if rng.random() < 0.5:
        return phone(sheet, rows, sheet.text(1, 3), is_dark)
    width, height = rng.choice(((420, 130), (420, 240), (420, 340), (760, 120), (760, 260)))
    return sheet.page(
        width,
        height,
        rows,
        f"background:{rng.choice(('#111', '#1c1c1e', '#202124')) if is_dark else sheet.pale()};color:{ink};font-family:{sheet.font()}",
    )
