"""A photograph of flowers, a sunrise or anything, softened, with a wish across it."""

from imgwatch_train.workshop.sheet import FESTIVE, SCRIPT, Page, Sheet


def draw(sheet: Sheet) -> Page:
    """Draw one."""
    rng = sheet.rng
    soft = sheet.picture(
        f"position:absolute;inset:0;filter:saturate({rng.uniform(1, 1.9):.1f}) brightness({rng.uniform(0.9, 1.25):.2f}) blur({rng.choice((0, 0, 0, 1.5))}px)",
        main=True,
    )
    veil = f"<div style='position:absolute;inset:0;background:{sheet.gradient()};opacity:{rng.choice((0, 0.15, 0.3))}'></div>"
    words = f'<div style="position:absolute;left:6%;right:6%;top:{rng.randint(4, 66)}%;text-align:center;line-height:1.1;font:{rng.choice((400, 700))} {rng.randint(44, 92)}px {sheet.font(*SCRIPT)};color:{rng.choice(("#fff", "gold", "#e0245e", "#1a237e", "#ffeb3b"))};text-shadow:0 0 8px #000,0 0 2px #fff">{sheet.text(1, 5)}</div>'
    strewn = sheet.scatter(rng.choice((0, 4, 14)), 30, 90, [rng.choice(FESTIVE)])
    return sheet.page(*rng.choice(((600, 600), (600, 800), (800, 560))), soft + veil + strewn + words)
