"""A banner: heading, lines, button, a picture cut to a shape, a badge."""

from imgwatch_train.workshop.sheet import SANS, SHOUTING, Page, Sheet


def draw(sheet: Sheet) -> Page:
    """Draw one."""
    rng = sheet.rng
    width, height = rng.choice(((800, 420), (600, 600), (520, 780), (900, 500), (900, 300)))
    ground = rng.choice(
        (
            sheet.colour(),
            sheet.gradient(),
            "#fff",
            f"linear-gradient(#0005,#0005),url({sheet.photo()}) center/cover",
        )
    )
    ink = rng.choice(("#fff", "#fff", "#111", sheet.colour(10, 30)))
    shape = rng.choice(
        (
            "none",
            "circle(48%)",
            "polygon(22% 0,100% 0,100% 100%,0 100%)",
            "polygon(0 0,100% 0,82% 100%,0 100%)",
        )
    )
    picture = (
        sheet.picture(
            f"position:absolute;right:{rng.choice((0, 4))}%;bottom:{rng.choice((0, 8))}%;width:{rng.randint(35, 60)}%;height:{rng.randint(50, 100)}%;clip-path:{shape}",
            main=True,
        )
        if rng.random() < 0.8
        else ""
    )
    button = (
        f"<div style='margin-top:18px;display:inline-block;background:{sheet.colour(40, 60, 70)};color:#fff;padding:10px 26px;border-radius:{rng.choice((0, 8, 40))}px;font-size:21px'>{sheet.text(1, 3, upper=True)}</div>"
        if rng.random() < 0.7
        else ""
    )
    words = f"<div style=\"position:absolute;left:6%;top:{rng.randint(6, 34)}%;width:{rng.randint(42, 78)}%;color:{ink};font-family:{sheet.font(*SHOUTING, *SANS)}\"><div style='font-size:{rng.randint(34, 86)}px;font-weight:900;line-height:1.04'>{sheet.text(1, 5, upper=rng.random() < 0.6)}</div><div style='font-size:{rng.randint(15, 26)}px'>{sheet.text(3, 18)}</div>{button}</div>"
    badge = (
        f'<div style="position:absolute;right:{rng.randint(2, 60)}%;top:{rng.randint(2, 60)}%;width:{(d := rng.randint(90, 160))}px;height:{d}px;border-radius:{rng.choice((50, 50, 10))}%;background:{sheet.colour(45, 60, 80)};color:#fff;font:bold {d // 4}px {sheet.font(*SHOUTING)};display:flex;align-items:center;justify-content:center;transform:rotate({rng.randint(-20, 20)}deg)">{rng.choice((f"-{rng.randint(1, 9)}0%", "SALE", "NEW", "FREE", "1+1", sheet.money()))}</div>'
        if rng.random() < 0.6
        else ""
    )
    return sheet.page(width, height, picture + words + badge, f"background:{ground}")
