"""The default recipe: features, pseudo-junk, experts, fusion, graph, report."""
