"""A page of a book or a newspaper, in one column or several."""

from imgwatch_train.workshop.paper import paper
from imgwatch_train.workshop.sheet import SERIF, Page, Sheet


def draw(sheet: Sheet) -> Page:
    """Draw one."""
    rng = sheet.rng
    columns = rng.choice((1, 1, 2, 3))
    picture = (
        sheet.picture(f"height:150px;margin:8px 0;filter:grayscale({rng.choice((0, 1))})")
        if rng.random() < 0.3
        else ""
    )
    text = "".join(
        f"<p style='margin:0;text-indent:1.5em'>{sheet.text(25, 110)}</p>" for _ in range(rng.randint(8, 14))
    )
    head = (
        f'<div style="font:700 {rng.randint(22, 44)}px {sheet.font(*SERIF)};text-align:center;column-span:all">{sheet.text(1, 6)}</div>'
        if rng.random() < 0.6
        else ""
    )
    return paper(
        sheet,
        f'<div style="padding:44px;text-align:justify;columns:{columns};font:{rng.randint(13, 17)}px {sheet.font(*SERIF)};line-height:1.3">{head}{picture}{text}</div>',
        620,
        860,
    )
