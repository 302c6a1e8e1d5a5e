"""The front door: one loopback origin for pages, API and mailbox, as CloudFront is on AWS.

    python -m infra.local.frontdoor --port 8000 --stack hallpass-local --log FILE

It answers pages from the stack's bucket and passes `/api/*` to the deployed API
Gateway, both as the deployed distribution says (infra/local/cloudfront.py).
`/_mail` lists the mails that SES took, as a page or (`Accept: application/json`)
as data, and `/_events` the events on the bus. The usual AWS_ variables name the account.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import re
import resource
from typing import Any

import boto3
from aiohttp import ClientError, ClientSession, ClientTimeout, TCPConnector, web
from aiohttp.abc import AbstractAccessLogger
from botocore.config import Config
from botocore.exceptions import ClientError as AwsError
from multidict import CIMultiDict

from infra.local import cloudfront, events, mailbox
from infra.local.ports import HOST

# Each request in flight occupies a process of the emulated Lambda; the others wait here.
MAX_REQUESTS_IN_FLIGHT = 16
MAX_WAITING_CONNECTIONS = 8192
KEY_IN_PATH = re.compile(r"^((?:/api/v1)?/(?:secret|private|metadata|receipt)/)(?!recent$)[^/]+")
# Wherever else a part of a path is as long as a key: clients join addresses with a slash too many.
LIKE_A_KEY = re.compile(r"(?<=/)[^/.]{20,}(?=/|$)")
MAX_ADDRESS_BYTES = 8192  # As CloudFront's own limits, of this and of all headers together.
MAX_HEADER_BYTES = 32_768
MAX_LINE_BYTES = (
    1024 * 1024
)  # Of what is longer, aiohttp's own answer and log repeat the beginning.
MAX_BODY_BYTES = 10 * 1024 * 1024  # As API Gateway's own limit.
API_TIMEOUT = ClientTimeout(total=None, sock_read=60)


class RouteLog(AbstractAccessLogger):
    """
    Logs each request without its query: WordPress may return a consent key in one.

    Clients of One Time Secret put keys into paths; here and on AWS no log has them.
    """

    def log(self, request: web.BaseRequest, response: web.StreamResponse, time: float) -> None:
        """Log method, path without keys, status, size in bytes and time in seconds."""
        self.logger.info(
            "%s %s %s %s %.3fs",
            request.method,
            LIKE_A_KEY.sub("{key}", KEY_IN_PATH.sub(r"\1{key}", request.rel_url.raw_path)),
            response.status,
            response.body_length,
            time,
        )


class FrontDoor:
    """Serves one deployed stack."""

    def __init__(self, stack: str) -> None:
        config = Config(max_pool_connections=32)
        cloudformation = boto3.client("cloudformation", config=config)
        described = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]["Outputs"]
        outputs = {output["OutputKey"]: output["OutputValue"] for output in described}
        self._s3 = boto3.client("s3", config=config)
        self._sqs: Any = boto3.client("sqs", config=config)
        self._bucket = outputs["SiteBucketName"]
        client = boto3.client("cloudfront", config=config)
        self._distribution = cloudfront.read(client, outputs["SiteId"])
        self._aws = os.environ["AWS_ENDPOINT_URL"]
        self._api = f"{self._aws}/_aws/execute-api/{outputs['RestAPIId']}"

    def application(self) -> web.Application:
        """Return the routes."""
        app = web.Application(client_max_size=MAX_BODY_BYTES)
        app.cleanup_ctx.append(self._with_client)
        app.router.add_get("/_mail", self.mail)
        app.router.add_get("/_events", self.events)
        app.router.add_route("*", "/{path:.*}", self.serve)
        return app

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Answer as the distribution would."""
        behaviour = self._distribution.behaviour(request.path)
        sent = sum(len(name) + len(value) for name, value in request.raw_headers)
        if len(request.raw_path) > MAX_ADDRESS_BYTES:
            return self._problem(414, "too_large", "The address is too long.", behaviour)
        if sent > MAX_HEADER_BYTES:
            return self._problem(431, "too_large", "The headers are too long.", behaviour)
        if behaviour.origin == "api":
            return await self._from_api(request, behaviour)
        return await self._from_bucket(request, behaviour)

    async def mail(self, request: web.Request) -> web.Response:
        """Answer with the mails: oldest first as data, newest first as a page."""
        async with self._client.get(f"{self._aws}/_ministack/ses/messages") as response:
            mails = mailbox.mails(await response.json())
        if "application/json" in request.headers.get("Accept", ""):
            return web.json_response(mails, headers={"Cache-Control": "no-store"})
        return web.Response(
            text=mailbox.page(mails),
            content_type="text/html",
            headers={"Cache-Control": "no-store", "Content-Security-Policy": mailbox.CSP},
        )

    async def events(self, _: web.Request) -> web.Response:
        """Answer with the events that were put on the bus, oldest first."""
        queue = await asyncio.to_thread(self._sqs.get_queue_url, QueueName=events.QUEUE)
        asked = {"QueueUrl": queue["QueueUrl"]}
        async with self._client.get(f"{self._aws}/_ministack/sqs/messages", params=asked) as answer:
            listed = events.listed(await answer.json())
        return web.json_response(listed, headers={"Cache-Control": "no-store"})

    async def _with_client(self, _: web.Application) -> Any:  # noqa: ANN401  aiohttp's own shape.
        connector = TCPConnector(limit=MAX_REQUESTS_IN_FLIGHT)
        async with ClientSession(
            connector=connector, auto_decompress=False, timeout=API_TIMEOUT
        ) as self._client:
            yield

    async def _from_api(
        self, request: web.Request, behaviour: cloudfront.Behaviour
    ) -> web.StreamResponse:
        if request.headers.get("Content-Encoding", "identity").lower() != "identity":
            # AWS passes the compressed bytes on, which are no JSON; aiohttp would unpack them.
            return self._problem(400, "invalid_input", "Please send the body as it is.", behaviour)
        sent = behaviour.request_headers(request.headers, request.remote or "")
        try:
            body = await request.read()
        except web.HTTPRequestEntityTooLarge:
            return self._problem(413, "too_large", "The request is too large.", behaviour)
        try:
            upstream = await self._client.request(
                request.method,
                self._api + request.raw_path,
                headers=sent,
                skip_auto_headers=("Content-Type", "User-Agent"),  # Only what the visitor sent.
                data=body or None,
                allow_redirects=False,
            )
        except (ClientError, TimeoutError):
            return self._problem(502, "unavailable", "The service did not answer.", behaviour)
        async with upstream:
            got = CIMultiDict(
                (k, v)
                for k, v in upstream.headers.items()
                if k.lower() not in cloudfront.HOP_BY_HOP
            )
            behaviour.add_headers(got)
            response = web.StreamResponse(
                status=upstream.status, reason=upstream.reason, headers=got
            )
            await response.prepare(request)
            async for chunk in upstream.content.iter_any():
                await response.write(chunk)
            await response.write_eof()
        return response

    def _problem(
        self, status: int, code: str, message: str, behaviour: cloudfront.Behaviour
    ) -> web.Response:
        answer: CIMultiDict[str] = CIMultiDict()
        behaviour.add_headers(answer)
        problem = {"code": code, "message": message}
        if status == web.HTTPBadRequest.status_code:
            problem["field"] = "body"
        return web.json_response(problem, status=status, headers=answer)

    async def _from_bucket(
        self, request: web.Request, behaviour: cloudfront.Behaviour
    ) -> web.StreamResponse:
        answer: CIMultiDict[str] = CIMultiDict()
        behaviour.add_headers(answer)
        if request.method not in {"GET", "HEAD"}:
            return web.Response(status=403, text="Only GET and HEAD.\n", headers=answer)
        path = behaviour.page_at(request.path)
        if path == request.path.removesuffix("/") != request.path:
            answer["Location"] = path
            return web.Response(status=301, headers=answer)
        key = path.lstrip("/") or self._distribution.root
        known = request.headers.get("If-None-Match")
        condition = {"IfNoneMatch": cloudfront.strong_etag(known)} if known else {}
        try:
            found, body = await asyncio.to_thread(self._read, key, condition)
        except AwsError as error:
            status = error.response["ResponseMetadata"]["HTTPStatusCode"]
            if status == web.HTTPNotModified.status_code:
                return web.Response(status=status, headers=answer)
            return web.Response(status=status, text="There is no such page.\n", headers=answer)
        status = int(found.get("Metadata", {}).get("status", 200))
        answer["Content-Type"] = found["ContentType"]
        answer["ETag"] = found["ETag"]
        if behaviour.compress:
            body = cloudfront.compress(body, answer, request.headers.get("Accept-Encoding", ""))
        return web.Response(status=status, body=body, headers=answer)

    def _read(self, key: str, condition: dict[str, Any]) -> tuple[Any, bytes]:
        found = self._s3.get_object(Bucket=self._bucket, Key=key, **condition)
        return found, found["Body"].read()


def main() -> None:
    """Serve until SIGTERM arrives."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--stack", required=True)
    parser.add_argument("--log", required=True)
    options = parser.parse_args()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    logging.basicConfig(filename=options.log, format="%(message)s")
    logging.getLogger("aiohttp.access").setLevel(logging.INFO)
    web.run_app(
        FrontDoor(options.stack).application(),
        host=HOST,
        port=options.port,
        backlog=MAX_WAITING_CONNECTIONS,
        print=None,
        access_log_class=RouteLog,
        max_line_size=MAX_LINE_BYTES,
        max_field_size=MAX_LINE_BYTES,
    )


if __name__ == "__main__":
    main()
