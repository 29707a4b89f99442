"""Topics of MQTT, and what Home Assistant expects there."""
