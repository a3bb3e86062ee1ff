"""Sign-in of operators with outside accounts: OpenID Connect, code flow with PKCE.

OpenID Connect Core 1.0 § 3.1, Discovery 1.0, RP-Initiated Logout 1.0, RFC 7636 (PKCE, S256),
RFC 9207 (``iss`` in the answer). The provider's metadata and keys are fetched at each sign-in, so
that a changed key is known at once; operators sign in a few times a day.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from joserfc import jwt
from joserfc.errors import JoseError

from intake.accounts.oidc_keys import NoFittingKey, verified
from intake.accounts.operators import ROLES
from intake.errors import BackendError, NotAllowed
from intake.network.http import Outgoing
from intake.settings import Oidc

LEEWAY_SECONDS = 60
ANSWER_SECONDS = 10.0


class NotSignedIn(NotAllowed):
    """The sign-in failed; ``code`` selects the sentence that the page shows."""

    default_code = "oidc_refused"


@dataclass(frozen=True, slots=True)
class Attempt:
    """The secrets of one sign-in, kept in a cookie until the browser returns from the provider."""

    next: str
    state: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    nonce: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48))

    def kept(self) -> dict[str, str]:
        """The values for the browser's cookie."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Person:
    """The person who signed in. ``subject``: issuer and subject, which never change for a
    person."""

    subject: str
    name: str
    role: str


