"""The model file: its contract, its execution, and the reference set inside it."""
