"""Which files have arrived, and when each has been written. Nothing is judged or moved here."""
