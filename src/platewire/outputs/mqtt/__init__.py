"""The MQTT output."""
