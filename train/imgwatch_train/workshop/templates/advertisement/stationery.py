"""Printed matter as a printer shows it: cards, folders, envelopes, labels, a roll-up, on a studio ground."""

from imgwatch_train.workshop.sheet import SCRIPT, SERIF, SHOUTING, Page, Sheet


def draw(sheet: Sheet) -> Page:
    """Draw one."""
    rng = sheet.rng
    hue = rng.randint(0, 359)
    house, second = f"hsl({hue},{rng.randint(10, 90)}%,{rng.randint(15, 60)}%)", sheet.colour(20, 90)

    def piece() -> str:
        width, height = rng.choice(((230, 140), (140, 230), (210, 290), (90, 330), (170, 170), (300, 200)))
        ground = rng.choice(
            (
                house,
                second,
                "#fff",
                "#fff",
                "#111",
                f"linear-gradient({rng.randint(0, 359)}deg,{house} 40%,{second} 40%)",
                f"linear-gradient({rng.randint(0, 359)}deg,#fff 60%,{house} 60%)",
            )
        )
        ink = "#222" if ground == "#fff" else rng.choice(("#fff", "gold", "#fff"))
        fold = (
            f"<div style='position:absolute;left:{rng.choice((33, 50, 66))}%;top:0;bottom:0;width:{rng.randint(2, 30)}px;background:linear-gradient(90deg,#0004,transparent)'></div>"
            if rng.random() < 0.4
            else ""
        )
        face = sheet.picture("height:45%;margin:-12px -12px 8px") if rng.random() < 0.25 else ""
        turn = f"perspective(1100px) rotateX({rng.randint(0, 45)}deg) rotateY({rng.randint(-30, 30)}deg) rotate({rng.randint(-40, 40)}deg) scale({rng.uniform(0.7, 1.5):.2f})"
        return f'<div style="position:absolute;left:{rng.randint(5, 60)}%;top:{rng.randint(8, 55)}%;width:{width}px;height:{height}px;padding:12px;box-sizing:border-box;background:{ground};color:{ink};overflow:hidden;border-radius:{rng.choice((0, 0, 6, 12))}px;box-shadow:{rng.randint(2, 16)}px {rng.randint(6, 22)}px {rng.randint(8, 34)}px #0007;transform:{turn};font:{rng.randint(9, 14)}px {sheet.font()}">{face}<b style="font:{rng.randint(18, 34)}px {sheet.font(*SCRIPT, *SHOUTING, *SERIF)}">{sheet.text(1, 2)}</b>{sheet.lines(rng.randint(0, 6), "", 1, 5)}{fold}</div>'

    ground = rng.choice(
        (
            "#e6e6e6",
            "#d5d8dc",
            "#222",
            sheet.colour(60, 92, 5),
            f"linear-gradient({sheet.colour(70, 95, 5)},{sheet.colour(40, 80, 5)})",
            f"url({sheet.photo()}) center/cover",
        )
    )
    return sheet.page(
        *rng.choice(((760, 540), (600, 600), (560, 720))),
        "".join(piece() for _ in range(rng.choice((1, 2, 3, 5, 8)))),
        f"background:{ground}",
    )
