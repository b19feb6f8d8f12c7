"""The pictures of a training run, and where they come from."""
