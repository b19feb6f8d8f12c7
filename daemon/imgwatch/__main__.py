"""`python -m imgwatch` is the command `imgwatch`, also where no script lies on the path: what the unit files start."""

from imgwatch.cli import main

if __name__ == "__main__":
    main()
