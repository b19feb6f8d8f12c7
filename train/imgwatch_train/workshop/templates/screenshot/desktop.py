"""A desktop with windows over a wallpaper: documents, tables, code."""

from imgwatch_train.workshop.sheet import MONO, Page, Sheet


def draw(sheet: Sheet) -> Page:
    """Draw one."""
    rng = sheet.rng
    width, height = rng.choice(((960, 600), (960, 540), (900, 640)))
    windows = "".join(_window(sheet, number) for number in range(rng.randint(1, 3)))
    icons = "".join(
        f"<div style='width:70px;text-align:center;font-size:11px;color:#fff;margin:8px'><div style='font-size:30px'>{rng.choice('🗀🗎⚙♫✉🌍')}</div>{sheet.text(1)}</div>"
        for _ in range(6)
    )
    bar = f"<div style='position:absolute;bottom:0;left:0;right:0;height:30px;background:{rng.choice(('#222d', '#eee', '#1a3a6bdd'))};color:#fff;font-size:17px;padding:3px 10px;box-sizing:border-box'>⊞ 🔍 🗀 🌐 ✉ <span style='float:inline-end;font-size:12px'>{rng.randint(0, 23)}:{rng.randint(0, 59):02d}</span></div>"
    ground = rng.choice((f"url({sheet.photo()}) center/cover", sheet.gradient(), sheet.colour(20, 50)))
    return sheet.page(
        width,
        height,
        f"<div style='position:absolute;inset:0;background:{ground}'>{icons}{windows}{bar}</div>",
        f"font-family:{sheet.font()}",
    )


def _window(sheet: Sheet, number: int) -> str:
    rng = sheet.rng
    is_dark = rng.random() < 0.4
    ground, ink = ("#1e1e1e", "#ddd") if is_dark else ("#fff", "#222")
    kind = rng.choice(("code", "table", "text", "text"))
    inside = _content(sheet, kind, ink)
    size = (
        "inset:0 0 30px 0"
        if number == 0 and rng.random() < 0.6
        else f"left:{rng.randint(2, 40)}%;top:{rng.randint(2, 30)}%;width:{rng.randint(45, 75)}%;height:{rng.randint(45, 75)}%"
    )
    return (
        f"<div style='position:absolute;{size};background:{ground};color:{ink};box-shadow:0 8px 30px #0008;overflow:hidden'>"
        f"<div style='background:{'#333' if is_dark else '#e4e4e4'};padding:5px 10px;font-size:12px'>{sheet.text(1, 3)}<span style='float:inline-end'>— ☐ ✕</span></div>"
        f"<div style='display:flex;gap:14px;padding:4px 10px;font-size:12px;border-bottom:1px solid #8884'>{''.join(f'<span>{sheet.text(1)}</span>' for _ in range(6))}</div>"
        f"<div style='padding:8px 12px'>{inside}</div></div>"
    )


def _content(sheet: Sheet, kind: str, ink: str) -> str:
    rng = sheet.rng
    if kind == "code":
        lines = "".join(
            f"<div style='padding-left:{rng.choice((0, 16, 32, 48))}px;color:{rng.choice((ink, sheet.colour(45, 70, 50)))}'>{sheet.text(1, 7)}</div>"
            for _ in range(30)
        )
        return f"<div style='font:12px {sheet.font(*MONO)}'>{lines}</div>"
    if kind == "table":
        cells = "".join(
            f"<td style='border:1px solid #8885;padding:3px 8px'>{rng.choice((str(rng.randint(0, 9999)), sheet.text(1)))}</td>"
            + ("</tr><tr>" if cell % 7 == 6 else "")
            for cell in range(7 * 20)
        )
        return f"<table style='border-collapse:collapse;font-size:11px;white-space:nowrap'><tr>{cells}</tr></table>"
    return "".join(f"<p style='font-size:13px;margin:7px 0'>{sheet.text(8, 50)}</p>" for _ in range(7))
