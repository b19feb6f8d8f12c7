"""Words laid somewhere over a photograph: plain, on a plate, slanted, on things."""

from imgwatch_train.workshop.sheet import SHOUTING, Page, Sheet


def draw(sheet: Sheet) -> Page:
    """Draw one."""
    rng = sheet.rng
    width, height = rng.choice(((600, 600), (600, 800), (800, 560), (500, 500)))

    def words() -> str:
        slant = rng.choice((0, 0, 0, -6, 8, -14))
        depth = f"perspective(600px) rotateY({rng.randint(-35, 35)}deg) " if rng.random() < 0.25 else ""
        plate = rng.choice(("transparent", "transparent", "#000a", "#fff", sheet.colour()))
        return (
            f'<div style="position:absolute;left:{rng.randint(0, 45)}%;top:{rng.randint(3, 82)}%;max-width:{rng.randint(35, 90)}%;padding:6px 10px;background:{plate};'
            f"font:{rng.choice((400, 700, 900))} {rng.randint(20, 52)}px {sheet.font(*SHOUTING, 'Roboto', 'Open Sans', 'Comic Neue', 'Lobster')};"
            f'color:{"#000" if plate == "#fff" else rng.choice(("#fff", "#fff", "#ffe600", "#f33"))};transform:{depth}rotate({slant}deg);text-shadow:{"none" if plate == "#fff" else "1px 1px 4px #000"}">{sheet.text(1, 12)}</div>'
        )

    return sheet.page(
        width,
        height,
        sheet.picture("position:absolute;inset:0", main=True)
        + "".join(words() for _ in range(rng.choice((1, 1, 2, 3, 5)))),
    )
