"""A chat on a phone: bubbles left and right, now and then a picture."""

from imgwatch_train.workshop.phone import phone
from imgwatch_train.workshop.sheet import Page, Sheet


def draw(sheet: Sheet) -> Page:
    """Draw one."""
    rng, bubbles = sheet.rng, []
    is_dark = rng.random() < 0.35
    mine, theirs = (
        ("#005c4b", "#2a2a2c")
        if is_dark
        else (rng.choice(("#dcf8c6", "#0b84ff", "#e3f2fd", sheet.colour(55, 85))), "#fff")
    )
    for _ in range(rng.randint(7, 16)):
        is_mine = rng.random() < 0.5
        picture = sheet.picture("width:210px;height:150px;border-radius:8px") if rng.random() < 0.15 else ""
        bubbles.append(
            f"<div style='display:flex;justify-content:{'flex-end' if is_mine else 'flex-start'};margin:5px 8px'>"
            f"<div style='max-width:72%;background:{mine if is_mine else theirs};border-radius:{rng.choice((6, 12, 18))}px;"
            f"padding:7px 11px;font-size:15px'>{picture}{sheet.text(1, 14)}<span style='font-size:10px;color:#888'> "
            f"{rng.randint(0, 23)}:{rng.randint(0, 59):02d} ✓✓</span></div></div>"
        )
    ground = "#0b141a" if is_dark else rng.choice(("#ece5dd", "#fff", "#e5ddd5", sheet.gradient()))
    return phone(
        sheet,
        f"<div style='background:{ground};min-height:100%'>{''.join(bubbles)}</div>",
        sheet.text(1, 2),
        is_dark,
        entry=True,
    )
