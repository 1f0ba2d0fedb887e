"""One server for each test file, one provider for each test; CLOCK in a test file sets the server's
clock, ROLES its roles: where versions and events are counted, nothing but the test is to add any."""

import functools
import re
import uuid
from pathlib import Path

import pytest

from client import Client
from program import Server, on_kafka
from story import Story

# Late enough for twelve weeks and an extension after a discharge in February; a Tuesday at noon.
CLOCK = "2026-06-30T12:00:00+02:00"


@functools.cache
def group_of(path: Path) -> str:
    """What runs together in one process of several (-n 2): a file, for its server; and all that start
    brokers, for these alone keep two cores busy."""
    return "brokers" if "\nfrom brokers import" in path.read_text() else path.stem


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """With -n: by groups. Those of `--dist loadgroup` are lost on pytest 9."""
    from xdist.scheduler import LoadScopeScheduling

    class Groups(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return group_of(config.rootpath / nodeid.partition("::")[0])

    return Groups(config, log)


def pytest_collection_modifyitems(config, items):
    # The longest group begins first, so that no process is left alone with it at the end.
    items.sort(key=lambda item: group_of(item.path) != "brokers")
    if not on_kafka():
        return
    left = [item for item in items if item.get_closest_marker("embedded")]
    config.hook.pytest_deselected(items=left)
    items[:] = [item for item in items if item not in left]


def roles_of(request) -> tuple:
    """What a server is started with so that it has the roles that the test file wants."""
    roles = getattr(request.module, "ROLES", None)
    return ("--roles", roles) if roles else ()


@pytest.fixture(scope="module")
def server(request, tmp_path_factory):
    data = tmp_path_factory.mktemp("geleit") / "data"
    running = Server(data, getattr(request.module, "CLOCK", CLOCK), roles_of(request))
    running.start()
    yield running
    status = running.stop()
    assert status == 0, f"the server ended with {status}: {running.complaints()}"


@pytest.fixture(scope="module")
def everybody(server):
    """One client for the file: it has seen the positions of all commands sent before."""
    client = Client(server.url)
    yield client
    client.close()


@pytest.fixture
def client(everybody):
    return everybody


@pytest.fixture
def english(server):
    client = Client(server.url, language="en")
    yield client
    client.close()


@pytest.fixture
def story(client, request):
    """Cases of a provider that no other test has."""
    name = re.sub(r"[^a-z0-9]+", "-", request.node.name.lower()).strip("-")[:40]
    return Story(client, f"{name}-{uuid.uuid4().hex[:8]}")


@pytest.fixture
def serve(request, tmp_path):
    """Starts servers of the test's own: serve(clock=…, data="a") -> (Server, Client); the same `data`
    continues."""
    started = []

    def start(clock=CLOCK, data="data", extra=()):
        roles = () if "--roles" in extra else roles_of(request)
        running = Server(tmp_path / data, clock, (*roles, *extra)).start()
        client = Client(running.url)
        started.append((running, client))
        return running, client

    yield start
    for running, client in started:
        client.close()
        running.stop()
