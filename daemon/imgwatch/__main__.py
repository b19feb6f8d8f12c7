"""`python -m imgwatch`."""

from imgwatch.cli import main

main()
