"""Copies of pictures: which picture is a copy of which other one, and which of the two is the original."""
