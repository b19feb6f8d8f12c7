"""A saying on a plain ground, a gradient or a dimmed photograph, with a name below."""

from imgwatch_train.workshop.sheet import SCRIPT, SERIF, Page, Sheet


def draw(sheet: Sheet) -> Page:
    """Draw one."""
    rng = sheet.rng
    is_photo = rng.random() < 0.4
    dimmed = f"linear-gradient(#0007,#0007),url({sheet.photo(main=True)}) center/cover"
    dark, bright = ("#fff", "gold", sheet.colour(85, 97)), ("#222", "#111", sheet.colour(10, 30))
    plain = (
        (sheet.colour(8, 35), dark),
        ("#111", dark),
        (sheet.colour(78, 96), bright),
        (sheet.pale(), bright),
        (sheet.gradient(), dark),
    )
    ground, inks = (dimmed, dark) if is_photo else rng.choice(plain)
    ink = rng.choice(inks)
    mark = (
        f"<div style='font-size:90px;line-height:.6;opacity:.6'>{rng.choice(('“', '❝', '❤', '✻', '—'))}</div>"
        if rng.random() < 0.6
        else ""
    )
    words = f'<div style="font:{rng.choice((400, 400, 700))} {rng.randint(26, 50)}px {sheet.font(*SERIF, *SCRIPT, "Lato", "Open Sans")};line-height:1.35">{sheet.text(5, 24)}</div>'
    name = (
        f'<div style="margin-top:22px;font:{rng.randint(15, 22)}px {sheet.font()};opacity:.8">— {sheet.text(2)}</div>'
        if rng.random() < 0.7
        else ""
    )
    inside = f"<div style='position:absolute;inset:0;display:flex;flex-direction:column;justify-content:center;padding:50px;text-align:{rng.choice(('center', 'center', 'start'))};color:{ink}'>{mark}{words}{name}</div>"
    return sheet.page(
        *rng.choice(((600, 600), (600, 750), (800, 450))),
        inside,
        f"background:{ground};border:{rng.choice((0, 0, 12))}px solid {sheet.colour()}",
    )
