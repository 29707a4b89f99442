"""MQTT: what the transfer can be told. `mqtt_sender` does it, `mqtt_session` speaks to the broker.

The library that speaks MQTT is loaded only where a transfer of this kind is configured.
"""

from typing import TYPE_CHECKING, Annotated, Literal

from msgspec import Meta

from platewire.errors import ConfigError
from platewire.secret import Secret
from platewire.transfers.http_tls import Tls
from platewire.transfers.transfer import TransferContext, TransferSettings

if TYPE_CHECKING:
    from platewire.transfers.mqtt_sender import MqttSender

Levels = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*$")]


class MqttTls(Tls, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """TLS to the broker; the table may be empty, and then public CAs are trusted."""


class MqttTransfer(TransferSettings, frozen=True, kw_only=True, tag="mqtt"):
    """Publishes each event to an MQTT broker, and cameras to Home Assistant."""

    host: Annotated[str, Meta(min_length=1, description="Name or address of the broker")]
    port: Annotated[
        Annotated[int, Meta(ge=1, le=65535)] | None,
        Meta(description="Its port; not set: 1883, or 8883 with `tls`"),
    ] = None
    tls: Annotated[MqttTls | None, Meta(description="Not set: no encryption")] = None
    username: Annotated[str | None, Meta(description="For the broker, where it asks")] = None
    password: Annotated[Secret | None, Meta(description="For the broker, where it asks")] = None
    client_id: Annotated[
        str | None,
        Meta(
            description="Beginning of the id by which the broker knows us; a random end makes it "
            "unique. Not set: `platewire-` and the transfer's name"
        ),
    ] = None
    protocol: Annotated[
        Literal["5", "3.1.1"],
        Meta(
            description="Version of MQTT. With 3.1.1 a broker cannot say that it refused an event"
        ),
    ] = "5"
    prefix: Annotated[Levels, Meta(description="First level, or levels, of every topic")] = (
        "platewire"
    )
    home_assistant: Annotated[
        bool, Meta(description="Make the cameras known to Home Assistant by its MQTT discovery")
    ] = False
    home_assistant_prefix: Annotated[
        Levels, Meta(description="Home Assistant's discovery prefix")
    ] = "homeassistant"
    onvif: Annotated[
        bool,
        Meta(description="Publish each event as ONVIF's JSON too, as cameras of Profile M do"),
    ] = False
    keepalive_seconds: Annotated[
        int,
        Meta(
            ge=2,
            le=65535,
            description="The connection is probed when nothing was sent for so long; half as long "
            "again after we vanish the broker says that we are offline",
        ),
    ] = 30
    connect_seconds: Annotated[float, Meta(gt=0, description="Longest wait for a connection")] = 10
    answer_seconds: Annotated[
        float, Meta(gt=0, description="Longest wait for the broker to acknowledge an event")
    ] = 30

    @property
    def port_used(self) -> int:
        return self.port or (8883 if self.tls is not None else 1883)

    @property
    def url(self) -> str:
        """For people to read."""
        return f"mqtt{'s' if self.tls is not None else ''}://{self.host}:{self.port_used}"

    def build(self, context: TransferContext) -> "MqttSender":
        """ConfigError where the library, a secret or a certificate cannot be used."""
        try:
            from platewire.transfers.mqtt_sender import MqttSender
        except ImportError as error:
            raise ConfigError(
                f'transfer "{self.name}": MQTT needs a library that is not installed ({error}); '
                'install it with: pip install "platewire[mqtt]"'
            ) from error
        return MqttSender(self, context)
