"""A month, a table of figures, or a chart in an app."""

from imgwatch_train.workshop.phone import phone
from imgwatch_train.workshop.sheet import Page, Sheet


def draw(sheet: Sheet) -> Page:
    """Draw one."""
    rng = sheet.rng
    accent = sheet.colour(40, 60, 60)
    kind = rng.choice(("month", "bars", "weather"))
    if kind == "month":
        inside = (
            "<div style='display:grid;grid-template-columns:repeat(7,1fr);text-align:center;gap:4px;padding:8px;font-size:14px'>"
            + "".join(
                f"<div style='height:{rng.choice((40, 76))}px;overflow:hidden'><span style='background:{accent if rng.random() < 0.1 else 'none'};border-radius:50%;padding:4px'>{day % 31 + 1}</span>"
                + (
                    f"<div style='font-size:8px;background:{sheet.colour(50, 80)}'>{sheet.text(1)}</div>"
                    if rng.random() < 0.3
                    else ""
                )
                + "</div>"
                for day in range(42)
            )
            + "</div>"
        )
    elif kind == "bars":
        inside = (
            f"<div style='padding:16px'><b style='font-size:40px'>{sheet.money()}</b><div style='display:flex;align-items:flex-end;height:220px;gap:8px;margin:20px 0'>"
            + "".join(
                f"<div style='flex:1;height:{rng.randint(5, 100)}%;background:{accent};border-radius:4px'></div>"
                for _ in range(rng.randint(5, 14))
            )
            + f"</div>{sheet.lines(7, 'padding:9px 0;border-bottom:1px solid #8883', 2, 4)}</div>"
        )
    else:
        inside = (
            f"<div style='text-align:center;padding:30px;background:{sheet.gradient()};color:#fff;min-height:700px'><div style='font-size:22px'>{sheet.text(1, 2)}</div><div style='font-size:90px;font-weight:200'>{rng.randint(-9, 38)}°</div>"
            + "".join(
                f"<div style='display:flex;justify-content:space-between;padding:9px;font-size:17px'><span>{sheet.text(1)}</span><span>{rng.choice('☀⛅🌧❄⛈')}</span><span>{rng.randint(-9, 38)}°</span></div>"
                for _ in range(8)
            )
            + "</div>"
        )
    return phone(sheet, inside, sheet.text(1, 2), rng.random() < 0.3)
