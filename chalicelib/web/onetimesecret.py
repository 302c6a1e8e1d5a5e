"""
One Time Secret's API, version 1, as its clients know it: paths, fields, statuses and messages.

Upstream answers nearly every error with 404 and says the status it means in a header. Each method
here counts the request before it reads it, and answers; `onetimesecret_routes` has the paths.
Nothing of a request is logged: the gateway's access log has the route, and the events below have a
short hash.

Source: onetimesecret/onetimesecret, ``apps/api/v1``; docs/decisions.md says where Hallpass differs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from chalice.app import Request, Response

from chalicelib.errors import Locked, NotFound, TooManyRequests, TryAgain, WrongPassphrase
from chalicelib.onetime.accounts import Accounts, SignedIn
from chalicelib.onetime.shared import SharedSecrets, generate
from chalicelib.patterns import pattern
from chalicelib.rate_limits.bounds import OtsAction
from chalicelib.rate_limits.limits import Limits
from chalicelib.settings import ApiMode
from chalicelib.values import dataclass
from chalicelib.web import onetimesecret_fields as sent
from chalicelib.web.endpoint import HEADERS
from chalicelib.web.onetimesecret_render import Json, as_json, listed, log_event, meant, receipt

MIN_KEY_CHARACTERS = 20
MAX_SECRET_BYTES = 10_000
MIN_PASSPHRASE_CHARACTERS, MAX_PASSPHRASE_CHARACTERS = 4, 128
DEFAULT_PASSWORD_CHARACTERS, MAX_PASSWORD_CHARACTERS = 12, 128
DOMAIN = pattern(r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}", re.IGNORECASE)
UNKNOWN, NOT_FOUND = "Unknown secret", "Not Found"


@dataclass(frozen=True, slots=True)
class Call:
    """One request, where it came from and when: epoch seconds."""

    headers: Mapping[str, str]
    query: Mapping[str, list[str]]
    body: bytes
    ip: str
    now: int

    @classmethod
    def of(cls, request: Request, ip: str, now: int) -> Call:
        """Return *request* as Chalice has it."""
        raw, query = request.raw_body, request.query_params
        lists = {name: query.getlist(name) for name in query} if query else {}
        return cls(request.headers, lists, raw if isinstance(raw, bytes) else raw.encode(), ip, now)

    def fields(self) -> sent.Fields:
        """Return what was sent; raise `Refused` or `Unreadable`."""
        if len(self.body) > sent.MAX_BODY_BYTES:
            raise Refused(f"Secret value exceeds the maximum size of {MAX_SECRET_BYTES} bytes")
        return sent.read(self.body, str(self.headers.get("content-type", "")), self.query)


class Refused(Exception):
    """The request is wrong as *message* says; *meant* is the status that upstream means."""

    def __init__(self, message: str, meant: int = 400) -> None:
        self.message, self.meant = message, meant


@dataclass(frozen=True, slots=True)
class OneTimeSecretApi:
    """The API over the parts; `public_url` is the origin of pages and links."""

    shared: SharedSecrets
    accounts: Accounts
    limits: Limits
    mode: ApiMode
    public_url: str

    def status(self, call: Call, *, anonymous: bool = True) -> Response:
        """Answer ``status``, and ``authcheck``, which no *anonymous* caller may ask."""

        def respond() -> Response:
            self._caller(call, "ots_receipt", anonymous=anonymous)
            return as_json({"status": "nominal", "locale": "en"})

        return self._respond(call, respond)

    def share(self, call: Call, *, generated: bool = False) -> Response:
        """Answer ``share``, and ``generate``, which makes the text itself."""

        def respond() -> Response:
            by = self._caller(call, "ots_create", anonymous=self.mode == "open")
            fields = call.fields()
            text = generate(_length(fields)) if generated else sent.text(fields, "secret")
            passphrase = self._checked(fields, text, by)
            ttl = sent.whole(fields, "ttl")
            made = self.shared.share(text, passphrase, ttl, by, now=call.now)
            log_event(
                "created", made.receipt.secret_id, len(text.encode()), made.receipt.passphrase, by
            )
            shown = receipt(made, by, self.public_url, call.now, value=text if generated else None)
            return as_json(shown)

        return self._respond(call, respond)

    def open(self, call: Call, key: str) -> Response:
        """Answer ``secret/KEY``: the text, once."""

        def respond() -> Response:
            by = self._caller(call, "ots_reveal")
            passphrase = sent.text(call.fields(), "passphrase")
            text, secret_id = self.shared.open(key, passphrase, now=call.now)
            log_event("opened", secret_id, len(text.encode()), bool(passphrase), by)
            return as_json({"value": text, "secret_key": key, "share_domain": self.public_url})

        return self._respond(call, respond, key)

    def view(self, call: Call, key: str) -> Response:
        """Answer ``private/KEY``: what became of the secret."""

        def respond() -> Response:
            by = self._caller(call, "ots_receipt")
            made = self.shared.view(key, now=call.now)
            return as_json(receipt(made, by, self.public_url, call.now))

        return self._respond(call, respond, key)

    def burn(self, call: Call, key: str) -> Response:
        """Answer ``private/KEY/burn``."""

        def respond() -> Response:
            by = self._caller(call, "ots_reveal")
            passphrase = sent.text(call.fields(), "passphrase")
            burned, secret_key = self.shared.burn(key, passphrase, now=call.now)
            log_event("burned", burned.receipt.secret_id, 0, burned.receipt.passphrase, by)
            state = receipt(burned, by, self.public_url, call.now)
            return as_json({"state": state, "secret_shortkey": secret_key[:8]})

        return self._respond(call, respond, key)

    def recent(self, call: Call) -> Response:
        """Answer ``private/recent``: the account's receipts, the oldest first, without a key."""

        def respond() -> Response:
            by = self._caller(call, "ots_receipt", anonymous=False)
            if by is None:
                raise Refused("Not authorized", 401)
            made = self.shared.recent(by, now=call.now)
            return as_json([listed(one, by, self.public_url, call.now) for one in made])

        return self._respond(call, respond)

    def _respond(  # noqa: PLR0911 - one answer for each error
        self, call: Call, respond: Callable[[], Response], key: str | None = None
    ) -> Response:
        """Return what *respond* returns, or upstream's answer to the error that it raises."""
        unknown: Json = {} if key is None else {"secret_key": key}
        try:
            if self.mode == "off":
                return as_json({"message": NOT_FOUND}, 404)
            if key is not None and len(key) < MIN_KEY_CHARACTERS:
                self._caller(call, "ots_receipt")
                return as_json({"message": NOT_FOUND}, 404)
            return respond()
        except Refused as refused:
            return as_json({"message": refused.message}, 404, meant(refused.meant))
        except (sent.Unreadable, UnicodeEncodeError):
            return Response(body="", status_code=400, headers=dict(HEADERS))
        except WrongPassphrase:
            return as_json({"message": "Double check that passphrase"}, 404, meant(400))
        except Locked as locked:
            later = {"Retry-After": str(locked.unlocks_at - call.now)}
            return as_json({**unknown, "message": UNKNOWN}, 404, later)
        except NotFound:
            return as_json({**unknown, "message": UNKNOWN}, 404)
        except TooManyRequests as over:
            message = "Rate limit exceeded. Please try again later."
            later = {"Retry-After": str(over.retry_after), **meant(400)}
            return as_json({"message": message}, 404, later)
        except TryAgain as busy:
            return as_json({"message": busy.message}, 503)

    def _caller(self, call: Call, action: OtsAction, *, anonymous: bool = True) -> SignedIn | None:
        """Count the request; return its account, or None for a caller who may be *anonymous*."""
        header = call.headers.get("authorization")
        if header is None:
            self.limits.admit_ots(action, ip=call.ip, account="", now=call.now)
            if not anonymous:
                raise Refused("Not authorized", 401)
            return None
        pair = sent.credentials(str(header))
        by = self.accounts.sign_in(*pair) if pair is not None else None
        if by is None:
            self.limits.admit_ots("ots_sign_in", ip=call.ip, account="", now=call.now)
            raise Refused("Not authorized", 401)
        self.limits.admit_ots(action, ip=call.ip, account=by.name, now=call.now)
        return by

    def _checked(self, fields: sent.Fields, text: str, by: SignedIn | None) -> str:
        """Check a request to share *text* in upstream's order, and return its passphrase."""
        if len(text.encode()) > MAX_SECRET_BYTES:
            raise Refused(f"Secret value exceeds the maximum size of {MAX_SECRET_BYTES} bytes")
        if sent.several(fields, "recipient"):
            # A mail with a link in it would be a stranger's words to a stranger.
            known = "This server sends no emails. Please pass the link on yourself."
            raise Refused(known if by is not None else "An account is required to send emails.")
        domain = sent.text(fields, "share_domain").strip()
        if DOMAIN.fullmatch(domain) and domain.lower() != self.public_url.partition("://")[2]:
            refused = "Unknown" if by is not None else "You do not have permission to use"
            raise Refused(f"{refused} domain: {domain}")
        passphrase = sent.text(fields, "passphrase")
        if passphrase and len(passphrase) < MIN_PASSPHRASE_CHARACTERS:
            raise Refused(
                f"Passphrase must be at least {MIN_PASSPHRASE_CHARACTERS} characters long"
            )
        if len(passphrase) > MAX_PASSPHRASE_CHARACTERS:
            raise Refused(
                f"Passphrase must be no more than {MAX_PASSPHRASE_CHARACTERS} characters long"
            )
        if not text:
            raise Refused("You did not provide anything to share")
        return passphrase


def _length(fields: sent.Fields) -> int:
    length = sent.whole(fields, "length")
    if length is None:
        return DEFAULT_PASSWORD_CHARACTERS
    if length > MAX_PASSWORD_CHARACTERS:
        limit = f"no more than {MAX_PASSWORD_CHARACTERS} characters"
        raise Refused(f"Generated password length must be {limit}")
    if length < 1:
        raise Refused("An unexpected error occurred :[")
    return length
