"""`imgwatch token`: the tokens with which other programs use the HTTP interface."""

from typing import TYPE_CHECKING, Annotated

import typer

from imgwatch import console
from imgwatch.commands.context import load_settings, open_ledger
from imgwatch.commands.options import ConfigOption, JsonOption
from imgwatch.errors import UsageError

if TYPE_CHECKING:
    from imgwatch.review.tokens import Permission, Tokens

app = typer.Typer(help="Make, list and remove the tokens of the HTTP interface.", no_args_is_help=True)

_Name = Annotated[
    str, typer.Argument(help="The name of the program that uses it, such as shop.", metavar="NAME")
]


@app.command()
def add(
    name: _Name,
    can: Annotated[
        str,
        typer.Option(
            "--can", help="What it may do: judge, list, decide; separated by commas.", metavar="WHAT"
        ),
    ] = "judge",
    config: ConfigOption = None,
) -> None:
    """Make a token and print it once; only its hash is kept."""
    token = _tokens(config).add(name, _permissions(can))
    console.say(token)
    console.note("It is not shown again. It works while `imgwatch review` runs.")


@app.command(name="list")
def list_tokens(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List the tokens with their permissions and dates."""
    tokens = list(_tokens(config).all())
    if as_json:
        for token in tokens:
            console.say_json(
                {"name": token.name, "can": list(token.can), "made_at": f"{token.made_at:%FT%TZ}"}
            )
    elif not tokens:
        console.say("There is no token; `imgwatch token add NAME` makes one.")
    else:
        rows = [
            (token.name, f"{token.made_at.astimezone():%Y-%m-%d}", ", ".join(token.can)) for token in tokens
        ]
        console.table(("name", "made", "may"), rows)


@app.command()
def remove(name: _Name, config: ConfigOption = None) -> None:
    """Remove a token. It stops working at once, even while the gallery runs."""
    _tokens(config).remove(name)
    console.say(f"The token {name} no longer works.")


def _tokens(config: ConfigOption) -> "Tokens":
    from imgwatch.review.tokens import Tokens

    settings = load_settings(config)
    with open_ledger(settings):
        pass  # the state folder is there, and this user's own
    return Tokens(settings.state)


def _permissions(words: str) -> "tuple[Permission, ...]":
    from imgwatch.review.tokens import Permission

    try:
        return tuple(dict.fromkeys(Permission(word.strip()) for word in words.split(",")))
    except ValueError as fault:
        raise UsageError(
            f"--can {words}: name judge, list, decide, or several of them separated by commas"
        ) from fault
