"""A part of a page, taken from near: a few large lines that run out of the picture."""

from imgwatch_train.workshop.sheet import MONO, SANS, SERIF, Page, Sheet


def draw(sheet: Sheet) -> Page:
    """Draw one."""
    rng = sheet.rng
    text = "".join(
        f"<div style='white-space:nowrap;margin-inline-start:-{rng.randint(0, 60)}px'>{sheet.text(10, 16)}</div>"
        for _ in range(24)
    )
    inside = f'<div style="padding:20px;font:{rng.choice((400, 700))} {rng.randint(20, 44)}px {sheet.font(*SERIF, *SANS, *MONO)};line-height:1.4">{text}</div>'
    turn = f"perspective(900px) rotateX({rng.randint(-30, 35)}deg) rotateY({rng.randint(-30, 30)}deg) rotate({rng.randint(-20, 20)}deg) scale(1.5)"
    shade = f"linear-gradient({rng.randint(0, 359)}deg,#000{rng.choice('2468')},transparent)"
    return sheet.page(
        *rng.choice(((600, 800), (800, 600))),
        f"<div style=\"position:absolute;inset:-80px;background:{rng.choice(('#fff', '#f3efe4', '#ddd', '#cfd4d8'))};color:#222;transform:{turn};filter:brightness({rng.uniform(0.7, 1.05):.2f}) blur({rng.choice((0, 0, 1))}px)\">{inside}</div><div style='position:absolute;inset:0;background:{shade}'></div>",
    )
