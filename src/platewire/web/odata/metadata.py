"""The service metadata: CSDL XML 4.0 (OASIS "OData CSDL XML Representation") and the service
document.
"""

from typing import Any
from xml.sax.saxutils import quoteattr

from platewire.web.odata.model import SETS, EntitySet, Property

NAMESPACE = "platewire"
HEAD = (
    '<?xml version="1.0" encoding="utf-8"?>\n'
    '<edmx:Edmx xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx" Version="4.0">'
    "<edmx:DataServices>"
    f'<Schema xmlns="http://docs.oasis-open.org/odata/ns/edm" Namespace="{NAMESPACE}">'
)
TAIL = "</Schema></edmx:DataServices></edmx:Edmx>\n"


def csdl() -> str:
    types = "".join(_entity_type(entities) for entities in SETS)
    sets = "".join(
        f'<EntitySet Name="{entities.name}" EntityType="{NAMESPACE}.{entities.entity}"/>'
        for entities in SETS
    )
    return f'{HEAD}{types}<EntityContainer Name="Container">{sets}</EntityContainer>{TAIL}'


def _entity_type(entities: EntitySet) -> str:
    properties = "".join(map(_property, entities.properties))
    return (
        f'<EntityType Name="{entities.entity}">'
        f'<Key><PropertyRef Name="{entities.key}"/></Key>{properties}</EntityType>'
    )


def _property(one: Property) -> str:
    more = "" if one.nullable else ' Nullable="false"'
    more += ' Precision="3"' if one.type.name == "TIME" else ""
    return f"<Property Name={quoteattr(one.name)} Type={quoteattr(one.type.value)}{more}/>"


def service_document(root: str) -> dict[str, Any]:
    return {
        "@odata.context": f"{root}$metadata",
        "value": [
            {"name": entities.name, "kind": "EntitySet", "url": entities.name} for entities in SETS
        ],
    }
