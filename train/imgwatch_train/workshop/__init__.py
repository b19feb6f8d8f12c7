"""Draws junk and near-junk as people really receive it, to teach the general model."""
