"""Templates of the kind `card`."""
