"""Cards, books and papers fanned out over a plain ground, as sellers of designs show them."""

from imgwatch_train.workshop.sheet import Page, Sheet


def draw(sheet: Sheet) -> Page:
    """Draw one."""
    rng = sheet.rng
    papers = "".join(
        f'<div style="position:absolute;left:{rng.randint(4, 58)}%;top:{rng.randint(4, 48)}%;width:{rng.randint(150, 320)}px;height:{rng.randint(180, 350)}px;background:{rng.choice(("#fff", sheet.colour(), f"url({sheet.photo()}) center/cover"))};'
        f"box-shadow:14px 18px 30px #0006;transform:rotate({rng.randint(-25, 25)}deg) skew({rng.randint(-8, 8)}deg);padding:16px;box-sizing:border-box;overflow:hidden;font:{rng.randint(12, 22)}px {sheet.font()};color:{sheet.colour(10, 35)}\"><b style='font-size:26px'>{sheet.text(1, 3, upper=True)}</b>{sheet.lines(rng.randint(2, 9), '', 2, 6)}</div>"
        for _ in range(rng.randint(1, 4))
    )
    return sheet.page(
        *rng.choice(((800, 560), (600, 600), (560, 760))),
        papers,
        f"background:linear-gradient({rng.randint(0, 359)}deg,{sheet.colour(20, 90)},{sheet.colour(20, 80)})",
    )
