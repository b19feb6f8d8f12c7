"""A page of a browser: heading, picture, paragraphs."""

from imgwatch_train.workshop.phone import phone
from imgwatch_train.workshop.sheet import SERIF, Page, Sheet


def draw(sheet: Sheet) -> Page:
    """Draw one."""
    rng = sheet.rng
    font = sheet.font(*SERIF) if rng.random() < 0.4 else sheet.font()
    picture = sheet.picture(f"height:{rng.randint(120, 260)}px;margin:10px 0") if rng.random() < 0.6 else ""
    text = "".join(f"<p style='margin:9px 0'>{sheet.text(10, 50)}</p>" for _ in range(rng.randint(3, 7)))
    inside = f"<div style='padding:14px;font-family:{font};font-size:{rng.randint(13, 19)}px;line-height:1.5'><div style='font-size:27px;font-weight:700;line-height:1.2'>{sheet.text(3, 10)}</div>{picture}{text}</div>"
    bar = f"<div style='margin:8px;padding:8px 14px;border-radius:18px;background:#8882;font:14px Roboto'>🔒 {sheet.rng.choice(('news', 'shop', 'my', 'wiki', 'the'))}.example/{rng.randint(1, 999)}</div>"
    return phone(sheet, bar + inside, None, rng.random() < 0.25)
