"""A logo, or a sheet of logos or stickers, on a plain ground."""

from imgwatch_train.workshop.sheet import SCRIPT, SERIF, SHOUTING, Page, Sheet


def draw(sheet: Sheet) -> Page:
    """Draw one."""
    rng = sheet.rng

    def logo(size: int) -> str:
        ink = sheet.colour(10, 60)
        sign = rng.choice(
            (
                f"<div style='font-size:{size // 2}px'>{rng.choice(('◆', '▲', '✦', '❖', '☘', '♛', '✈', '☕', '⚓', '◎', '❀'))}</div>",
                f"<div style='width:{size // 2}px;height:{size // 2}px;margin:auto;background:{sheet.gradient()};border-radius:{rng.choice((0, 50, 30))}%;transform:rotate({rng.choice((0, 45))}deg)'></div>",
            )
        )
        frame = rng.choice(("none", f"{max(2, size // 40)}px solid {ink}"))
        return f"<div style=\"text-align:center;color:{ink};border:{frame};border-radius:{rng.choice((0, 50, 10))}%;padding:{size // 9}px;margin:{size // 12}px;font:{rng.choice((400, 700, 900))} {size // 6}px {sheet.font(*SHOUTING, *SERIF, *SCRIPT)}\">{sign}{sheet.text(1, 2, upper=rng.random() < 0.6)}<div style='font-size:{max(7, size // 18)}px'>{sheet.text(1, 4)}</div></div>"

    if rng.random() < 0.4:
        inside = f"<div style='position:absolute;inset:0;display:flex;align-items:center;justify-content:center'>{logo(rng.randint(220, 420))}</div>"
    else:
        columns = rng.randint(3, 5)
        inside = f"<div style='display:grid;grid-template-columns:repeat({columns},1fr);padding:14px;align-items:center'>{''.join(logo(560 // columns) for _ in range(columns * 4))}</div>"
    return sheet.page(
        *rng.choice(((600, 600), (760, 520))),
        inside,
        f"background:{rng.choice(('#fff', '#fff', sheet.pale(), '#1a1a1a', sheet.colour(80, 97)))}",
    )
