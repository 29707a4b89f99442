"""The options that the three `train` commands share. Plain Python, no PyTorch."""

import argparse
import math
from pathlib import Path

from training.schedule import Budget

CHECKPOINT = "checkpoint.pt"
"""The file's name in `--out`."""


def training_parser(description: str | None, rate: float) -> argparse.ArgumentParser:
    """The options of every `train` command; `rate` is the default of `--rate`."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, required=True, help="the folder for checkpoint.pt")
    parser.add_argument(
        "--minutes", type=positive, help="end of the run, counted over all its parts"
    )
    parser.add_argument("--steps", type=positive, help="the same in steps of the optimizer")
    parser.add_argument("--resume", action="store_true", help="go on from --out's checkpoint")
    parser.add_argument("--init", type=Path, metavar="ONNX", help="start with its weights")
    parser.add_argument("--rate", type=float, default=rate, help="the highest learning rate")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1, help="of PyTorch")
    return parser


def positive(text: str) -> float:
    value = float(text)
    if not value > 0:
        raise argparse.ArgumentTypeError(f"{text} is not above 0")
    return value


def parse(parser: argparse.ArgumentParser) -> argparse.Namespace:
    """The command line; exits with a sentence if its options and the files do not fit together."""
    arguments = parser.parse_args()
    checkpoint = arguments.out / CHECKPOINT
    if arguments.resume and arguments.init:
        parser.error("--resume and --init exclude each other: a checkpoint holds all weights")
    if arguments.resume and not checkpoint.exists():
        parser.error(f"{checkpoint} does not exist: start the run without --resume")
    if checkpoint.exists() and not arguments.resume:
        parser.error(f"{checkpoint} exists: add --resume to go on from it, or change --out")
    return arguments


def budget_of(arguments: argparse.Namespace, default: Budget) -> Budget:
    """Of `--minutes` and `--steps`; the default where neither is given."""
    if arguments.minutes is None and arguments.steps is None:
        return default
    seconds = math.inf if arguments.minutes is None else arguments.minutes * 60
    return Budget(seconds, arguments.steps or math.inf)
