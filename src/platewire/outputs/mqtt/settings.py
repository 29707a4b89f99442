"""MQTT settings: the broker and the topics."""

from typing import Annotated, ClassVar, Literal

from msgspec import Meta

from platewire.outputs.http.tls import Tls
from platewire.outputs.output import OutputSettings
from platewire.runtime.secret import Secret

Levels = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*\Z")]


class MqttTls(Tls, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """TLS to the broker; an empty table trusts public CAs."""


class BrokerSettings(OutputSettings, frozen=True, kw_only=True):
    """The broker, the login, the topics."""

    connecting: ClassVar[str] = "logged in"

    host: Annotated[
        str, Meta(min_length=1, description="Name or address of the broker", examples=["192.0.2.6"])
    ]
    port: Annotated[
        Annotated[int, Meta(ge=1, le=65535)] | None,
        Meta(description="Port; default: 1883, or 8883 with `tls`"),
    ] = None
    tls: Annotated[MqttTls | None, Meta(description="TLS settings; default: no encryption")] = None
    username: Annotated[str | None, Meta(description="User name for the broker, if required")] = (
        None
    )
    password: Annotated[Secret | None, Meta(description="Password for the broker, if required")] = (
        None
    )
    client_id: Annotated[
        str | None,
        Meta(
            description="Prefix of the MQTT client id; a random suffix makes it unique. Default: "
            "`platewire-` and the name of the output"
        ),
    ] = None
    protocol: Annotated[
        Literal["5", "3.1.1"],
        Meta(
            description=(
                "MQTT version. With 3.1.1 a broker cannot report that it rejected an event"
            )
        ),
    ] = "5"
    prefix: Annotated[Levels, Meta(description="First level or levels of every topic")] = (
        "platewire"
    )
    home_assistant: Annotated[
        bool, Meta(description="Announce the cameras to Home Assistant by MQTT discovery")
    ] = False
    home_assistant_prefix: Annotated[
        Levels, Meta(description="Home Assistant's discovery prefix")
    ] = "homeassistant"
    onvif: Annotated[
        bool,
        Meta(description="Also publish each event as ONVIF JSON, like cameras with Profile M"),
    ] = False
    keepalive_seconds: Annotated[
        int,
        Meta(
            ge=2,
            le=65535,
            description="Keep-alive interval: the connection is probed after this time without "
            "traffic; the broker reports platewire offline after one and a half "
            "intervals of silence",
        ),
    ] = 30
    connect_seconds: Annotated[float, Meta(gt=0, description="Timeout for connecting")] = 10
    answer_seconds: Annotated[
        float, Meta(gt=0, description="Timeout for the acknowledgement of an event")
    ] = 30

    @property
    def port_used(self) -> int:
        return self.port or (8883 if self.tls is not None else 1883)

    @property
    def receiver(self) -> str:
        return f"mqtt{'s' if self.tls is not None else ''}://{self.host}:{self.port_used}"
