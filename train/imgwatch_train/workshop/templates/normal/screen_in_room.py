"""A television, a laptop or a phone that stands somewhere in a photograph."""

from imgwatch_train.workshop.sheet import Page, Sheet


def draw(sheet: Sheet) -> Page:
    """Draw one."""
    rng = sheet.rng
    width, height = rng.choice(((640, 480), (480, 640)))
    inside = rng.choice(
        (
            sheet.picture("position:absolute;inset:0"),
            f"<div style='padding:8px;font-size:9px;background:#fff;position:absolute;inset:0'>{sheet.lines(9, '', 3, 9)}</div>",
        )
    )
    device = f"<div style='position:absolute;left:{rng.randint(15, 60)}%;top:{rng.randint(20, 60)}%;width:{rng.randint(110, 210)}px;height:{rng.randint(80, 140)}px;border:{rng.randint(5, 10)}px solid #151515;border-radius:6px;overflow:hidden;background:#000;transform:perspective(600px) rotateY({rng.randint(-45, 45)}deg) rotateX({rng.randint(-10, 25)}deg);box-shadow:3px 9px 18px #000a'>{inside}</div>"
    return sheet.page(width, height, sheet.picture("position:absolute;inset:0", main=True) + device)
