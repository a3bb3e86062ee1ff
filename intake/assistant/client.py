"""The HTTP client of Rasa, and the command that starts Rasa; no other file knows Rasa's URLs.

Rasa listens on a socket in a folder of ours, because its chat webhook checks no token (its API
does), and reaches the action server by another. A reply without any message counts as a failure: it
is what Rasa sends when its action server is down.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx

from intake.assistant.training import QUIET
from intake.errors import AssistantError
from intake.processes.private_sockets import path_of
from intake.understanding.fields import ASKED_NAMES

FORM = "request_form"
"""The form in which a request is arranged (bot/domain.yml)."""


@dataclass(frozen=True, slots=True)
class IntentRanking:
    """The likely categories and intents: (code, confidence 0..1), best first, at most five.

    `danger` is the probability, 0..1, that somebody is in danger now.
    """

    ranking: tuple[tuple[str, float], ...]
    danger: float = 0.0

    @property
    def best(self) -> tuple[str, float]:
        """The likeliest code and its confidence."""
        return self.ranking[0]


@dataclass(frozen=True, slots=True)
class Reply:
    """One message to the resident. ``data``: attached by an action, never shown to the resident."""

    text: str
    data: Mapping[str, Any]


class Assistant:
    """A client of one Rasa server; safe to share within an event loop. Close it at the end.

    ``url``: a URL, or a socket's ``unix:<path>``. ``timeout_seconds``: the longest wait for one
    answer; ``talk_seconds``: the same for `talk` and `remember`.
    """

    def __init__(
        self,
        url: str,
        *,
        timeout_seconds: float,
        token: str | None,
        talk_seconds: float | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._token = {"token": token} if token else {}
        self._talk_seconds = talk_seconds or timeout_seconds
        if (path := path_of(url)) is not None:
            url, transport = "http://rasa", httpx.AsyncHTTPTransport(uds=path)
        self._client = httpx.AsyncClient(
            base_url=url, timeout=timeout_seconds, trust_env=False, transport=transport
        )

    async def parse(self, text: str) -> IntentRanking:
        """Classify `text`. Raises AssistantError (retryable unless Rasa refuses our token)."""
        found = await self._post("/model/parse", {"text": text}, params=self._token)
        try:
            ranking = tuple(
                (str(i["name"]), float(i["confidence"])) for i in found["intent_ranking"]
            )
            danger = float(found.get("danger") or 0.0)
        except (TypeError, KeyError, ValueError):
            raise AssistantError(
                "Rasa answered in a form we don't know.", code="assistant_unclear"
            ) from None
        if not ranking:
            raise AssistantError("Rasa has no model loaded.", code="assistant_no_model")
        return IntentRanking(ranking, danger)

    async def parse_heard(self, text: str, alternatives: Sequence[str]) -> IntentRanking:
        """`parse` for a transcription; `alternatives` are its alternative transcripts.

        The danger is that of the text or the mean over text and alternatives, whichever is higher:
        alternative transcripts may reveal a cry for help that the best one garbles. Raises
        AssistantError.
        """
        best = await self.parse(text)
        others = [(await self.parse(other)).danger for other in alternatives]
        mean = (best.danger + sum(others)) / (1 + len(others))
        return replace(best, danger=max(best.danger, mean))

    async def talk(
        self, sender: str, text: str, metadata: Mapping[str, Any] | None = None
    ) -> list[Reply]:
        """Send `text` to `sender`'s conversation; return at least one reply.

        Raises AssistantError.
        """
        message = {"sender": sender, "message": text, "metadata": dict(metadata or {})}
        found = await self._post("/webhooks/rest/webhook", message, seconds=self._talk_seconds)
        try:
            replies = [Reply(str(r.get("text") or ""), r.get("custom") or {}) for r in found]
        except (TypeError, AttributeError):
            raise AssistantError(
                "Rasa answered in a form we don't know.", code="assistant_unclear"
            ) from None
        if not any(reply.text or reply.data for reply in replies):
            raise AssistantError(
                "Rasa gave no answer; the action server may be down.", code="assistant_silent"
            )
        return replies

    async def remember(self, sender: str, events: Sequence[Mapping[str, Any]]) -> None:
        """Store events of a conversation that is new to Rasa. Raises AssistantError.

        A conversation that Rasa knows keeps its earlier events: Rasa's SQL store only adds events.
        """
        path = f"/conversations/{quote(sender, safe='')}/tracker/events"
        await self._post(
            path, list(events), params=self._token, seconds=self._talk_seconds, method="PUT"
        )

    async def alive(self) -> bool:
        """Does Rasa answer, with a model loaded? Never raises."""
        try:
            answer = await self._client.get("/status", params=self._token)
            return answer.status_code == 200 and bool(answer.json().get("model_file"))
        except (httpx.HTTPError, ValueError, AttributeError):
            return False

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _post(
        self,
        path: str,
        body: Any,
        params: Mapping[str, str] | None = None,
        *,
        seconds: float | None = None,
        method: str = "POST",
    ) -> Any:
        timeout = httpx.USE_CLIENT_DEFAULT if seconds is None else seconds
        try:
            answer = await self._client.request(
                method, path, json=body, params=params, timeout=timeout
            )
        except httpx.TimeoutException:
            raise AssistantError("Rasa took too long to answer.", code="assistant_slow") from None
        except httpx.HTTPError:
            raise AssistantError("Rasa can't be reached.") from None
        if answer.status_code in (401, 403):
            raise AssistantError(
                "Rasa refuses our token; both must read the same token_file.",
                code="assistant_refused",
                retryable=False,
            )
        if answer.status_code != 200:
            raise AssistantError(
                f"Rasa answered {answer.status_code}.", code="assistant_failed", retryable=True
            )
        try:
            return answer.json()
        except ValueError:
            raise AssistantError(
                "Rasa answered in a form we don't know.", code="assistant_unclear"
            ) from None


def tracker_events(requested: str) -> list[dict[str, Any]]:
    """The events of a conversation whose form is open and asks for the slot `requested`.

    The events of a session's start come first: without them Rasa starts a session and drops the
    other events.
    """
    listen = {"event": "action", "name": "action_listen"}
    return [
        {"event": "action", "name": "action_session_start"},
        {"event": "session_started"},
        listen,
        {"event": "active_loop", "name": FORM},
        {"event": "slot", "name": "requested_slot", "value": requested},
        listen,
    ]


def actions_environment(*, intake_url: str, token: str) -> dict[str, str]:
    """Environment variables of the action server (actions/talk.py, actions/request.py)."""
    return {
        "HUYING_INTAKE_URL": intake_url,
        "HUYING_INTERNAL_TOKEN": token,
        "HUYING_FIELDS": ",".join(ASKED_NAMES),
    }


def tracker_file(home: Path) -> Path:
    """The file in which Rasa stores conversations when it is given no database."""
    return home.resolve() / "rasa" / "conversations.db"


@dataclass(frozen=True, slots=True)
class Start:
    """How to start a process: arguments, additional environment variables, working folder."""

    argv: list[str]
    env: dict[str, str]
    cwd: Path


def rasa_command(
    *,
    python: Path,
    root: Path,
    model: Path,
    url: str,
    home: Path,
    token: str,
    actions_url: str,
    tracker_url: str | None = None,
    threads: int = 1,
) -> Start:
    """How to start Rasa with `model`, telemetry off.

    `url` is the socket on which it listens and `actions_url` that of the action server, both as
    ``unix:<path>`` in a folder that only we can enter.

    The token is passed in the environment, which only the same user can read, and not on the
    command line, which everybody can read (see ``bot/serve.py``). `tracker_url`: the database in
    which Rasa stores conversations; default: a file in the data folder `home`. `threads`: threads
    for the sentence embedding.
    """
    cwd = (home / "rasa").resolve()
    cwd.mkdir(parents=True, exist_ok=True)
    argv = [str(python), "-m", "bot.serve"]
    argv += ["--model", str(model.resolve()), "--endpoints", str(root / "bot" / "endpoints.yml")]
    argv += ["--credentials", str(root / "bot" / "credentials.yml")]
    env = {
        **QUIET,
        "PYTHONPATH": str(root),
        "HUYING_ASSISTANT_TOKEN": token,
        "HUYING_ASSISTANT_SOCKET": _socket(url),
        "HUYING_ACTIONS_SOCKET": _socket(actions_url),
        "HUYING_TRACKER_URL": tracker_url or f"sqlite:///{tracker_file(home)}",
        "OMP_NUM_THREADS": str(threads),
        "TF_NUM_INTRAOP_THREADS": "1",
        "TF_NUM_INTEROP_THREADS": "1",
        "SANIC_WORKERS": "1",
    }
    return Start(argv, env, cwd)


def actions_command(python: str, url: str) -> list[str]:
    """The command that starts the action server on the socket `url` (``unix:<path>``)."""
    return [python, "-m", "actions", "--socket", _socket(url)]


def _socket(url: str) -> str:
    path = path_of(url)
    if path is None:
        raise ValueError(f"{url} is no socket of ours")
    return path
