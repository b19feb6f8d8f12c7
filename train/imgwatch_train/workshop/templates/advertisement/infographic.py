"""Facts with signs, numbers and arrows."""

from imgwatch_train.workshop.sheet import SANS, SHOUTING, Page, Sheet


def draw(sheet: Sheet) -> Page:
    """Draw one."""
    rng = sheet.rng
    accent = sheet.colour(35, 55, 60)
    facts = "".join(
        f"<div style='display:flex;gap:14px;align-items:center;padding:9px 20px'><div style='min-width:62px;height:62px;border-radius:{rng.choice((50, 12))}%;background:{rng.choice((accent, sheet.colour(40, 70)))};color:#fff;font-size:32px;display:flex;align-items:center;justify-content:center'>{rng.choice(('☎', '✔', '⚙', '☀', '♻', '⏰', str(rng.randint(1, 99)), '%'))}</div>"
        f"<div><b style='font-size:21px;color:{accent}'>{sheet.text(1, 3)}</b><div style='font-size:15px'>{sheet.text(4, 14)}</div></div></div>"
        for _ in range(rng.randint(4, 7))
    )
    head = f'<div style="padding:18px 20px;font:900 {rng.randint(34, 58)}px {sheet.font(*SHOUTING, *SANS)};background:{accent};color:#fff">{sheet.text(2, 6)}</div>'
    chart = (
        "<div style='display:flex;align-items:flex-end;height:120px;gap:10px;padding:14px 24px'>"
        + "".join(
            f"<div style='flex:1;height:{rng.randint(15, 100)}%;background:{sheet.colour(40, 70)}'></div>"
            for _ in range(6)
        )
        + "</div>"
        if rng.random() < 0.4
        else ""
    )
    return sheet.page(
        600,
        rng.choice((680, 780)),
        head + facts + chart,
        f"background:{sheet.pale()};font-family:{sheet.font()}",
    )
