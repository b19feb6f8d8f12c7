"""A photograph taken in the evening: dark and warm, and fine."""

from imgwatch_train.workshop.sheet import Page, Sheet


def draw(sheet: Sheet) -> Page:
    """Draw one."""
    rng = sheet.rng
    light = "".join(
        f"<div style='position:absolute;left:{rng.randint(0, 95)}%;top:{rng.randint(0, 70)}%;width:{(size := rng.randint(8, 70))}px;height:{size}px;border-radius:50%;background:radial-gradient(#ffe9b8{rng.choice('ce')},transparent 70%);filter:blur(2px)'></div>"
        for _ in range(rng.choice((0, 3, 12)))
    )
    return sheet.page(
        *rng.choice(((640, 480), (480, 640))),
        sheet.picture(
            f"position:absolute;inset:0;filter:brightness({rng.uniform(0.3, 0.6):.2f}) sepia({rng.uniform(0, 0.4):.2f}) contrast({rng.uniform(0.9, 1.3):.2f})",
            main=True,
        )
        + light,
    )
