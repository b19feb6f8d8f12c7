"""The service: its unit, its installation, and its sandbox."""
