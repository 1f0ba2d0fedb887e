"""Channels of alerts as a configuration, for tests that look at what comes out at the other ends
(sinks.py)."""

import base64
import json
import time
from pathlib import Path

from sinks import SmtpSink, WebhookSink

SECRET = "whsec_" + base64.b64encode(b"only for the tests of Geleit 123").decode()


def eventually(what, seconds: float = 20):
    """Its first answer that is true."""
    end = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < end, f"not within {seconds} s"
        time.sleep(0.05)
    return found


class Channels:
    """A configuration with channels, and who listens at their other ends."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.text = '[alert]\npublic_url = "https://geleit.example.org"\n'
        secret = folder / "hook.secret"
        secret.write_text(SECRET + "\n")
        secret.chmod(0o600)
        self.file = folder / "alerts.ndjson"

    def add(self, name: str, kind: str, **settings) -> "Channels":
        lines = [f'name = "{name}"', f'kind = "{kind}"']
        lines += [f"{key} = {json.dumps(value)}" for key, value in settings.items()]
        self.text += "\n[[alert.channel]]\n" + "\n".join(lines) + "\n"
        return self

    def hook(self, sink: WebhookSink, name: str = "hook", **settings) -> "Channels":
        known = {"url": sink.url, "allow_private": True, "timeout_seconds": 2}
        self.add(name, "webhook", **known, **settings)
        self.text += 'secret.file = "hook.secret"\n'
        return self

    def mail(self, sink: SmtpSink, **settings) -> "Channels":
        return self.add(
            "post", "mail", url=sink.url, to=["team@example.org"], starttls="no",
            **{"from": "geleit@example.org", "quiet": False, **settings},
        )

    def ndjson(self) -> "Channels":
        return self.add("datei", "file", path=str(self.file))

    def lines(self) -> list[dict]:
        text = self.file.read_text() if self.file.exists() else ""
        return [json.loads(line) for line in text.splitlines()]

    def arguments(self) -> tuple:
        config = self.folder / "config.toml"
        config.write_text(self.text)
        return ("--config", str(config))


def told_by(request) -> list[dict]:
    """Each alert that a webhook tells of."""
    body = request.json()
    if body["type"] in ("alert.opened", "alert.closed"):
        return [body]
    return [{"type": body["type"], "data": one} for one in body["data"]["alerts"]]
