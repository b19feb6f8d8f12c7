"""A comic of several panels, each with words."""

from imgwatch_train.workshop.sheet import EMOJI, SHOUTING, Page, Sheet


def draw(sheet: Sheet) -> Page:
    """Draw one."""
    rng = sheet.rng
    columns, rows = rng.choice(((2, 2), (1, 2), (1, 3), (2, 3), (2, 1), (3, 1)))
    is_drawn = rng.random() < 0.3
    plate = f"position:absolute;left:6px;right:6px;text-align:center;font:{rng.choice((400, 700))} {rng.randint(18, 30)}px {sheet.font('Comic Neue', *SHOUTING, 'Open Sans')};"
    shout = "color:#fff;-webkit-text-stroke:1px #000;text-shadow:0 0 4px #000"

    def panel() -> str:
        ground = (
            f"<div style='position:absolute;inset:0;background:{sheet.gradient()}'></div><div style='position:absolute;left:25%;bottom:0;font-size:150px'>{rng.choice(EMOJI)}</div>"
            if is_drawn
            else sheet.picture("position:absolute;inset:0")
        )
        words = rng.choice(
            (
                shout,
                "background:#fff;color:#000;border:2px solid #000;border-radius:40%;padding:8px",
                "background:#fff;color:#000",
            )
        )
        return f"<div style='position:relative;overflow:hidden;border:2px solid #000'>{ground}<div style=\"{plate}{words};{rng.choice(('top', 'bottom'))}:6px\">{sheet.text(1, 8)}</div></div>"

    grid = "".join(panel() for _ in range(columns * rows))
    return sheet.page(
        600,
        min(900, 230 * rows + rng.randint(0, 200)),
        f"<div style='position:absolute;inset:0;display:grid;grid-template-columns:repeat({columns},1fr);grid-auto-rows:1fr;gap:{rng.choice((0, 4, 8))}px'>{grid}</div>",
    )
