"""A road scene of our own making: drawn by code, filmed through a modeled camera, truth known.

In reading order: `lens` (meters to pixels), `plates`, `bodies`, `ends` and `vehicles` (how things
look), `road` (what stands still), `script` (what drives when), `chance` (scenes by a seed), `truth`
(what a reader should report), `render` (frames and the clip). Nothing here knows how plates are
recognized, and no picture is downloaded.
"""

from platewire.testing.scene.chance import random_scene
from platewire.testing.scene.lens import Lens
from platewire.testing.scene.render import clip, encode, frames, picture
from platewire.testing.scene.script import Drive, Scene, road_scene, short_scene
from platewire.testing.scene.truth import TruePassage, passages, passages_per_plate

__all__ = [
    "Drive",
    "Lens",
    "Scene",
    "TruePassage",
    "clip",
    "encode",
    "frames",
    "passages",
    "passages_per_plate",
    "picture",
    "random_scene",
    "road_scene",
    "short_scene",
]
