"""A receipt: shop, lines with amounts, total, bars."""

from imgwatch_train.workshop.paper import paper
from imgwatch_train.workshop.sheet import MONO, Page, Sheet


def draw(sheet: Sheet) -> Page:
    """Draw one."""
    rng = sheet.rng
    width = rng.choice((240, 280, 320))
    rows = "".join(
        f"<div style='display:flex;justify-content:space-between;white-space:nowrap'><span style='overflow:hidden'>{rng.choice(('', f'{rng.randint(1, 9)} x '))}{sheet.text(1, 4, upper=rng.random() < 0.5)}</span><span>&nbsp;{rng.randint(0, 99)}.{rng.randint(0, 99):02d}</span></div>"
        for _ in range(rng.randint(6, 30))
    )
    bars = "".join(
        f"<span style='display:inline-block;height:44px;width:{rng.randint(1, 4)}px;background:#111;margin-left:{rng.randint(1, 4)}px'></span>"
        for _ in range(44)
    )
    inside = (
        f"<div style=\"padding:14px;font:{rng.randint(11, 14)}px {sheet.font(*MONO)}\"><center><b style='font-size:1.7em'>{sheet.text(1, 2, upper=True)}</b>{sheet.lines(rng.randint(1, 4), '', 2, 4)}</center>"
        f"<div style='border-top:1px dashed;margin:8px 0'></div>{rows}<div style='border-top:1px dashed;margin:8px 0'></div><b style='display:flex;justify-content:space-between;font-size:1.5em'><span>{sheet.text(1, upper=True)}</span>{sheet.money()}</b>"
        f"{sheet.lines(rng.randint(1, 5), 'text-align:center', 2, 5)}<center>{bars if rng.random() < 0.6 else ''}</center></div>"
    )
    return paper(sheet, inside, width, rng.randint(420, 760))
