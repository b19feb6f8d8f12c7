"""A saying in a calm letter across a photograph of a landscape or a thing, darkened or not."""

from imgwatch_train.workshop.sheet import SCRIPT, SERIF, Page, Sheet


def draw(sheet: Sheet) -> Page:
    """Draw one."""
    rng = sheet.rng
    shade = rng.choice((0, 0, 20, 40, 55))
    tone = rng.choice(("", "", "grayscale(1)", "sepia(.6)", "saturate(1.4)"))
    words = f'<div style="font:{rng.choice((300, 400, 400, 700))} {rng.randint(26, 54)}px {sheet.font(*SERIF, *SCRIPT, "Lato", "Open Sans", "Inter")};line-height:1.3;text-shadow:0 1px 5px #000{rng.choice("48c")}">{sheet.text(4, 20)}</div>'
    name = (
        f"<div style='font-size:{rng.randint(13, 20)}px;margin-top:16px;opacity:.85'>{rng.choice(('—', '@', '~'))} {sheet.text(1, 2)}</div>"
        if rng.random() < 0.6
        else ""
    )
    place = rng.choice(("center", "center", "flex-start", "flex-end"))
    inside = f"<div style='position:absolute;inset:0;background:rgba(0,0,0,.{shade:02d})'></div><div style='position:absolute;inset:0;display:flex;flex-direction:column;justify-content:{place};padding:{rng.randint(24, 70)}px;text-align:{rng.choice(('center', 'center', 'start', 'end'))};color:{rng.choice(('#fff', '#fff', '#fff', '#ffe9b0', '#111'))}'>{words}{name}</div>"
    return sheet.page(
        *rng.choice(((640, 480), (640, 360), (600, 600), (600, 750))),
        sheet.picture(f"position:absolute;inset:0;filter:{tone or 'none'}", main=True) + inside,
    )
