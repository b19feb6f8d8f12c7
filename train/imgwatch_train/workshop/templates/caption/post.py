"""A post cut out of a network: avatar, name, words, perhaps a picture."""

from imgwatch_train.workshop.sheet import Page, Sheet


def draw(sheet: Sheet) -> Page:
    """Draw one."""
    rng = sheet.rng
    ground, ink = rng.choice((("#fff", "#111"), ("#fff", "#111"), ("#000", "#eee"), ("#15202b", "#eee")))
    picture = (
        sheet.picture(f"height:{rng.randint(180, 380)}px;border-radius:14px", main=True)
        if rng.random() < 0.6
        else ""
    )
    inside = (
        f"<div style='padding:18px;font-size:{rng.randint(20, 30)}px'><div style='display:flex;gap:12px;align-items:center'>{sheet.picture('width:60px;height:60px;border-radius:50%')}"
        f"<div style='font-size:20px'><b>{sheet.text(1, 2)}</b><div style='color:#777'>@{sheet.text(1)}</div></div></div><p style='margin:12px 0'>{sheet.text(5, 34)}</p>{picture}"
        f"<div style='color:#777;font-size:17px;margin-top:12px'>{rng.randint(1, 12)}:{rng.randint(0, 59):02d} · {rng.randint(1, 999)}K ♡ {rng.randint(1, 99)}</div></div>"
    )
    return sheet.page(
        600,
        rng.randint(300, 420) + (260 if picture else 0),
        inside,
        f"background:{ground};color:{ink};font-family:{sheet.font()}",
    )
