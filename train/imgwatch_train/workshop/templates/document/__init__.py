"""Templates of the kind `document`."""
