"""Faces in tiles with names and buttons."""

from imgwatch_train.workshop.sheet import Page, Sheet


def draw(sheet: Sheet) -> Page:
    """Draw one."""
    rng = sheet.rng
    count, width, height = rng.choice((2, 4, 6, 9)), 900, 540
    columns = 2 if count <= 4 else 3
    tiles = "".join(
        f"<div style='position:relative;border-radius:8px;overflow:hidden;background:{sheet.colour(15, 40)}'>{sheet.picture('position:absolute;inset:0') if rng.random() < 0.8 else ''}"
        f"<span style='position:absolute;bottom:6px;left:8px;background:#0009;color:#fff;padding:2px 8px;font-size:14px'>{sheet.text(1, 2)}</span></div>"
        for _ in range(count)
    )
    bar = "<div style='position:absolute;bottom:0;left:0;right:0;text-align:center;padding:10px;font-size:28px;color:#fff;background:#222'>🎤 📷 ✋ 💬 <span style='background:#d93025;border-radius:20px;padding:2px 18px'>☎</span></div>"
    return sheet.page(
        width,
        height,
        f"<div style='position:absolute;inset:0 0 60px 0;display:grid;grid-template-columns:repeat({columns},1fr);gap:8px;padding:10px'>{tiles}</div>{bar}",
        "background:#1b1b1d",
    )
