"""A ticket, a label, a business card or an identity card with a code."""

from imgwatch_train.workshop.paper import paper
from imgwatch_train.workshop.sheet import Page, Sheet


def draw(sheet: Sheet) -> Page:
    """Draw one."""
    rng = sheet.rng
    cells = rng.randint(15, 25)
    code = "".join(
        f"<rect x={x} y={y} width=1.05 height=1.05 />"
        for x in range(cells)
        for y in range(cells)
        if rng.random() < 0.5
    )
    eye = "".join(
        f"<path d='M{x} {y}h7v7h-7z' fill='#fff'/><path fill-rule='evenodd' d='M{x} {y}h7v7h-7zM{x + 1} {y + 1}v5h5v-5zM{x + 2} {y + 2}h3v3h-3z'/>"
        for x, y in ((0, 0), (cells - 7, 0), (0, cells - 7))
    )
    square = (
        f"<svg width=130 height=130 viewBox='0 0 {cells} {cells}' style='background:#fff'>{code}{eye}</svg>"
    )
    bars = "".join(
        f"<span style='display:inline-block;height:60px;width:{rng.randint(1, 5)}px;background:#111;margin-left:{rng.randint(1, 4)}px'></span>"
        for _ in range(40)
    )
    portrait = (
        sheet.picture("width:110px;height:140px;float:inline-start;margin-inline-end:16px", main=True)
        if rng.random() < 0.4
        else ""
    )
    rows = "".join(
        f"<div style='font-size:11px;color:#666'>{sheet.text(1, 2)}</div><div style='font-size:{rng.randint(15, 24)}px'>{rng.choice((sheet.text(1, 3), str(rng.randint(1000, 999999))))}</div>"
        for _ in range(rng.randint(2, 5))
    )
    head = f"<div style='background:{sheet.colour(20, 85)};color:#fff;padding:8px 16px;font-size:24px;font-weight:700'>{sheet.text(1, 3)}</div>"
    return paper(
        sheet,
        f'{head}<div style="padding:16px;font-family:{sheet.font()}">{portrait}{rows}{rng.choice((square, bars, ""))}</div>',
        rng.choice((420, 520)),
        rng.choice((260, 330)),
        rng.choice(("#fff", sheet.colour(80, 97), "")),
    )
