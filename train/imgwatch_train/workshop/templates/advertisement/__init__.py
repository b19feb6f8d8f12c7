"""Templates of the kind `advertisement`."""
