"""A player of music or films."""

from imgwatch_train.workshop.phone import phone
from imgwatch_train.workshop.sheet import Page, Sheet


def draw(sheet: Sheet) -> Page:
    """Draw one."""
    rng = sheet.rng
    cover = (
        sheet.picture("width:72%;aspect-ratio:1;margin:20px auto;border-radius:12px")
        if rng.random() < 0.5
        else sheet.picture("width:100%;aspect-ratio:16/9")
    )
    rest = "".join(
        f"<div style='display:flex;gap:10px;padding:8px 14px;text-align:start'>{sheet.picture('width:130px;height:74px;border-radius:6px')}<div style='flex:1;font-size:14px'>{sheet.text(3, 9)}<div style='color:#999;font-size:12px'>{sheet.text(2)}</div></div></div>"
        for _ in range(rng.randint(0, 5))
    )
    inside = (
        f"<div style='text-align:center'>{cover}<h3 style='margin:8px'>{sheet.text(2, 5)}</h3><div style='color:#999'>{sheet.text(1, 3)}</div>"
        f"<div style='height:4px;background:#8886;margin:18px 24px'><div style='width:{rng.randint(5, 95)}%;height:4px;background:{sheet.colour()}'></div></div>"
        f"<div style='font-size:38px'>⏮ ⏯ ⏭</div>{rest}</div>"
    )
    return phone(sheet, inside, sheet.text(1, 2), rng.random() < 0.6)
