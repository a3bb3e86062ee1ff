"""Another user of the same machine can neither ask Rasa nor the action server, nor take their
place."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import httpx
import psutil
import pytest

from intake.errors import SettingsError
from intake.processes.private_sockets import listen, make_folder, path_of
from intake.settings import ROOT, load
from tests.support.stack import until

ATTACK = """
import os, socket, sys
os.setgroups([]); os.setgid(65534); os.setuid(65534)
folder = sys.argv[1]
def tried(what):
    try:
        what()
    except OSError as error:
        return error.strerror
    return "done"
def connect():
    socket.socket(socket.AF_UNIX).connect(folder + "/actions")
def bind():
    socket.socket(socket.AF_UNIX).bind(folder + "/rasa")
for what in (
    connect,
    bind,
    lambda: os.unlink(folder + "/actions"),
    lambda: os.listdir(folder),
    lambda: os.rename(folder, folder + ".old"),
    lambda: os.chmod(folder, 0o777),
):
    print(tried(what))
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_another_user_can_not_reach_the_action_server_nor_take_its_place() -> None:
    """The real action server, at a place whose parent everybody may enter."""
    home = Path(f"/tmp/huying-sockets-test-{os.getpid()}")
    make_folder(home)
    env = {**os.environ, "PYTHONPATH": str(ROOT), "HUYING_FIELDS": "place"}
    env |= {"HUYING_INTAKE_URL": "http://127.0.0.1:9", "HUYING_INTERNAL_TOKEN": "ours"}
    argv = [sys.executable, "-m", "actions", "--socket", str(home / "actions")]
    with subprocess.Popen(argv, cwd=ROOT, env=env) as actions:
        try:
            transport = httpx.HTTPTransport(uds=str(home / "actions"), retries=0)
            with httpx.Client(transport=transport) as client:
                until(lambda: answers(client), 60)
            assert psutil.Process(actions.pid).net_connections("inet") == []
            done = subprocess.run(
                [sys.executable, "-c", ATTACK, str(home)],
                capture_output=True,
                text=True,
                check=False,
            )
        finally:
            actions.terminate()
    (home / "actions").unlink(missing_ok=True)
    home.rmdir()
    assert done.stdout.splitlines() == [
        *["Permission denied"] * 4,
        *["Operation not permitted"] * 2,
    ], done.stderr


def answers(client: httpx.Client) -> bool:
    try:
        return client.get("http://actions/health").is_success
    except httpx.HTTPError:
        return False


def make_link(place: Path, other: Path) -> None:
    other.mkdir()
    place.symlink_to(other)


def make_file(place: Path, _: Path) -> None:
    place.touch()


def make_others_folder(place: Path, _: Path) -> None:
    place.mkdir()
    os.chown(place, 65534, 65534)


def make_others_link(place: Path, other: Path) -> None:
    make_link(place, other)
    os.chown(other, 65534, 65534)


SPOILT = [make_link, make_file, make_others_folder, make_others_link]


@pytest.mark.parametrize("spoil", SPOILT)
def test_a_folder_of_sockets_that_another_made_is_not_used(
    tmp_path: Path, spoil: Callable[[Path, Path], None]
) -> None:
    if "others" in spoil.__name__ and os.geteuid() != 0:
        pytest.skip("only root can give a folder away")
    place = tmp_path / "sockets"
    spoil(place, tmp_path / "other")
    with pytest.raises(SettingsError):
        make_folder(place)


@pytest.mark.parametrize("mode", [0o777, 0o755, 0o711, 0o500, 0o700])
def test_a_folder_of_ours_is_closed_to_others(tmp_path: Path, mode: int) -> None:
    place = tmp_path / "sockets"
    place.mkdir()
    place.chmod(mode)
    make_folder(place)
    assert stat.S_IMODE(place.stat().st_mode) == 0o700


@pytest.mark.parametrize("depth", range(1, 14))
def test_a_deep_data_folder_still_gets_sockets_of_its_own(tmp_path: Path, depth: int) -> None:
    homes = [tmp_path.joinpath(*[f"deep{n}"] * depth) for n in range(2)]
    found = [load(env={"HUYING_HOME": str(home)}) for home in homes]
    assert found[0].sockets_dir != found[1].sockets_dir
    for settings in found:
        for url in (settings.assistant_url, settings.actions_url):
            path = path_of(url)
            assert path is not None
            folder = Path(path).parent
            make_folder(folder)
            for _ in range(2):  # what an earlier process left is in nobody's way
                listen(path).close()
            Path(path).unlink()
            folder.rmdir()


def test_a_rasa_elsewhere_is_still_reached_by_its_url(tmp_path: Path) -> None:
    env = {"HUYING_HOME": str(tmp_path), "HUYING_ASSISTANT": '{"url": "http://10.0.0.7:5005"}'}
    assert load(env=env).assistant_url == "http://10.0.0.7:5005"
