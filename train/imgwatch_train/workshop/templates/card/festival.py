"""Lamps, balloons, snow or fireworks at night, with wishes."""

from imgwatch_train.workshop.sheet import SCRIPT, Page, Sheet


def draw(sheet: Sheet) -> Page:
    """Draw one."""
    rng = sheet.rng
    night = rng.choice(("#120b2e", "#1b0010", "#03203c", "#2b0a3d", sheet.colour(5, 25, 50)))
    bursts = "".join(
        f"<div style='position:absolute;left:{rng.randint(0, 90)}%;top:{rng.randint(0, 60)}%;width:{size}px;height:{size}px;border-radius:50%;background:repeating-conic-gradient({sheet.colour(55, 85, 70)} 0 2deg,transparent 0 {rng.randint(8, 16)}deg);-webkit-mask:radial-gradient(#000,transparent 65%)'></div>"
        for size in (rng.randint(90, 260) for _ in range(rng.choice((0, 2, 5))))
    )
    lamps = "".join(
        f"<div style='position:absolute;left:{rng.randint(0, 92)}%;bottom:{rng.randint(0, 20)}%;font-size:{rng.randint(50, 130)}px;text-shadow:0 0 30px #fc6'>{rng.choice('🪔🕯🏮🎈🎁🎄🎂🌙⭐🎅')}</div>"
        for _ in range(rng.randint(2, 10))
    )
    stars = "".join(
        f"<div style='position:absolute;left:{rng.randint(0, 99)}%;top:{rng.randint(0, 99)}%;width:{(w := rng.randint(2, 7))}px;height:{w}px;border-radius:50%;background:#fff{rng.choice(('', '9', '6'))}'></div>"
        for _ in range(rng.choice((20, 90, 160)))
    )
    words = (
        f'<div style="position:absolute;left:6%;right:6%;top:{rng.randint(8, 45)}%;text-align:center;font:{rng.randint(44, 86)}px {sheet.font(*SCRIPT)};color:{rng.choice(("gold", "#fff", "#ffd9e8"))};text-shadow:0 0 14px #000">{sheet.text(2, 6)}</div>'
        if rng.random() < 0.85
        else ""
    )
    return sheet.page(
        600,
        rng.choice((600, 760)),
        bursts + stars + lamps + words,
        f"background:linear-gradient({night},{sheet.colour(8, 35, 50)})",
    )
