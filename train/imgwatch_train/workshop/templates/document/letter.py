"""A letter or an official page: head, address, paragraphs, perhaps a stamp and a name."""

from imgwatch_train.workshop.paper import paper
from imgwatch_train.workshop.sheet import HANDWRITING, SANS, SERIF, Page, Sheet


def draw(sheet: Sheet) -> Page:
    """Draw one."""
    rng = sheet.rng
    font = sheet.font(*SERIF, *SANS)
    text = "".join(f"<p style='margin:11px 0'>{sheet.text(18, 70)}</p>" for _ in range(rng.randint(3, 8)))
    stamp = (
        f"<div style='position:absolute;right:60px;bottom:90px;width:110px;height:110px;border:4px solid {rng.choice(('#2a4da8', '#b02a37'))};border-radius:{rng.choice((50, 8))}%;opacity:.6;transform:rotate(-18deg);display:flex;align-items:center;justify-content:center;color:#2a4da8;font-size:15px;text-align:center'>{sheet.text(2, 4, upper=True)}</div>"
        if rng.random() < 0.35
        else ""
    )
    name = f'<div style="font:34px {sheet.font(*HANDWRITING)};color:#1b2a6b">{sheet.text(1, 2)}</div>'
    head = f"<b style='font-size:24px;color:{rng.choice(('#111', sheet.colour(15, 45)))}'>{sheet.text(1, 4)}</b>{sheet.lines(rng.randint(1, 4), 'font-size:13px;color:#555', 2, 4)}"
    return paper(
        sheet,
        f'<div style="padding:48px;font:{rng.randint(13, 18)}px {font};line-height:1.4">{head}<h3>{sheet.text(2, 7)}</h3>{text}{name}{stamp}</div>',
        640,
        880,
    )
