"""A process with a connected MQTT output, to be killed. Arguments: the broker's port."""

import asyncio
import sys

from tests.outputs.mqtt.mqtt_sending import connected, entries, settings


async def main(port: int) -> None:
    context, logged = await entries()
    async with connected(settings(port), context) as sender:
        await sender.send(logged[:1])
        await asyncio.Event().wait()


asyncio.run(main(int(sys.argv[1])))
