"""A chart, a plan or a drawing with labels, on paper or out of a report."""

from imgwatch_train.workshop.paper import paper
from imgwatch_train.workshop.sheet import Page, Sheet


def draw(sheet: Sheet) -> Page:
    """Draw one."""
    rng = sheet.rng
    kind = rng.choice(("lines", "bars", "plan", "pie"))
    if kind == "lines":
        curves = "".join(
            f"<polyline fill='none' stroke='{sheet.colour(25, 55, 50)}' stroke-width=3 points='{' '.join(f'{40 + 50 * step},{rng.randint(40, 360)}' for step in range(11))}'/>"
            for _ in range(rng.randint(1, 5))
        )
        drawn = f"<path d='M40 20V380H560' fill='none' stroke='#333' stroke-width=2 />{curves}"
    elif kind == "bars":
        drawn = "<path d='M40 20V380H560' fill='none' stroke='#333' stroke-width=2 />" + "".join(
            f"<rect x='{50 + 46 * bar}' y='{380 - (tall := rng.randint(20, 340))}' width=32 height={tall} fill='{sheet.colour(35, 65)}'/>"
            for bar in range(11)
        )
    elif kind == "pie":
        drawn = "".join(
            f"<path d='M300 200 L{300 + 160 * cos:.0f} {200 + 160 * sin:.0f} A160 160 0 0 1 {300 + 160 * cos2:.0f} {200 + 160 * sin2:.0f}Z' fill='{sheet.colour(40, 75)}'/>"
            for cos, sin, cos2, sin2 in (
                (1, 0, 0.31, 0.95),
                (0.31, 0.95, -0.81, 0.59),
                (-0.81, 0.59, -0.81, -0.59),
                (-0.81, -0.59, 0.31, -0.95),
                (0.31, -0.95, 1, 0),
            )
        )
    else:
        drawn = "".join(
            f"<rect x={rng.randint(20, 400)} y={rng.randint(20, 280)} width={rng.randint(60, 190)} height={rng.randint(40, 130)} fill='none' stroke='#333' stroke-width={rng.choice((2, 4))} />"
            for _ in range(9)
        )
    labels = "".join(
        f"<text x={rng.randint(30, 500)} y={rng.randint(20, 390)} font-size={rng.randint(11, 17)}>{sheet.text(1, 2)}</text>"
        for _ in range(rng.randint(4, 12))
    )
    return paper(
        sheet,
        f'<div style="padding:20px;font-family:{sheet.font()}"><h3>{sheet.text(2, 7)}</h3><svg width=600 height=400>{drawn}{labels}</svg>{sheet.lines(rng.randint(0, 5), "font-size:14px", 6, 14)}</div>',
        640,
        rng.choice((520, 640)),
    )
