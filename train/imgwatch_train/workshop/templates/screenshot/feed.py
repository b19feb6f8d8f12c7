"""A feed of posts, with avatars, pictures and counts."""

from imgwatch_train.workshop.phone import phone
from imgwatch_train.workshop.sheet import Page, Sheet


def draw(sheet: Sheet) -> Page:
    """Draw one."""
    rng = sheet.rng
    is_dark = rng.random() < 0.3
    posts = "".join(
        "<div style='padding:10px 12px;border-bottom:6px solid #8882'><div style='display:flex;gap:8px;align-items:center'>"
        f"{sheet.picture('width:38px;height:38px;border-radius:50%')}<div><b>{sheet.text(1, 2)}</b>"
        f"<div style='font-size:12px;color:#888'>{rng.randint(1, 23)} h</div></div></div>"
        f"<div style='font-size:{rng.randint(14, 17)}px;margin:7px 0'>{sheet.text(3, 26)}</div>"
        + (sheet.picture(f"height:{rng.randint(150, 320)}px") if rng.random() < 0.6 else "")
        + f"<div style='color:#888;font-size:14px;padding-top:6px'>♡ {rng.randint(1, 9999)} &nbsp; 💬 {rng.randint(1, 300)} &nbsp; ↻ {rng.randint(1, 99)}</div></div>"
        for _ in range(rng.randint(2, 5))
    )
    return phone(sheet, posts, sheet.text(1, 2), is_dark)
