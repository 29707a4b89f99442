"""The demo's clip lies beside this file, so that the demo begins at once.

python -m examples.demo.clip       draws it anew, after a change of the scene (two minutes)

It is what `platewire.testing.scene` draws and nothing else; a test compares the two.
"""

from pathlib import Path

from platewire.cli.terminal.progress import bar
from platewire.testing import scene

ROAD = Path(__file__).with_name("road.mp4")
SMALL = {"crf": "23", "preset": "slow"}
"""Less than half the size that quick encoding gives, and read as well."""


def clip(script: scene.Scene, folder: Path) -> Path:
    """The clip of the scene: the one that is here, or one that is rendered into `folder`."""
    if script == scene.road_scene():
        return ROAD
    print(f"rendering the {script.name} clip ({script.seconds:.0f} s long)", flush=True)
    with bar(script.frame_count, "rendering", "frames") as progress:
        return scene.clip(script, folder, progress=progress.update)


if __name__ == "__main__":
    road = scene.road_scene()
    with bar(road.frame_count, "rendering", "frames") as progress:
        scene.encode(road, ROAD, options=SMALL, progress=progress.update)
