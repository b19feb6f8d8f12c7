"""Where the command `imgwatch` starts: `--version` is answered before the commands are imported."""

import gc
import sys


def main() -> None:
    """Run a command and end with its exit code."""
    if sys.argv[1:] == ["--version"]:
        from imgwatch.version import version_words

        sys.stdout.write(f"{version_words()}\n")
        return
    gc.disable()  # until the modules are there, which stay
    from imgwatch import cli

    cli.main()
