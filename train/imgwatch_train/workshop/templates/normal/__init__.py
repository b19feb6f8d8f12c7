"""Templates of the kind `normal`."""
