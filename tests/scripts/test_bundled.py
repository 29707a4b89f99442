"""NOTICE tells of every library that a wheel brings along."""

from pathlib import PurePosixPath

import pytest

from scripts import bundled
from scripts.environment import LOCKS
from scripts.locks import read

WITH_LIBRARIES = bundled.listed(bundled.NOTICE.read_text("utf-8")).keys()


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("av.libs/libx264-d6533a8d.so.165", "libx264"),
        ("av.libs/libxcb-shape-7716c890.so.0.0.0", "libxcb-shape"),
        ("numpy.libs/libgfortran-040039e1-0352e75f.so.5.0.0", "libgfortran"),
        ("numpy.libs/libscipy_openblas64_-32a4b2a6.so", "libscipy_openblas64_"),
        ("x.libs/libplain.so.3", "libplain"),
        ("av/_core.abi3.so", ""),
    ],
)
def test_a_library_is_known_without_hash_and_version(file: str, name: str) -> None:
    assert bundled.library(PurePosixPath(file)) == name


def test_what_notice_leaves_out_or_invents_is_told() -> None:
    notice = bundled.listed("wheel | library | of | license\nav | liba libb | A | MIT\n")
    assert notice == {"av": {"liba", "libb"}}
    told = list(bundled.differences(notice, {"av": {"liba", "libc"}, "cv": {"libd"}}))
    assert [line.split(";")[0] for line in told] == [
        "av brings libc along",
        "NOTICE says that av brings libb along, which it no longer does",
        "cv brings libd along",
    ]


@pytest.mark.skipif(not bundled.is_told_of(), reason="NOTICE tells of Linux on x86-64")
def test_notice_tells_of_what_is_installed_here() -> None:
    assert not bundled.problems(
        pin.name for pin in read(LOCKS["run"]) if pin.name in WITH_LIBRARIES
    )
