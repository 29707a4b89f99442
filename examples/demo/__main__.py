"""Runs platewire on a sample clip with three receivers: over HTTP, over TCP, by the database.

python -m examples.demo            in a loop, until Ctrl-C
python -m examples.demo --once     once to its end; exits 0 only if all three agree with each
                                   other and with what really drives through the clip
"""

import argparse
import os
import signal
import sys
import webbrowser
from pathlib import Path

from examples.demo import receivers, report, watch
from examples.demo.clip import clip
from examples.demo.processes import Ended, Processes
from examples.demo.site import Site, new_site
from platewire.errors import PlatewireError
from platewire.testing import scene

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "demo-data"


def main() -> int:
    options = arguments()
    heed_signals()
    script = scene.short_scene() if options.short else scene.road_scene()
    try:
        playing = clip(script, DATA / "clips")
        site = new_site(DATA, playing, page_port=options.port, once=options.once)
        with Processes(site.folder) as processes:
            receivers.start(processes, site)
            processes.start("server", serve_command(site))
            watch.until_answering(site, processes)
            if not options.once:
                show(site, browser=not options.no_browser)
                watch.for_ever(site, processes)
            watch.until_ended(site, processes, script.frame_count)
            troubles = watch.until_received(site, processes)
        return report.once(site, scene.passages(script), troubles)
    except (Ended, PlatewireError, OSError) as error:
        print(f"the demo failed: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nstopped all processes of the demo")
        return 130 if options.once else 0


def heed_signals() -> None:
    """`kill` and a closed terminal stop the demo as Ctrl-C does; `nohup` keeps its meaning."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    hang_up = getattr(signal, "SIGHUP", None)  # Windows has none.
    if hang_up is not None and signal.getsignal(hang_up) is not signal.SIG_IGN:
        signal.signal(hang_up, signal.default_int_handler)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="run.py demo",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--once", action="store_true", help="play the clip once, then compare the receivers"
    )
    parser.add_argument(
        "--port", type=int, metavar="PORT", help="port of the web page (default: 8080 if free)"
    )
    parser.add_argument(
        "--no-browser", action="store_true", help="do not open the web page in a browser"
    )
    parser.add_argument("--short", action="store_true", help="use a short clip with three cars")
    return parser.parse_args()


def serve_command(site: Site) -> list[str]:
    return [sys.executable, "-m", "platewire.cli", "serve", "--config", str(site.config)]


def show(site: Site, *, browser: bool) -> None:
    python = Path(os.path.relpath(sys.executable)).as_posix()
    state = os.path.relpath(site.folder / "lines-client.seq")
    rows = [
        ("page", site.page, f"curl -s '{site.page}api/v1/passages?limit=1'"),
        ("NumberOk TCP", site.numberok, f"{python} examples/tcp_client.py {site.numberok}"),
        (
            "JSON lines",
            site.lines,
            f"{python} examples/lines_client.py {site.lines} --state {state}",
        ),
        ("HTTP receiver", site.receiver, receivers.POST_BY_HAND.format(url=site.receiver)),
        (
            "database",
            os.path.relpath(site.database),
            f"{python} examples/database_reader.py {os.path.relpath(site.database)} --passages",
        ),
    ]
    print("\nplatewire reads the sample clip in a loop.\n")
    for name, where, line in rows:
        print(f"  {name:14} {where}\n  {'':14} try: {line}\n")
    print("Logs and data:", os.path.relpath(site.folder))
    print("Press Ctrl-C to stop. Events at the HTTP receiver:\n", flush=True)
    if browser and has_display():
        webbrowser.open(site.page)


def has_display() -> bool:
    if sys.platform in ("darwin", "win32"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


if __name__ == "__main__":
    sys.exit(main())
