"""Good wishes in a script font over flowers, lamps, gradients, light."""

from imgwatch_train.workshop.sheet import FESTIVE, SCRIPT, SERIF, Page, Sheet


def draw(sheet: Sheet) -> Page:
    """Draw one."""
    rng = sheet.rng
    width, height = rng.choice(((600, 600), (600, 800), (800, 520), (500, 720)))
    ground = rng.choice(
        (
            sheet.gradient(),
            sheet.gradient(),
            sheet.colour(20, 90),
            f"url({sheet.photo(main=True)}) center/cover",
        )
    )
    blur = rng.choice((0, 0, 3, 12))
    glow = "".join(
        f"<div style='position:absolute;left:{rng.randint(-5, 100)}%;top:{rng.randint(-5, 100)}%;width:{size}px;height:{size}px;border-radius:50%;background:radial-gradient({sheet.colour(75, 98)},transparent 70%);opacity:.8'></div>"
        for size in (rng.randint(6, 90) for _ in range(rng.choice((0, 0, 20, 60))))
    )
    signs = [rng.choice(FESTIVE) for _ in range(rng.randint(1, 3))]
    strewn = sheet.scatter(rng.choice((0, 6, 20, 45)), 24, 90, signs)
    large = "".join(
        f"<div style='position:absolute;left:{rng.randint(0, 60)}%;top:{rng.randint(0, 60)}%;font-size:{rng.randint(90, 300)}px'>{rng.choice(signs)}</div>"
        for _ in range(rng.choice((0, 1, 1, 3)))
    )
    ink = rng.choice(("#fff", "gold", "#7a0026", sheet.colour(15, 40), sheet.colour(80, 95)))
    words = f'<div style="position:absolute;left:7%;right:7%;top:{rng.randint(6, 62)}%;text-align:center;line-height:1.15;font:{rng.choice((400, 700))} {rng.randint(34, 84)}px {sheet.font(*SCRIPT)};color:{ink};text-shadow:0 2px 8px #0007">{sheet.text(1, 8)}</div>'
    small = (
        f'<div style="position:absolute;left:12%;right:12%;bottom:{rng.randint(3, 16)}%;text-align:center;font:{rng.randint(15, 24)}px {sheet.font(*SERIF)};color:{ink}">{sheet.text(4, 22)}</div>'
        if rng.random() < 0.5
        else ""
    )
    frame = (
        f"border:{rng.choice((0, 0, 10, 22))}px {rng.choice(('double', 'solid', 'ridge'))} {sheet.colour()}"
    )
    return sheet.page(
        width,
        height,
        f'<div style="position:absolute;inset:-20px;background:{ground};filter:blur({blur}px) saturate({rng.choice((1, 1.5, 2))})"></div>{glow}{strewn}{large}{words if rng.random() < 0.85 else ""}{small}',
        frame,
    )