class Provider:
    """The OpenID Connect provider of the settings."""

    def __init__(self, options: Oidc, outgoing: Outgoing) -> None:
        self._options, self._outgoing = options, outgoing

    async def address(self, attempt: Attempt, redirect_uri: str) -> str:
        """The URL where the browser signs in. Raises `BackendError` if the provider is down."""
        known = await self._metadata()
        challenge = hashlib.sha256(attempt.verifier.encode()).digest()
        asked = {
            "response_type": "code",
            "client_id": self._options.client_id,
            "redirect_uri": redirect_uri,
            "scope": " ".join(self._options.scopes),
            "state": attempt.state,
            "nonce": attempt.nonce,
            "code_challenge": base64.urlsafe_b64encode(challenge).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        endpoint = str(known["authorization_endpoint"])
        return endpoint + ("&" if urlsplit(endpoint).query else "?") + urlencode(asked)

    async def person(
        self, answer: Mapping[str, str], attempt: Attempt, redirect_uri: str
    ) -> Person:
        """The person who signed in; ``answer`` is the query of the callback.

        Raises `NotSignedIn` when the provider refused, or the answer is not to this attempt, not
        signed by the provider or not meant for us; `BackendError` when the provider is down.
        """
        if not secrets.compare_digest(answer.get("state", "").encode(), attempt.state.encode()):
            raise NotSignedIn("The answer is to another attempt.")
        if answer.get("iss") not in (None, self._options.issuer):
            raise NotSignedIn("The answer is from another issuer.")
        if not answer.get("code"):
            raise NotSignedIn("The provider refused.")
        known = await self._metadata()
        tokens = await self._redeem(known, answer["code"], attempt, redirect_uri)
        claims = await self._verified(known, tokens, attempt)
        if self._lacks(claims) and known.get("userinfo_endpoint"):
            claims = {**await self._more(known, tokens, claims["sub"]), **claims}
        return self._person(claims)

    async def sign_out_address(self, back: str) -> str | None:
        """The URL where the browser signs out at the provider, which then sends it to ``back``.

        None when the provider has no such page (RP-Initiated Logout 1.0 § 2). The token of the
        sign-in is not kept, so that no hint is sent with it: the provider may ask who signs out.
        Raises `BackendError` when the provider is down.
        """
        known = await self._metadata()
        endpoint = known.get("end_session_endpoint")
        if not isinstance(endpoint, str) or urlsplit(endpoint).scheme not in ("https", "http"):
            return None
        asked = {
            "client_id": self._options.client_id,
            "post_logout_redirect_uri": back,
        }
        return endpoint + ("&" if urlsplit(endpoint).query else "?") + urlencode(asked)

    async def _metadata(self) -> dict[str, Any]:
        well_known = f"{self._options.issuer.rstrip('/')}/.well-known/openid-configuration"
        known = await self._json("GET", well_known)
        needed = ("authorization_endpoint", "token_endpoint", "jwks_uri")
        if known.get("issuer") != self._options.issuer or not all(
            isinstance(known.get(key), str) for key in needed
        ):
            raise BackendError(
                f"{well_known} is not that of {self._options.issuer}; mend desk.oidc.issuer.",
                code="oidc_metadata",
                retryable=False,
            )
        return known

    async def _redeem(
        self, known: dict[str, Any], code: str, attempt: Attempt, redirect_uri: str
    ) -> dict[str, Any]:
        client, headers = self._options.client_id, {}
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": attempt.verifier,
        }
        if self._options.client_secret_file is None:
            form["client_id"] = client
        else:
            secret = self._options.client_secret_file.read_text().strip()
            methods = known.get("token_endpoint_auth_methods_supported")
            if methods and "client_secret_basic" not in methods:
                form |= {"client_id": client, "client_secret": secret}
            else:  # RFC 6749 § 2.3.1: id and secret are form-encoded first
                pair = f"{quote(client, safe='')}:{quote(secret, safe='')}"
                headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        return await self._json("POST", known["token_endpoint"], data=form, headers=headers)

    async def _verified(
        self, known: dict[str, Any], tokens: dict[str, Any], attempt: Attempt
    ) -> dict[str, Any]:
        client = self._options.client_id
        published = await self._json("GET", known["jwks_uri"])
        rules = jwt.JWTClaimsRegistry(
            leeway=LEEWAY_SECONDS,
            iss={"essential": True, "value": self._options.issuer},
            aud={"essential": True, "value": client},
            sub={"essential": True},
            exp={"essential": True},
            iat={"essential": True},
            nonce={"essential": True, "value": attempt.nonce},
        )
        try:
            token = verified(str(tokens["id_token"]), published)
            rules.validate(token.claims)
        except NoFittingKey as error:
            if error.lacking is not None:
                raise BackendError(
                    f"{known['jwks_uri']} publishes no key that can be used here to check this"
                    f" sign-in: {error.lacking}. Have the provider sign with RSA of 2048 bits or"
                    " more, ECDSA (P-256, P-384, P-521), Ed25519 or Ed448.",
                    code="oidc_no_key",
                    retryable=False,
                ) from None
            raise NotSignedIn("The id token is not signed with a published key.") from None
        except (JoseError, LookupError, ValueError, TypeError, AttributeError) as error:
            raise NotSignedIn(f"The id token is invalid ({type(error).__name__}).") from None
        several = isinstance(token.claims["aud"], list) and len(token.claims["aud"]) > 1
        if token.claims.get("azp", None if several else client) != client:
            raise NotSignedIn("The id token is for another client.")
        return dict(token.claims)

    async def _more(
        self, known: dict[str, Any], tokens: dict[str, Any], subject: str
    ) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {tokens.get('access_token', '')}"}
        found = await self._json("GET", known["userinfo_endpoint"], headers=headers)
        # Core § 5.3.2: the subject must be compared, else another person's claims could be used.
        return found if found.get("sub") == subject else {}

    def _lacks(self, claims: Mapping[str, Any]) -> bool:
        wanted = (self._options.name_claim, self._options.role_claim)
        return any(claim and _at(claims, claim) is None for claim in wanted)

    def _person(self, claims: Mapping[str, Any]) -> Person:
        name = _at(claims, self._options.name_claim) or claims.get("preferred_username")
        if not isinstance(name, str):
            raise NotSignedIn(f"There is no claim {self._options.name_claim}; mend name_claim.")
        found = _at(claims, self._options.role_claim) if self._options.role_claim else None
        values = found if isinstance(found, list) else [found]
        fitting = [self._options.roles[v] for v in values if v in self._options.roles]
        role = max(fitting, key=ROLES.index, default=self._options.default_role)
        if role is None:
            raise NotSignedIn("No role of this account is one of ours.", code="oidc_no_role")
        return Person(f"{self._options.issuer}#{claims['sub']}", name, role)

    async def _json(
        self,
        method: str,
        url: str,
        *,
        data: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        answer = await self._outgoing.request(
            method,
            url,
            data=data,
            headers={"Accept": "application/json", **(headers or {})},
            timeout_seconds=ANSWER_SECONDS,
            allow_networks=self._options.allow_networks,
            ca_file=self._options.ca_file,
        )
        try:
            found = answer.json()
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise BackendError(
                f"{urlsplit(url).hostname} did not answer with a JSON object.",
                code="oidc_answer",
                retryable=False,
            )
        return found


def _at(claims: Mapping[str, Any], path: str) -> Any:
    """The claim named ``path``; if there is none, the nested claim, with dots as separators."""
    if path in claims:
        return claims[path]
    found: Any = claims
    for part in path.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found
