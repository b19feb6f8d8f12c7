"""The checks of `imgwatch doctor`, one module a subject."""
