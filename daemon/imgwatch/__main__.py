"""`python -m imgwatch`."""

from imgwatch.start import main

main()
