"""Independent judge of the two real data sets; imports nothing of the product."""
