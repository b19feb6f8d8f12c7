"""A form, an invoice or a table with rules and boxes."""

from imgwatch_train.workshop.paper import paper
from imgwatch_train.workshop.sheet import Page, Sheet


def draw(sheet: Sheet) -> Page:
    """Draw one."""
    rng = sheet.rng
    columns = rng.randint(3, 6)
    rows = "".join(
        "<tr>"
        + "".join(
            f"<td style='border:1px solid #999;padding:{rng.choice((4, 8))}px'>{rng.choice((sheet.text(1, 3), sheet.text(1), sheet.money(), str(rng.randint(1, 9999)), ''))}</td>"
            for _ in range(columns)
        )
        + "</tr>"
        for _ in range(rng.randint(8, 22))
    )
    boxes = "".join(
        f"<div style='margin:7px 0'>{sheet.text(1, 3)}: <span style='border-bottom:1px solid #777;padding:0 {rng.randint(20, 90)}px'>{sheet.text(1) if rng.random() < 0.5 else ''}</span> {'☐ ☒' if rng.random() < 0.3 else ''}</div>"
        for _ in range(rng.randint(2, 7))
    )
    head = f"<div style='background:{rng.choice(('none', sheet.colour(25, 90)))};padding:10px;font-size:24px;font-weight:700'>{sheet.text(2, 4)}</div>"
    return paper(
        sheet,
        f"<div style=\"padding:30px;font:{rng.randint(12, 15)}px {sheet.font()}\">{head}{boxes}<table style='border-collapse:collapse;width:100%'>{rows}</table></div>",
        640,
        820,
    )
