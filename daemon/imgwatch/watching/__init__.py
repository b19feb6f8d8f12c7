"""What tells which files came, and when each is whole: nothing is judged or moved here."""
