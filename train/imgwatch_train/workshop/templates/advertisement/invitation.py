"""An invitation or a menu card of a shop: ornaments, gold, a script, photographed or flat."""

from imgwatch_train.workshop.sheet import FESTIVE, SCRIPT, SERIF, Page, Sheet


def draw(sheet: Sheet) -> Page:
    """Draw one."""
    rng = sheet.rng
    ink = rng.choice(("#8a6d1f", "#5a2a3c", "#1f3b2d", "#222"))
    border = f"<div style='position:absolute;inset:16px;border:{rng.randint(1, 5)}px {rng.choice(('solid', 'double'))} {ink};border-radius:{rng.choice((0, 20, 200))}px'></div>"
    flowers = sheet.scatter(rng.choice((0, 6, 16)), 30, 80, [rng.choice(FESTIVE) for _ in range(2)])
    card = f'<div style="position:relative;width:360px;height:500px;background:{rng.choice(("#fffaf0", "#fff", "#f7e9ec", "#0f2b22", "#7a1022"))};box-shadow:6px 10px 26px #0007;overflow:hidden;text-align:center;color:{ink}">{flowers}{border}<div style="padding-top:120px;font:{rng.randint(34, 52)}px {sheet.font(*SCRIPT)}">{sheet.text(2, 4)}</div><div style="font:{rng.randint(12, 17)}px {sheet.font(*SERIF)};padding:14px 50px">{sheet.lines(rng.randint(2, 5), "", 2, 6)}</div></div>'
    turn = (
        "none"
        if rng.random() < 0.4
        else f"perspective(1200px) rotateX({rng.randint(0, 40)}deg) rotateY({rng.randint(-25, 25)}deg) rotate({rng.randint(-25, 25)}deg)"
    )
    ground = rng.choice(
        (sheet.colour(60, 95, 5), sheet.gradient(), f"url({sheet.photo()}) center/cover", "#fff")
    )
    return sheet.page(
        600,
        680,
        f"<div style='position:absolute;left:120px;top:90px;transform:{turn}'>{card}</div>",
        f"background:{ground}",
    )
