"""The transfers that come with platewire, as the choice that the configuration's `type` makes."""

from platewire.transfers.auto_intellect import AutoIntellectTransfer
from platewire.transfers.database import PostgresqlTransfer
from platewire.transfers.http import HttpTransfer
from platewire.transfers.milestone import MilestoneTransfer
from platewire.transfers.milestone_generic import MilestoneGenericTransfer
from platewire.transfers.mqtt import MqttTransfer
from platewire.transfers.nx import NxTransfer
from platewire.transfers.one_c import OneCTransfer
from platewire.transfers.relay import RelayTransfer
from platewire.transfers.tcp_lines import JsonLinesTransfer
from platewire.transfers.tcp_numberok import NumberOkTcpTransfer
from platewire.transfers.tcp_push import TcpPushTransfer
from platewire.transfers.template import TemplateTransfer
from platewire.transfers.two_n import TwoNTransfer

AnyTransfer = (
    HttpTransfer
    | JsonLinesTransfer
    | NumberOkTcpTransfer
    | TcpPushTransfer
    | TwoNTransfer
    | RelayTransfer
    | AutoIntellectTransfer
    | MqttTransfer
    | NxTransfer
    | MilestoneTransfer
    | MilestoneGenericTransfer
    | PostgresqlTransfer
    | TemplateTransfer
    | OneCTransfer
)
