"""The parts that `mita up` brings along: PostgreSQL and an MQTT broker."""
