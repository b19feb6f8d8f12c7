"""Templates of the kind `screenshot`."""
