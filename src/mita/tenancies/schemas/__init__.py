"""Request and response shapes of handovers, swaps, documents and search."""
