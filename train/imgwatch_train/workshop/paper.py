"""A paper as a phone takes it or as a scanner does: flat, or slanted on a table, with shadows and folds."""

from imgwatch_train.workshop.sheet import Page, Sheet

_SCANNED = 0.4  # share of papers that fill the picture


def paper(sheet: Sheet, inside: str, width: int, height: int, ground: str = "") -> Page:
    """Return a picture of a paper of this size."""
    rng = sheet.rng
    ground = ground or rng.choice(("#fff", "#fff", "#fbf8f0", "#f2efe6", "#eee"))
    style = f"width:{width}px;min-height:{height}px;background:{ground};color:{rng.choice(('#111', '#333', '#444'))};box-sizing:border-box;overflow:hidden"
    if rng.random() < _SCANNED:
        grey = f"filter:grayscale({rng.choice((0, 0, 1))}) contrast({rng.choice((1, 1, 1.6, 0.8))}) brightness({rng.uniform(0.9, 1.05):.2f})"
        tilt = rng.choice((0, 0, rng.uniform(-2, 2)))
        return sheet.page(
            width,
            min(height, 900),
            f'<div style="{style};{grey};transform:rotate({tilt:.1f}deg)">{inside}</div>',
        )
    scale = rng.uniform(0.6, 1.15) * 560 / max(width, height)
    turn = f"perspective(1000px) rotateX({rng.randint(-28, 40)}deg) rotateY({rng.randint(-28, 28)}deg) rotate({rng.choice((rng.randint(-14, 14), rng.randint(-90, 90)))}deg) scale({scale:.2f})"
    folds = "".join(
        f"<div style='position:absolute;{rng.choice(('left:0;right:0;height:3px;top', 'top:0;bottom:0;width:3px;left'))}:{rng.randint(20, 80)}%;background:#0002;box-shadow:0 0 8px #0003'></div>"
        for _ in range(rng.choice((0, 0, 1, 3)))
    )
    lying = (
        f'<div style="position:absolute;left:50%;top:50%;margin:-{height // 2}px 0 0 -{width // 2}px;transform:{turn}">'
        f'<div style="position:relative;{style};box-shadow:4px 8px 22px #0008">{inside}{folds}</div></div>'
    )
    fingers = "".join(
        f"<div style='position:absolute;left:{rng.choice((rng.randint(-8, 12), rng.randint(84, 98)))}%;bottom:{rng.randint(-8, 40)}%;width:90px;height:190px;border-radius:45px;background:hsl({rng.randint(12, 30)},{rng.randint(25, 55)}%,{rng.randint(30, 75)}%);transform:rotate({rng.randint(-60, 60)}deg)'></div>"
        for _ in range(rng.choice((0, 0, 0, 1, 3)))
    )
    light = f"<div style='position:absolute;inset:0;background:linear-gradient({rng.randint(0, 359)}deg,#000{rng.choice('3579')},transparent {rng.randint(30, 90)}%)'></div>"
    soft = f"filter:brightness({rng.uniform(0.65, 1.1):.2f}) sepia({rng.choice((0, 0, 0.15, 0.3))}) blur({rng.choice((0, 0, 0.5, 1))}px)"
    return sheet.page(
        *rng.choice(((600, 800), (600, 800), (800, 600), (600, 600))),
        f'<div style="position:absolute;inset:0;{soft}"><div style="position:absolute;inset:0;background:{_surface(sheet)}"></div>{lying}{fingers}{light}</div>',
    )


def _surface(sheet: Sheet) -> str:
    """Return a table, a cloth, or the place where a photograph was taken."""
    rng = sheet.rng
    hue, depth = rng.choice((rng.randint(15, 40), rng.randint(0, 359))), rng.randint(15, 75)
    plank = rng.randint(3, 60)
    wood = f"repeating-linear-gradient({rng.randint(0, 180)}deg,hsl({hue},35%,{depth}%) 0 {plank}px,hsl({hue},32%,{depth + 5}%) {plank}px {2 * plank + 3}px)"
    cloth = f"repeating-linear-gradient(45deg,#0001 0 2px,transparent 2px 5px),repeating-linear-gradient(-45deg,#0001 0 2px,transparent 2px 5px),hsl({hue},{rng.randint(5, 50)}%,{depth}%)"
    return rng.choice(
        (
            wood,
            cloth,
            f"hsl({hue},{rng.randint(0, 30)}%,{depth}%)",
            f"url({sheet.photo(main=True)}) center/cover",
        )
    )
