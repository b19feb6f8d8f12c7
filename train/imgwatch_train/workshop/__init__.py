"""Draws junk and near-junk as people really get it, so that a general model knows how it looks."""
