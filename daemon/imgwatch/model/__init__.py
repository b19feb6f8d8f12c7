"""The model file: its contract, how it is run, and the reference set inside it."""
