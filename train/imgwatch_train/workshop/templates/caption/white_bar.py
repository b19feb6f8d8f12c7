"""Words on a bar above or below a photograph."""

from imgwatch_train.workshop.sheet import Page, Sheet


def draw(sheet: Sheet) -> Page:
    """Draw one."""
    rng = sheet.rng
    ground, ink = rng.choice(
        (("#fff", "#111"), ("#fff", "#111"), ("#000", "#fff"), (sheet.colour(75, 95), "#111"))
    )
    words = f'<div style="background:{ground};color:{ink};padding:14px 16px;font:{rng.choice((400, 700))} {rng.randint(22, 40)}px {sheet.font()};text-align:{rng.choice(("start", "center"))}">{sheet.text(3, 22)}</div>'
    picture = sheet.picture(f"height:{rng.randint(280, 520)}px", main=True)
    parts = [words, picture] if rng.random() < 0.8 else [picture, words]
    return sheet.page(600, rng.randint(420, 640), "".join(parts), f"background:{ground}")
