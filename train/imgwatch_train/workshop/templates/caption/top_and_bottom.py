"""A photograph with shouting words above and below."""

from imgwatch_train.workshop.sheet import SHOUTING, Page, Sheet


def draw(sheet: Sheet) -> Page:
    """Draw one."""
    rng = sheet.rng
    width, height = rng.choice(((600, 600), (600, 450), (500, 640), (700, 500)))
    size = rng.randint(26, 66)
    style = (
        f"position:absolute;left:10px;right:10px;text-align:center;line-height:1.05;text-transform:uppercase;font:900 {size}px {sheet.font(*SHOUTING)};"
        f"color:{rng.choice(('#fff', '#fff', '#fff', '#ffe600'))};-webkit-text-stroke:{rng.choice((1, 2))}px #000;text-shadow:2px 2px 3px #000,-1px -1px 2px #000"
    )
    lines = f'<div style="{style};top:8px">{sheet.text(2, 9)}</div>' if rng.random() < 0.8 else ""
    lines += (
        f'<div style="{style};bottom:10px">{sheet.text(2, 9)}</div>'
        if rng.random() < 0.9 or not lines
        else ""
    )
    return sheet.page(width, height, sheet.picture("position:absolute;inset:0", main=True) + lines)
