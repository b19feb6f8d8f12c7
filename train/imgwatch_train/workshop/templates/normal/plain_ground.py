"""A thing cut out before a plain or graded wall: bright, without words, and fine."""

from imgwatch_train.workshop.sheet import Page, Sheet


def draw(sheet: Sheet) -> Page:
    """Draw one."""
    rng = sheet.rng
    ground = rng.choice(
        (
            "#fff",
            "#fff",
            "#f4f4f4",
            f"radial-gradient(#fff,{sheet.colour(60, 90, 5)})",
            sheet.colour(50, 92, 5),
        )
    )
    shape = rng.choice(
        (
            "ellipse(46% 48%)",
            "circle(47%)",
            "polygon(12% 0,88% 6%,100% 60%,70% 100%,25% 96%,0 45%)",
            "inset(6% 12% round 30px)",
        )
    )
    thing = sheet.picture(
        f"position:absolute;left:{rng.randint(10, 30)}%;top:{rng.randint(8, 26)}%;width:{rng.randint(45, 70)}%;height:{rng.randint(50, 75)}%;clip-path:{shape}",
        main=True,
    )
    return sheet.page(*rng.choice(((600, 600), (480, 640))), thing, f"background:{ground}")
