"""Locations of the models and how they are opened: platewire's in the folder `models`, PP-OCR's
inside the installed `rapidocr` wheel.

Only the files of that wheel are used, so the package is not imported. The number of ONNX Runtime
threads is set explicitly: by default it uses all cores and keeps them spinning while idle. It is
imported when the first model is opened: 20 MiB that a server without a local network, or a command
that reads nothing, does not need.
"""

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from platewire.errors import ConfigError

if TYPE_CHECKING:
    from onnxruntime import InferenceSession, SessionOptions  # type: ignore[import-untyped]

DETECTOR = "PP-OCRv6_det_small.onnx"
RECOGNIZER = "PP-OCRv6_rec_small.onnx"

OWN_FOLDER = Path(__file__).parent / "models"
OWN_REMEDY = "reinstall platewire: pip install --force-reinstall --no-deps platewire"
REMEDY = "reinstall it with: pip install --force-reinstall 'rapidocr>=3.10,<4'"


def model_folder() -> Path:
    """The folder of models in the installed wheel; ConfigError where the wheel is missing."""
    spec = find_spec("rapidocr")
    if spec is None or not spec.submodule_search_locations:
        raise ConfigError(f"recognition: the package rapidocr is not installed; {REMEDY}")
    return Path(next(iter(spec.submodule_search_locations))) / "models"


def open_own(name: str, threads: int, folder: Path | None = None) -> "InferenceSession":
    """A session of one of our own models; ConfigError as for `open_session`."""
    return open_session((folder or OWN_FOLDER) / name, threads, remedy=OWN_REMEDY)


def open_session(path: Path, threads: int, *, remedy: str = REMEDY) -> "InferenceSession":
    """A session of `threads` threads that sleep between frames; ConfigError names the file."""
    if not path.is_file():
        raise ConfigError(f"recognition: the model file {path} is missing; {remedy}")
    from onnxruntime import InferenceSession

    options = session_options(threads)
    try:
        return InferenceSession(str(path), sess_options=options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime's own errors share no base class
        first_line = str(error).partition("\n")[0]
        raise ConfigError(
            f"recognition: the model file {path} is corrupted ({first_line}); {remedy}"
        ) from error


def session_options(threads: int) -> "SessionOptions":
    """`threads` threads that sleep between frames, and nothing on the console."""
    from onnxruntime import SessionOptions

    options = SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return options
