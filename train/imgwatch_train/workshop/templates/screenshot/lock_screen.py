"""A lock or home screen: the hour over a photograph, notices or app icons."""

from imgwatch_train.workshop.phone import phone
from imgwatch_train.workshop.sheet import Page, Sheet


def draw(sheet: Sheet) -> Page:
    """Draw one."""
    rng = sheet.rng
    icons = "".join(
        f"<div style='text-align:center;font-size:11px;color:#fff;text-shadow:0 1px 2px #000'><div style='width:58px;height:58px;margin:auto;"
        f"border-radius:{rng.choice((14, 29))}px;background:{rng.choice((sheet.gradient(), sheet.colour(), '#fff'))};font-size:34px'>{rng.choice('✉☎♫☀✈⚙📷🗺🎮🛒💬🎵📅')}</div>{sheet.text(1)}</div>"
        for _ in range(rng.choice((8, 16, 20)))
    )
    notices = "".join(
        f"<div style='background:#fff9;border-radius:16px;margin:8px 14px;padding:10px;font-size:14px'><b>{sheet.text(1, 2)}</b><br>{sheet.text(3, 10)}</div>"
        for _ in range(rng.randint(0, 4))
    )
    hour = f"<div style='text-align:center;color:#fff;padding-top:70px;text-shadow:0 1px 4px #0008'><div style='font-size:{rng.randint(60, 92)}px;font-weight:{rng.choice((200, 400, 700))}'>{rng.randint(0, 23):02d}:{rng.randint(0, 59):02d}</div><div style='font-size:18px'>{sheet.text(2, 3)}</div></div>"
    below = (
        notices
        if rng.random() < 0.5
        else f"<div style='display:grid;grid-template-columns:repeat(4,1fr);gap:20px 6px;padding:26px 14px'>{icons}</div>"
    )
    ground = rng.choice(
        (f"url({sheet.photo()}) center/cover", f"url({sheet.photo()}) center/cover", sheet.gradient())
    )
    return phone(
        sheet,
        f"<div style='position:absolute;inset:0;background:{ground}'>{hour}{below}</div>",
        None,
        is_dark=True,
    )
