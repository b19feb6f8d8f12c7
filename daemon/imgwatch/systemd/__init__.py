"""The service: what its unit says, where it is installed, and what its sandbox leaves open."""
