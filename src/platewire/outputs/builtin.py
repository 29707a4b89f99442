"""The outputs that come with platewire.

`BUILTIN` is the only list of them: the choices of `type` in the configuration, the reference page
and tests are made from it. Other packages add theirs by entry points (`config.plugs`).
"""

from typing import TYPE_CHECKING, Union

from platewire.outputs.http.http import HttpSettings
from platewire.outputs.http.milestone import MilestoneSettings
from platewire.outputs.http.nx import NxSettings
from platewire.outputs.http.one_c import OneCSettings
from platewire.outputs.messages.email import EmailSettings
from platewire.outputs.messages.ftp import FtpSettings
from platewire.outputs.messages.ntfy import NtfySettings
from platewire.outputs.messages.telegram import TelegramSettings
from platewire.outputs.mqtt.mqtt import MqttSettings
from platewire.outputs.output import OutputSettings
from platewire.outputs.postgresql import PostgresqlSettings
from platewire.outputs.relay.relay import RelaySettings
from platewire.outputs.relay.two_n import TwoNSettings
from platewire.outputs.tcp.auto_intellect import AutoIntellectSettings
from platewire.outputs.tcp.json_lines import JsonLinesSettings
from platewire.outputs.tcp.milestone_generic import MilestoneGenericSettings
from platewire.outputs.tcp.numberok_tcp import NumberOkTcpSettings
from platewire.outputs.tcp.tcp_push import TcpPushSettings
from platewire.outputs.template.template import TemplateSettings

BUILTIN: tuple[type[OutputSettings], ...] = (
    HttpSettings,
    JsonLinesSettings,
    NumberOkTcpSettings,
    TcpPushSettings,
    TwoNSettings,
    RelaySettings,
    AutoIntellectSettings,
    MqttSettings,
    NxSettings,
    MilestoneSettings,
    MilestoneGenericSettings,
    PostgresqlSettings,
    TemplateSettings,
    OneCSettings,
    EmailSettings,
    TelegramSettings,
    NtfySettings,
    FtpSettings,
)

if TYPE_CHECKING:
    AnyOutput = OutputSettings
else:
    AnyOutput = Union[BUILTIN]  # noqa: UP007
