"""Damage is noticed, named, and never started on; tables are made anew by themselves."""

import shutil

import pytest

from client import Client
from program import NO_WATCH, Server, geleit, geleit_json
from story import Story

pytestmark = pytest.mark.embedded

CLOCK = "2026-06-30T12:00:00+02:00"
CASES = 12


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A directory in sorted files (ended twice), with what its cases look like."""
    data = tmp_path_factory.mktemp("schaden") / "data"
    for _ in range(2):
        with Server(data, CLOCK, NO_WATCH) as server:
            client = Client(server.url)
            for _ in range(CASES // 2):
                Story(client).referral()
            rows = client.rows("cases")
            client.close()
    return data, rows


@pytest.fixture
def copy(whole, tmp_path):
    data = tmp_path / "data"
    shutil.copytree(whole[0], data)
    return data


def newest(directory, pattern):
    return max(directory.glob(pattern))


def flip(file, share=0.3):
    octets = bytearray(file.read_bytes())
    octets[int(len(octets) * share)] ^= 0x55
    file.write_bytes(octets)


def refused(data, language="de"):
    done = geleit("serve", "--data", data, "--listen", "127.0.0.1:0", "--lang", language, timeout=60)
    assert done.returncode == 3, done.stderr
    return done.stderr


def rows_of(data):
    with Server(data, CLOCK, NO_WATCH) as server:
        client = Client(server.url)
        rows, status = client.rows("cases"), client.get("status")
        client.close()
    return rows, status


@pytest.mark.parametrize("part", ["log", "keys"])
@pytest.mark.parametrize("file", ["CURRENT", "MANIFEST-*", "*.sst"])
def test_a_file_of_log_or_keys_is_missing(copy, part, file):
    """it says which and how to get back, and never starts silently on less"""
    newest(copy / part, file).unlink()
    for language, way in (("de", "beschädigt"), ("en", "damaged")):
        told = refused(copy, language)
        assert str(copy / part) in told and way in told and "geleit restore" in told
    assert geleit("check", "--data", copy).returncode == 1


@pytest.mark.parametrize("part", ["log", "keys", "master.key"])
def test_a_whole_part_is_missing(copy, part):
    """never begun anew beside what belonged to it"""
    path = copy / part
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    assert str(path) in refused(copy, "en")
    assert not path.exists()


@pytest.mark.parametrize("file", ["CURRENT", "MANIFEST-*", "*.sst", "*.log"])
def test_damaged_tables_are_made_anew(copy, whole, file):
    """Tables can always be rebuilt: set aside and made from the log, and said so"""
    before = sorted(whole[1], key=lambda row: row["case"])
    target = newest(copy / "tables", file)
    if file == "*.log":
        flip(target, 0.01)
    else:
        target.unlink()
    rows, status = rows_of(copy)
    assert sorted(rows, key=lambda row: row["case"]) == before
    if (copy / "tables.damaged-1").exists():
        assert any("tables.damaged-1" in told for told in status["trouble"])
    else:
        assert file == "*.log", "only a write-ahead log may lose its end, for it is read again from the log"
    assert geleit("check", "--data", copy).returncode == 0
    assert rows_of(copy)[1]["trouble"] == []


@pytest.mark.parametrize("part", ["keys", "tables"])
def test_what_was_killed_while_it_was_being_made_is_made_again(tmp_path, part):
    """kill -9 of the first start: nothing was in it yet, so nothing is lost"""
    data = tmp_path / "data"
    with Server(data, CLOCK, NO_WATCH):
        pass
    identity = (data / part / "IDENTITY").read_bytes()
    shutil.rmtree(data / part)
    (data / part).mkdir()
    (data / part / "IDENTITY").write_bytes(identity)
    (data / part / "MANIFEST-000001").write_bytes(bytes(13))
    with Server(data, CLOCK, NO_WATCH) as server:
        client = Client(server.url)
        case = Story(client).referral()
        assert [row["case"] for row in client.rows("cases")] == [case.id]
        assert client.get("status")["trouble"] == []
        client.close()
    assert geleit("check", "--data", data).returncode == 0


def test_check_reads_everything_and_names_every_damaged_file(copy):
    """`geleit check` lists all damage, each with directory and file"""
    assert geleit_json("check", "--data", copy, "--json")["damage"] == []
    damaged = [newest(copy / part, "*.sst") for part in ("log", "keys")]
    for file in damaged:
        flip(file, 0.1)
    told = geleit("check", "--data", copy).stdout
    for file in damaged:
        assert str(file) in told


def test_a_file_that_was_being_written_is_no_damage(copy):
    """killed while it writes a file, the service leaves half of one that belongs to nothing yet"""
    for part in ("log", "keys", "tables"):
        whole = newest(copy / part, "*.sst")
        (copy / part / "999999.sst").write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    assert geleit_json("check", "--data", copy, "--json")["damage"] == []
    file = newest(copy / "log", "[0-8]*.sst")
    flip(file, 0.1)
    told = geleit("check", "--data", copy).stdout
    assert str(file) in told and "999999" not in told


def test_rebuild_sets_damaged_tables_aside(copy):
    """tables: `geleit rebuild`"""
    (copy / "tables" / "CURRENT").unlink()
    done = geleit("rebuild", "--data", copy)
    assert done.returncode == 0, done.stderr
    assert (copy / "tables.damaged-1").is_dir()
    assert geleit("check", "--data", copy).returncode == 0
