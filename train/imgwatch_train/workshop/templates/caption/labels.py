"""A photograph whose things are labelled with words, as jokes do."""

from imgwatch_train.workshop.sheet import SHOUTING, Page, Sheet


def draw(sheet: Sheet) -> Page:
    """Draw one."""
    rng = sheet.rng
    style = f"position:absolute;text-align:center;font:{rng.choice((700, 900))} {rng.randint(20, 36)}px {sheet.font('Roboto', 'Open Sans', 'Lato', *SHOUTING)};color:{rng.choice(('#fff', '#fff', '#000', '#ff0'))};text-shadow:-1px -1px 1px #000,1px 1px 1px #000;"
    labels = "".join(
        f'<div style="{style}left:{rng.randint(3, 65)}%;top:{rng.randint(8, 86)}%;max-width:34%">{sheet.text(1, 4)}</div>'
        for _ in range(rng.randint(2, 5))
    )
    head = (
        f'<div style="background:#fff;padding:10px 14px;font:{rng.randint(22, 32)}px {sheet.font()}">{sheet.text(3, 14)}</div>'
        if rng.random() < 0.4
        else ""
    )
    return sheet.page(
        600,
        rng.choice((460, 560, 680)),
        f"{head}<div style='position:relative;height:100%'>{sheet.picture('position:absolute;inset:0', main=True)}{labels}</div>",
    )
