"""A photograph of bright colours, warm or filtered, as of flowers, toys and sunsets."""

from imgwatch_train.workshop.sheet import Page, Sheet


def draw(sheet: Sheet) -> Page:
    """Draw one."""
    rng = sheet.rng
    warm = (
        f"<div style='position:absolute;inset:0;background:linear-gradient({rng.choice(('#ff7e00', '#ff2d78', '#5b2bd9', '#ffd23f'))}{rng.choice('357')}0,transparent)'></div>"
        if rng.random() < 0.5
        else ""
    )
    return sheet.page(
        *rng.choice(((640, 480), (480, 640), (600, 600))),
        sheet.picture(
            f"position:absolute;inset:0;filter:saturate({rng.uniform(1.2, 2.2):.2f}) contrast({rng.uniform(0.9, 1.2):.2f})",
            main=True,
        )
        + warm,
    )
