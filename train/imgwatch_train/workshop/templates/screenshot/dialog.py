"""A dialog, a notice or a widget over a dimmed or blurred screen."""

from imgwatch_train.workshop.sheet import Page, Sheet


def draw(sheet: Sheet) -> Page:
    """Draw one."""
    rng = sheet.rng
    is_dark = rng.random() < 0.5
    box, ink = ("#2b2b2e", "#eee") if is_dark else ("#fff", "#222")
    accent = sheet.colour(40, 60, 70)
    buttons = "".join(
        f"<div style='{rng.choice((f'background:{accent};color:#fff', f'color:{accent}', 'border:1px solid #8886'))};padding:11px 18px;border-radius:{rng.choice((4, 10, 22))}px;margin:6px 0;text-align:center'>{sheet.text(1, 3)}</div>"
        for _ in range(rng.randint(1, 4))
    )
    inside = f"<div style='font-size:22px;font-weight:600'>{sheet.text(1, 5)}</div><div style='font-size:15px;color:#888;margin:10px 0'>{sheet.text(4, 24)}</div>{buttons}"
    ground = rng.choice(
        (f"url({sheet.photo()}) center/cover", sheet.gradient(), "#777", "#111", sheet.pale())
    )
    width, height = rng.choice(((400, 700), (400, 400), (420, 320), (700, 440)))
    place = rng.choice(("top:50%;transform:translateY(-50%)", "bottom:14px", "top:14px"))
    return sheet.page(
        width,
        height,
        f"<div style='position:absolute;inset:-20px;background:{ground};filter:blur({rng.choice((0, 8, 16))}px) brightness({rng.uniform(0.4, 1):.2f})'></div><div style='position:absolute;left:6%;right:6%;{place};background:{box};color:{ink};border-radius:{rng.choice((8, 16, 28))}px;padding:20px;box-shadow:0 6px 30px #0006'>{inside}</div>",
        f"font-family:{sheet.font()}",
    )
