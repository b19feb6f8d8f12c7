"""A gallery of thumbnails."""

from imgwatch_train.workshop.phone import phone
from imgwatch_train.workshop.sheet import Page, Sheet


def draw(sheet: Sheet) -> Page:
    """Draw one."""
    rng = sheet.rng
    columns, round_by = rng.randint(2, 5), rng.choice((0, 0, 8))
    tiles = "".join(
        f"<div style='aspect-ratio:1;position:relative'>{sheet.picture(f'position:absolute;inset:0;border-radius:{round_by}px')}"
        + (
            f"<span style='position:absolute;bottom:2px;right:4px;color:#fff;font-size:11px'>{rng.randint(0, 9)}:{rng.randint(0, 59):02d}</span>"
            if rng.random() < 0.2
            else ""
        )
        + "</div>"
        for _ in range(columns * 8)
    )
    grid = f"<div style='display:grid;grid-template-columns:repeat({columns},1fr);gap:{rng.randint(1, 9)}px;padding:{rng.randint(0, 10)}px'>{tiles}</div>"
    return phone(sheet, grid, sheet.text(1, 2), rng.random() < 0.4)
