"""Makes the environment that `make` works in, and makes it anew when what it is made from changes.

``environment.py run``: .venv with requirements.txt, and .env. ``environment.py test``: the development requirements as
well, the Node packages of tests/js and a Chromium. Runs on any Python 3.11+, before anything is installed.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
NODE = ROOT / "tests" / "js"
OLDEST_NODE = 20
CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
CHROMIUM_OF_PLAYWRIGHT = (
    "from playwright.sync_api import sync_playwright as start\n"
    "with start() as playwright: print(playwright.chromium.executable_path)"
)


def main(kind: str) -> None:
    """Make what *kind* ("run" or "test") needs; a second copy of this waits for the first."""
    with Path(__file__).open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (ROOT / ".env").exists():
            shutil.copy(ROOT / ".env.example", ROOT / ".env")
        python_packages(["requirements.txt"] if kind == "run" else ["requirements.txt", "requirements-dev.txt"])
        if kind == "test":
            node_packages()
            chromium()


def python_packages(files: list[str]) -> None:
    """Install what the last of *files* names (it includes the others) into .venv."""
    stamp = VENV / f".{files[-1]}.stamp"
    digest = fingerprint([ROOT / name for name in files], str(sys.version_info))
    works = PYTHON.exists() and subprocess.run([PYTHON, "-c", ""], check=False).returncode == 0
    if works and read(stamp) == digest:
        return
    if not works:
        say("making .venv")
        call(sys.executable, "-m", "venv", "--clear", str(VENV))
    say(f"installing {files[-1]}")
    call(str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", str(ROOT / files[-1]))
    stamp.write_text(digest)


def node_packages() -> None:
    """Install what the lock file of tests/js names."""
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None:
        fail(f"the tests need Node {OLDEST_NODE} or newer, with npm")
    version = subprocess.run([node, "--version"], check=True, capture_output=True, text=True).stdout.strip()
    if int(version.lstrip("v").partition(".")[0]) < OLDEST_NODE:
        fail(f"the tests need Node {OLDEST_NODE} or newer, this is {version}")
    stamp = NODE / "node_modules" / ".stamp"
    digest = fingerprint([NODE / "package.json", NODE / "package-lock.json"], version)
    if read(stamp) != digest:
        say("installing the Node packages of tests/js")
        call("npm", "ci", "--no-audit", "--no-fund", "--loglevel", "error", cwd=NODE)
        stamp.write_text(digest)


def chromium() -> None:
    """Find a Chromium, or install one: Debian's, else Playwright's."""
    if has_chromium():
        return
    say("installing Chromium")
    packages = os.geteuid() == 0 and shutil.which("apt-get") is not None
    if packages:
        options = ["--yes", "--quiet", "--quiet"]
        os.environ["DEBIAN_FRONTEND"] = "noninteractive"
        subprocess.run(["apt-get", "update", *options], check=False)
        subprocess.run(["apt-get", "install", *options, "--no-install-recommends", "chromium"], check=False)
    if not has_chromium():
        call(str(PYTHON), "-m", "playwright", "install", *(["--with-deps"] if packages else []), "chromium")


def has_chromium() -> bool:
    """Say whether the system has one, or Playwright."""
    if any(map(shutil.which, CHROMIUM)):
        return True
    found = subprocess.run([PYTHON, "-c", CHROMIUM_OF_PLAYWRIGHT], check=True, capture_output=True, text=True)
    return Path(found.stdout.strip()).exists()


def fingerprint(files: list[Path], more: str) -> str:
    """Return a digest of the contents of *files*."""
    return hashlib.sha256(b"\0".join([more.encode(), *(path.read_bytes() for path in files)])).hexdigest()


def read(stamp: Path) -> str:
    """Return what *stamp* holds, nothing if it is not there."""
    return stamp.read_text() if stamp.exists() else ""


def call(*command: str, cwd: Path = ROOT) -> None:
    """Run *command*; its failure is ours."""
    done = subprocess.run(command, cwd=cwd, check=False)
    if done.returncode != 0:
        fail(f"`{' '.join(command)}` ended with {done.returncode}")


def say(text: str) -> None:
    """Tell what takes so long."""
    sys.stdout.write(f"{text} ...\n")
    sys.stdout.flush()


def fail(text: str) -> None:
    """Give up."""
    raise SystemExit(f"error: {text}")


if __name__ == "__main__":
    main(sys.argv[1])
