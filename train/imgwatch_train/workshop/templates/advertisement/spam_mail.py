"""A picture that spammers send: loud words, pills and watches, prices, a link to type in."""

from imgwatch_train.workshop.sheet import SANS, SERIF, Page, Sheet


def draw(sheet: Sheet) -> Page:
    """Draw one."""
    rng = sheet.rng
    inks = ["#000", "#00c", "#c00", "#060", sheet.colour(15, 45, 70)]

    def line() -> str:
        return f'<div style="font:{rng.choice((400, 700))} {rng.randint(14, 40)}px {sheet.font(*SERIF, *SANS, "Comic Neue")};color:{rng.choice(inks)};text-align:{rng.choice(("center", "center", "start"))};padding:3px 12px">{sheet.text(2, 8)} {sheet.money() if rng.random() < 0.4 else ""}</div>'

    pills = (
        "<div style='display:flex;justify-content:space-around;padding:8px'>"
        + "".join(
            f"<div style='text-align:center'><div style='width:{rng.randint(60, 110)}px;height:{rng.randint(40, 80)}px;border-radius:{rng.choice((50, 20, 4))}%;background:{rng.choice((sheet.gradient(), sheet.colour(40, 80)))};margin:auto'></div><b>{sheet.text(1)}</b><br>{sheet.money()}</div>"
            for _ in range(rng.randint(2, 4))
        )
        + "</div>"
    )
    rows = "".join(
        f"<tr><td style='padding:2px 14px'>{sheet.text(1, 2)}</td><td>{rng.randint(5, 500)} mg</td><td>{sheet.money()}</td></tr>"
        for _ in range(rng.randint(3, 9))
    )
    table = f"<table style='margin:auto;font-size:17px'>{rows}</table>"
    parts = [line() for _ in range(rng.randint(4, 12))]
    for extra in rng.sample(
        (pills, table, sheet.picture(f"height:{rng.randint(120, 220)}px", main=True)), rng.randint(0, 2)
    ):
        parts.insert(rng.randint(0, len(parts)), extra)
    noise = "".join(
        f"<div style='position:absolute;left:{rng.randint(0, 100)}%;top:{rng.randint(0, 100)}%;width:{rng.randint(1, 60)}px;height:1px;background:{sheet.colour()};transform:rotate({rng.randint(0, 180)}deg)'></div>"
        for _ in range(rng.choice((0, 0, 60)))
    )
    return sheet.page(
        rng.choice((500, 600, 700)),
        rng.randint(300, 640),
        "".join(parts) + noise,
        f"background:{rng.choice(('#fff', '#fff', '#ffffe0', sheet.colour(80, 97)))}",
    )
