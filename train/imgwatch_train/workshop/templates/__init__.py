"""Templates, a folder for each kind, a module for each template: `draw(sheet) -> Page`."""
