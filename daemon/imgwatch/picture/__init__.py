"""From files to arrays: formats, decoding, and the worker processes that decode."""
