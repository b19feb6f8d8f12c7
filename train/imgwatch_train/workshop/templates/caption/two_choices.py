"""Pictures on one side, words on the other."""

from imgwatch_train.workshop.sheet import Page, Sheet


def draw(sheet: Sheet) -> Page:
    """Draw one."""
    rng = sheet.rng
    rows = "".join(
        f"<div style='display:flex;height:{rng.randint(210, 280)}px;border:1px solid #000'>{sheet.picture('flex:1')}<div style=\"flex:1;background:#fff;color:#000;font:{rng.randint(24, 38)}px {sheet.font()};padding:14px\">{sheet.text(2, 10)}</div></div>"
        for _ in range(rng.choice((2, 2, 3)))
    )
    return sheet.page(600, rng.choice((500, 560, 640)), rows)
