"""Posts over CoAP (RFC 7252), for radios that cannot afford a connection."""
