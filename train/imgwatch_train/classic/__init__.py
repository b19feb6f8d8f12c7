"""The two classic presets, dense and conv."""
