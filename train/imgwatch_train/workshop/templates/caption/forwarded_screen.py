"""A piece of a chat, a search or a program with a joke in it, cut out, below a line of words."""

from imgwatch_train.workshop.sheet import MONO, SANS, SHOUTING, Page, Sheet


def draw(sheet: Sheet) -> Page:
    """Draw one."""
    rng = sheet.rng
    is_dark = rng.random() < 0.4
    ground, ink = ("#1e1e1e", "#d4d4d4") if is_dark else ("#fff", "#222")
    if rng.random() < 0.5:
        piece = "".join(
            f"<div style='padding-left:{rng.choice((0, 20, 40))}px;color:{rng.choice((ink, sheet.colour(45, 70, 60)))}'>{sheet.text(1, 7)}</div>"
            for _ in range(rng.randint(3, 14))
        )
        piece = f'<div style="padding:16px;font:{rng.randint(15, 22)}px {sheet.font(*MONO)}">{piece}</div>'
    else:
        piece = "".join(
            f"<div style='display:flex;justify-content:{rng.choice(('flex-end', 'flex-start'))};margin:7px'><div style='background:{rng.choice(('#dcf8c6', '#0b84ff', '#8883'))};border-radius:14px;padding:8px 14px;font-size:20px;max-width:70%'>{sheet.text(1, 12)}</div></div>"
            for _ in range(rng.randint(2, 5))
        )
    head = f'<div style="background:#fff;color:#111;padding:12px 16px;font:{rng.choice((400, 700))} {rng.randint(24, 40)}px {sheet.font(*SANS, *SHOUTING)}">{sheet.text(3, 14)}</div>'
    reaction = sheet.picture(f"height:{rng.randint(200, 320)}px", main=True)
    return sheet.page(
        600,
        rng.randint(420, 680),
        head + piece + (reaction if rng.random() < 0.7 else ""),
        f"background:{ground};color:{ink}",
    )
