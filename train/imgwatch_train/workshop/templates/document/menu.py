"""A menu or a price list."""

from imgwatch_train.workshop.paper import paper
from imgwatch_train.workshop.sheet import SANS, SCRIPT, SERIF, Page, Sheet


def draw(sheet: Sheet) -> Page:
    """Draw one."""
    rng = sheet.rng
    ground, ink = rng.choice(
        (("#fff", "#222"), ("#fdf6e3", "#4a2c11"), ("#1c1c1c", "#eee"), ("#24382c", "#f5f5f5"))
    )
    font = sheet.font(*SERIF, *SCRIPT, "Lato")

    def part() -> str:
        rows = "".join(
            f"<div style='display:flex;justify-content:space-between;padding:4px 0'><span>{sheet.text(1, 5)}</span><b>&nbsp;{sheet.money()}</b></div>"
            for _ in range(rng.randint(3, 8))
        )
        return f"<div style='break-inside:avoid'><div style=\"font:700 26px {font};margin:12px 0 4px\">{sheet.text(1, 2)}</div>{rows}</div>"

    return paper(
        sheet,
        f'<div style="padding:34px;columns:{rng.choice((1, 2))};color:{ink};font:{rng.randint(14, 19)}px {sheet.font(*SERIF, *SANS)}"><div style="column-span:all;text-align:center;font:48px {font}">{sheet.text(1, 2)}</div>{"".join(part() for _ in range(rng.randint(2, 4)))}</div>',
        620,
        820,
        ground,
    )
