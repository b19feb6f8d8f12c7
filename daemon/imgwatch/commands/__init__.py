"""A module for each command or group of commands: thin layers over the library, quick to import."""
