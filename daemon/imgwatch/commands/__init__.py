"""One module a group of commands; thin over the library, and quick to import."""
