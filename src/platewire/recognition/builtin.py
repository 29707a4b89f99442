"""The engines that come with platewire, as the choice that the configuration's `type` makes."""

from platewire.recognition.fast_alpr import FastAlprEngine
from platewire.recognition.plates import PlatesEngine
from platewire.recognition.rapidocr import RapidOcrEngine
from platewire.recognition.remote import RemoteEngine
from platewire.recognition.replay import ReplayEngine

EngineSettings = PlatesEngine | RapidOcrEngine | FastAlprEngine | RemoteEngine | ReplayEngine
