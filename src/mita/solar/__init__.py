"""Solar installations: what their capacity credits to the homes that have a share in them."""
