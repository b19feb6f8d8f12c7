"""A game: a field of coloured pieces, points, buttons."""

from imgwatch_train.workshop.phone import phone
from imgwatch_train.workshop.sheet import EMOJI, SHOUTING, Page, Sheet


def draw(sheet: Sheet) -> Page:
    """Draw one."""
    rng = sheet.rng
    columns = rng.randint(5, 9)
    pieces = [rng.choice((sheet.colour(40, 65, 70), sheet.gradient())) for _ in range(rng.randint(3, 6))]
    field = "".join(
        f"<div style='aspect-ratio:1;border-radius:{rng.choice((6, 50))}%;background:{rng.choice([*pieces, 'transparent'])};font-size:26px;text-align:center'>{rng.choice(EMOJI) if rng.random() < 0.25 else ''}</div>"
        for _ in range(columns * rng.randint(7, 12))
    )
    score = f"<div style='display:flex;justify-content:space-between;padding:14px;font:bold 22px {sheet.font(*SHOUTING)};color:#fff'><span>⭐ {rng.randint(0, 99999)}</span><span>❤❤❤</span><span>{sheet.text(1)} {rng.randint(1, 99)}</span></div>"
    button = f"<div style='margin:14px auto;width:60%;text-align:center;padding:12px;border-radius:30px;background:{sheet.colour(45, 60, 80)};color:#fff;font:bold 24px {sheet.font(*SHOUTING)}'>{sheet.text(1, 2, upper=True)}</div>"
    inside = f"<div style='position:absolute;inset:0;background:{rng.choice((sheet.gradient(), sheet.colour(10, 40)))};padding-top:40px'>{score}<div style='display:grid;grid-template-columns:repeat({columns},1fr);gap:4px;padding:12px'>{field}</div>{button}</div>"
    return phone(sheet, inside, None, is_dark=True)
