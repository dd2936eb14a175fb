"""LoRaWAN by way of its network servers: ChirpStack v4 over MQTT, The Things Stack by webhook.

What a server tells becomes readings and reports; a supply command becomes a downlink. How a device is set up
stands in README.md beside this file. Not built: radio, keys and joining (the server's own), other servers,
LoRaWAN radio relays (``relayRxInfo``; what is called relay here is the switch of a meter), multicast,
firmware updates, positions. No meter was tried on a real radio.
"""
