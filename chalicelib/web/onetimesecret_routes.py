"""
The routes of One Time Secret's API, version 1: the paths that its clients know, old names and new.

Each makes a `Call` of the request and has it answered by one method of `OneTimeSecretApi`. The type
check of Chalice is off (``content_types=[]``), because clients send forms, JSON or nothing.
"""

from __future__ import annotations

from collections.abc import Callable

from chalice.app import Blueprint, Request, Response

from chalicelib.web.onetimesecret import Call, OneTimeSecretApi


def routes(api: Callable[[], OneTimeSecretApi], call_of: Callable[[Request], Call]) -> Blueprint:
    """Return the routes over *api*, which is asked for at each request, as is *call_of* it."""
    v1 = Blueprint(__name__)

    @v1.route("/v1/status", methods=["GET"], content_types=[])
    def v1_status() -> Response:
        return api().status(call_of(v1.current_request))

    @v1.route("/v1/authcheck", methods=["GET"], content_types=[])
    def v1_authcheck() -> Response:
        return api().status(call_of(v1.current_request), anonymous=False)

    @v1.route("/v1/share", methods=["POST"], content_types=[])
    @v1.route("/v1/create", methods=["POST"], content_types=[])
    def v1_share() -> Response:
        return api().share(call_of(v1.current_request))

    @v1.route("/v1/generate", methods=["POST"], content_types=[])
    def v1_generate() -> Response:
        return api().share(call_of(v1.current_request), generated=True)

    @v1.route("/v1/secret/{key}", methods=["POST"], content_types=[])
    def v1_open(key: str) -> Response:
        return api().open(call_of(v1.current_request), key)

    @v1.route("/v1/private/recent", methods=["GET"], content_types=[])
    @v1.route("/v1/metadata/recent", methods=["GET"], content_types=[])
    @v1.route("/v1/receipt/recent", methods=["GET"], content_types=[])
    def v1_recent() -> Response:
        return api().recent(call_of(v1.current_request))

    @v1.route("/v1/private/{key}", methods=["GET", "POST"], content_types=[])
    @v1.route("/v1/metadata/{key}", methods=["GET", "POST"], content_types=[])
    @v1.route("/v1/receipt/{key}", methods=["GET", "POST"], content_types=[])
    def v1_view(key: str) -> Response:
        return api().view(call_of(v1.current_request), key)

    @v1.route("/v1/private/{key}/burn", methods=["POST"], content_types=[])
    @v1.route("/v1/metadata/{key}/burn", methods=["POST"], content_types=[])
    @v1.route("/v1/receipt/{key}/burn", methods=["POST"], content_types=[])
    def v1_burn(key: str) -> Response:
        return api().burn(call_of(v1.current_request), key)

    return v1
