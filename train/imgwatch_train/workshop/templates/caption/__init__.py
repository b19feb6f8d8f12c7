"""Templates of the kind `caption`."""
