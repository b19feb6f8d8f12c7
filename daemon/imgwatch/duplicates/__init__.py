"""Copies of pictures: which picture is a copy of another, and which of the two is the original."""
