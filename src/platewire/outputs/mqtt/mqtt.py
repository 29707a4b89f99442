"""The MQTT output. `publisher` publishes, `session` speaks to the broker.

The library that speaks MQTT is loaded only where an output of this kind is configured.
"""

from typing import TYPE_CHECKING

from platewire.errors import ConfigError
from platewire.outputs.mqtt.settings import BrokerSettings
from platewire.outputs.output import OutputContext

if TYPE_CHECKING:
    from platewire.outputs.mqtt.publisher import MqttOutput


class MqttSettings(BrokerSettings, frozen=True, kw_only=True, tag="mqtt"):
    """Publishes each event to an MQTT broker, and cameras to Home Assistant."""

    def build(self, context: OutputContext) -> "MqttOutput":
        """ConfigError where the library, a secret or a certificate cannot be used."""
        try:
            from platewire.outputs.mqtt.publisher import MqttOutput
        except ImportError as error:
            raise ConfigError(
                f'output "{self.name}": MQTT needs a library that is not installed ({error}); '
                'install it with: pip install "platewire[mqtt]"'
            ) from error
        return MqttOutput(self, context)
