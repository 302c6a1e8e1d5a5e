"""
The HTTP edge: decode, one place that maps errors to statuses, headers.

`endpoint` wraps every route. It is the only place that knows which status goes with which error
(boulder's `web/probs.go` is the model). Unexpected errors pass through to Chalice, which logs them
and responds with an opaque 500; `normalise_chalice_errors` rewrites that body to our format.
"""

from __future__ import annotations

import functools
import hmac
import json
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from http import HTTPStatus
from typing import Any

from botocore.exceptions import ClientError
from chalice.app import Request, Response

from chalicelib import errors
from chalicelib.errors import HallpassError, InvalidInput, NotFound
from chalicelib.web.fields import IDENTIFIER

MAX_BODY_BYTES = 64 * 1024
log = logging.getLogger("hallpass")
STATUS: dict[type[HallpassError], int] = {
    errors.InvalidInput: 400,
    errors.ConsentRejected: 401,
    errors.NotAdministrator: 403,
    errors.WrongPassphrase: 403,
    errors.NotFound: 404,
    errors.GrantExists: 409,
    errors.SecretExists: 409,
    errors.AlreadyOpened: 410,
    errors.GrantEnded: 410,
    errors.SiteUnsupported: 422,
    errors.Locked: 423,
    errors.TooManyRequests: 429,
    errors.DeliveryFailed: 502,
    errors.SiteUnavailable: 422,
    errors.TryAgain: 503,
}
# Answers before the grant was found, or read at all: what stands in its place may be anything.
UNREAD = {400, 404, 405, 415, 429}
# The routes that name their grant in the body; the others about a grant have it in the path.
NAMES_GRANT = {"/users", "/grants", "/tickets"}
# The errors that Chalice itself responds with, as our codes and sentences.
CHALICE_ERRORS = {
    404: ("not_found", "There is nothing here."),
    405: ("method_not_allowed", "That is not something this address can do."),
    415: ("not_json", "Please send JSON (Content-Type: application/json)."),
}
INTERNAL = ("internal_error", "Something went wrong on our side. Please try again in a minute.")
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Type": "application/json",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def endpoint(view: Callable[..., Response]) -> Callable[..., Response]:
    """Turn each `HallpassError` that *view* raises into its status and `{"code", "message", …}`."""

    @functools.wraps(view)
    def wrapped(**path: str) -> Response:
        try:
            return view(**path)
        except HallpassError as error:
            status = STATUS[type(error)]
            if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
                # The route, not the path: ids are public, but the log does not need them.
                log.warning("%s answered %s", view.__name__, error.code, extra=_cause(error))
            return respond(
                status,
                {**error.details(), "code": error.code, "message": error.message},
            )

    return wrapped


@contextmanager
def rename_field(old: str, new: str) -> Iterator[None]:
    """Let an `InvalidInput` for the story's field *old* name *new*, as this request calls it."""
    try:
        yield
    except InvalidInput as error:
        raise InvalidInput(new if error.field == old else error.field, error.message) from error


def grant_of(request: Request, status: int) -> dict[str, str]:
    """
    Return ``grant_id`` for the log, when *request*, answered with *status*, was about a grant.

    Lines of the sweep's workers have the same id, so whoever reads one finds the request. An
    answer that says nothing of the grant gives none: a token may stand where an id belongs.
    """
    if status in UNREAD:
        return {}
    found: object = (request.uri_params or {}).get("grant_id")
    if request.context.get("resourcePath") in NAMES_GRANT:
        with suppress(InvalidInput):
            found = body_of(request).get("grant_id")
    return {"grant_id": found} if isinstance(found, str) and IDENTIFIER.fullmatch(found) else {}


def _cause(error: HallpassError) -> dict[str, str]:
    """Return what caused *error*, for the log: names that hold nothing of the request."""
    cause = error.__cause__
    while isinstance(cause, HallpassError):
        cause = cause.__cause__
    logged = {"cause": type(cause).__name__, "reason": str(error.details().get("reason", ""))}
    if isinstance(cause, ClientError):
        logged["aws"] = f"{cause.operation_name} {cause.response['Error'].get('Code')}"
    return logged


def respond(status: int, body: Mapping[str, object] | None = None) -> Response:
    """Return a response with *body* as JSON that no cache may store; without a body for 204."""
    text = "" if body is None else json.dumps(body, ensure_ascii=False)
    return Response(body=text, status_code=status, headers=dict(HEADERS))


def normalise_chalice_errors(event: Request, call: Callable[[Request], Response]) -> Response:
    """
    Rewrite Chalice's own 404/405/415/500 bodies to our error format. An HTTP middleware.

    *call* runs the route; Chalice's own bodies are the only ones that are dicts.
    """
    response = call(event)
    if isinstance(response.body, dict) and set(response.body) == {"Code", "Message"}:
        code, message = CHALICE_ERRORS.get(response.status_code, INTERNAL)
        allow = response.headers.get("Allow")
        response = respond(response.status_code, {"code": code, "message": message})
        if allow:
            response.headers["Allow"] = allow
    return response


def body_of(request: Request | None) -> dict[str, Any]:
    """
    Return the request's JSON object.

    Raises:
        InvalidInput: Field ``body``: too large, not UTF-8, not JSON, or not an object.
    """
    raw = b"" if request is None else request.raw_body
    if len(raw) > MAX_BODY_BYTES:
        raise InvalidInput("body", "That is too much at once; 64 KB are allowed.")
    try:
        body = json.loads(raw, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise InvalidInput("body", "The request is not valid JSON.") from None
    if not isinstance(body, dict):
        raise InvalidInput("body", "The request must be a JSON object.")
    return body


def optional_body_of(request: Request | None) -> dict[str, Any]:
    """Return the request's JSON object, or an empty one when nothing was sent."""
    return body_of(request) if request is not None and request.raw_body else {}


def path_id(value: str) -> str:
    """Return an id from the path; raise `NotFound` for what cannot be one."""
    if not IDENTIFIER.fullmatch(value):
        raise NotFound
    return value


def bearer(request: Request | None) -> str:
    """
    Return the token of ``Authorization: Bearer`` (RFC 6750).

    Raises:
        NotFound: None, or not one that we could have: the same answer as to a wrong token.
    """
    header = "" if request is None else str(request.headers.get("authorization", ""))
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not IDENTIFIER.fullmatch(token.strip()):
        raise NotFound
    return token.strip()


def visitor_ip(request: Request | None, edge_key: str) -> str:
    """
    Return the visitor's IP address as CloudFront names it, else as the gateway saw it.

    Any client may call the gateway directly and write any header, so ``x-hallpass-viewer`` counts
    only beside the *edge_key*, which CloudFront adds. ``X-Forwarded-For`` is never read.
    """
    if request is None:
        return ""
    sent_key = str(request.headers.get("x-hallpass-edge", ""))
    source_ip = str(request.context.get("identity", {}).get("sourceIp", ""))
    if edge_key and hmac.compare_digest(sent_key.encode(), edge_key.encode()):
        return str(request.headers.get("x-hallpass-viewer", "")) or source_ip
    return source_ip


def _no_constant(name: str) -> object:
    """Refuse NaN and Infinity, which are not JSON (RFC 8259)."""
    raise ValueError(name)
