"""Drawn flowers, hearts, stars and wreaths, with few words or none."""

from imgwatch_train.workshop.sheet import SCRIPT, Page, Sheet


def draw(sheet: Sheet) -> Page:
    """Draw one."""
    rng = sheet.rng
    side = 600

    def blossom() -> str:
        x, y, radius, petals = (
            rng.randint(0, side),
            rng.randint(0, side),
            rng.randint(14, 90),
            rng.randint(4, 9),
        )
        leaf, heart = sheet.colour(40, 85, 50), sheet.colour(40, 80, 60)
        around = "".join(
            f"<ellipse cx='{x}' cy='{y - radius}' rx='{radius // 2}' ry='{radius}' fill='{leaf}' transform='rotate({360 * petal // petals} {x} {y})'/>"
            for petal in range(petals)
        )
        return f"{around}<circle cx='{x}' cy='{y}' r='{radius // 2}' fill='{heart}'/>"

    def heart() -> str:
        size = rng.uniform(0.4, 3.5)
        return f"<path transform='translate({rng.randint(0, side)} {rng.randint(0, side)}) scale({size:.2f}) rotate({rng.randint(-30, 30)})' d='M0 20 C-35 -10 -15 -35 0 -15 C15 -35 35 -10 0 20Z' fill='{rng.choice(('#e0245e', '#ff6b9d', '#c2185b', sheet.colour(40, 70)))}' opacity='{rng.uniform(0.5, 1):.2f}'/>"

    def ray() -> str:
        return f"<path d='M300 300 L{rng.randint(-100, 700)} {rng.choice((-50, 650))} L{rng.randint(-100, 700)} {rng.choice((-50, 650))}Z' fill='{sheet.colour(60, 95)}' opacity='.35'/>"

    makers = rng.sample((blossom, heart, ray), rng.choice((1, 1, 2)))
    drawn = "".join(rng.choice(makers)() for _ in range(rng.randint(8, 50)))
    disc = (
        f"<circle cx='300' cy='300' r='{rng.randint(130, 230)}' fill='{rng.choice(('#fff', sheet.pale(), sheet.colour(80, 97)))}' opacity='.92'/>"
        if rng.random() < 0.5
        else ""
    )
    words = (
        f'<div style="position:absolute;left:22%;right:22%;top:{rng.randint(32, 46)}%;text-align:center;font:{rng.randint(36, 66)}px {sheet.font(*SCRIPT)};color:{sheet.colour(15, 40)}">{sheet.text(1, 4)}</div>'
        if rng.random() < 0.65
        else ""
    )
    return sheet.page(
        side,
        side,
        f"<svg width={side} height={side} style='position:absolute;background:{sheet.pale()}'><rect width='100%' height='100%' fill='{rng.choice((sheet.colour(75, 97), sheet.colour(15, 50), '#fff'))}'/>{drawn}{disc}</svg>{words}",
    )
