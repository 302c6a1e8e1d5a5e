"""
Routes, the schedule, the queues and the stream: parse, one call, render. No rule lives here.

Event handlers must stay in this file: on a Blueprint, Lambda would load that module alone. Routes
may stand on one; those of One Time Secret's API do (`web.onetimesecret_routes`).
"""

from __future__ import annotations

import gc

gc.disable()  # What imports make is no garbage; to look for some takes a twentieth of a cold start.

import functools
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from chalice.app import Chalice, Rate, Request, Response

from chalicelib import __version__
from chalicelib.aws import event_bus, ses, sqs
from chalicelib.aws.metrics import LateMetrics
from chalicelib.grants.manual_user import Found
from chalicelib.grants.request import HoldRequest
from chalicelib.onetime import envelope
from chalicelib.rate_limits.bounds import Action
from chalicelib.web import bodies, onetimesecret, onetimesecret_routes, render
from chalicelib.web import endpoint as web
from chalicelib.web.log import Log
from chalicelib.wiring import Hallpass, hallpass

gc.freeze()  # Nor will it be.
gc.enable()

View = Callable[..., Response]

STREAM = "arn:aws:dynamodb:us-east-1:0:table/grants/stream/0"  # The template names the real one.
SPARE_SECONDS = 3.0  # Left for recording and answering when a site has used up the rest.

app = Chalice(app_name="hallpass", configure_logs=False)
app.register_middleware(web.normalise_chalice_errors, "http")
logger = Log("hallpass")  # Chalice logs through the logger of the same name.
metrics = LateMetrics()


def name_invocation(context: Any, correlation_id: str = "") -> str:  # noqa: ANN401 - as below
    """Write Lambda's id, and *correlation_id* or else it, into each line; return the latter."""
    function_request_id = str(getattr(context, "aws_request_id", ""))
    correlation_id = correlation_id or function_request_id
    logger.append_keys(function_request_id=function_request_id, correlation_id=correlation_id)
    return correlation_id


def log_outcome(event: Request, call: Callable[[Request], Response]) -> Response:
    """Log what each route answered, with the request's ids and that of the grant it was about."""
    request_id = name_invocation(app.lambda_context, event.context.get("requestId", ""))
    logger.append_keys(request_id=request_id)
    response = call(event)
    logger.info(
        "answered",
        extra={
            "method": event.method,
            "route": event.context.get("resourcePath", ""),  # Without the ids of the path.
            "status": response.status_code,
            **web.grant_of(event, response.status_code),
        },
    )
    return response


app.register_middleware(log_outcome, "http")


@contextmanager
def invocation(context: Any) -> Iterator[Hallpass]:  # noqa: ANN401 - Chalice ships no types
    """Give out the parts with this invocation's clock running; delete the sites' cookies after."""
    parts = hallpass()
    parts.ports.budget.start(context.get_remaining_time_in_millis() / 1000 - SPARE_SECONDS)
    try:
        yield parts
    finally:
        parts.ports.connections.keep()
        parts.forget_keys()


def counted(action: Action) -> Callable[[View], View]:
    """Count each request of a route against its network, before anything of it is read."""

    def decorate(view: View) -> View:
        @functools.wraps(view)
        def wrapped(**path: str) -> Response:
            grant_id = path.get("grant_id", "")
            hallpass().admission.admit(action, app.current_request, grant_id=grant_id, now=now())
            return view(**path)

        return wrapped

    return decorate


def now() -> int:
    return int(time.time())


@app.route("/health", methods=["GET"])
@web.endpoint
def health() -> Response:
    return web.respond(200, {"status": "ok", "version": __version__})


@app.route("/sites", methods=["POST"])
@web.endpoint
@counted("sites")
def check_site() -> Response:
    url = bodies.check_site(web.body_of(app.current_request))
    with web.rename_field("site_url", "url"), invocation(app.lambda_context) as parts:
        return web.respond(200, render.site_check(parts.ports.wordpress.check(url)))


@app.route("/users", methods=["POST"])
@web.endpoint
@counted("users")
def provision() -> Response:
    request = bodies.provision(web.body_of(app.current_request))
    with invocation(app.lambda_context) as parts:
        if isinstance(request, HoldRequest):
            grant, made = parts.lifecycle.hold(request, now=now()), False
        else:
            grant, made = parts.lifecycle.provision(request, now=now())
    status = 202 if grant.state == "preparing" else 201 if made else 200
    return web.respond(status, render.made(grant))


@app.route("/secrets", methods=["POST"])
@web.endpoint
@counted("secrets")
def create_secret() -> Response:
    secret, lifetime, token = bodies.create_secret(web.body_of(app.current_request))
    stored, is_new = hallpass().secrets.create(
        secret, lifetime=lifetime, owner_token=token, now=now()
    )
    return web.respond(201 if is_new else 200, {"id": stored.id, "expires_at": stored.expires_at})


@app.route("/secrets/{secret_id}", methods=["GET"])
@web.endpoint
@counted("read")
def peek_secret(secret_id: str) -> Response:
    moment = now()
    secret = hallpass().secrets.peek(web.path_id(secret_id), now=moment)
    return web.respond(200, render.secret(secret, now=moment))


@app.route("/secrets/{secret_id}/open", methods=["POST"])
@web.endpoint
@counted("open")
def open_secret(secret_id: str) -> Response:
    access_sha256, claim_sha256 = bodies.open_secret(web.body_of(app.current_request))
    ciphertext = hallpass().secrets.open(
        web.path_id(secret_id), access_sha256, claim_sha256, now=now()
    )
    return web.respond(200, {"ciphertext": envelope.encode(ciphertext)})


@app.route("/secrets/{secret_id}/ack", methods=["POST"])
@web.endpoint
@counted("change")
def acknowledge_secret(secret_id: str) -> Response:
    claim_sha256 = bodies.acknowledge_secret(web.body_of(app.current_request))
    with invocation(app.lambda_context) as parts:
        parts.acknowledging.acknowledge(web.path_id(secret_id), claim_sha256, now=now())
    return web.respond(204)


@app.route("/secrets/{secret_id}/burn", methods=["POST"])
@web.endpoint
@counted("change")
def burn_secret(secret_id: str) -> Response:
    token = web.bearer(app.current_request)
    hallpass().secrets.burn(web.path_id(secret_id), token, now=now())
    return web.respond(204)


@app.route("/tickets", methods=["POST"])
@web.endpoint
@counted("tickets")
def send_ticket() -> Response:
    ticket = bodies.send_ticket(web.body_of(app.current_request))
    delivery = hallpass().tickets.send(ticket, now=now())
    return web.respond(201 if delivery.is_new else 200, render.delivery(delivery))


@app.route("/grants", methods=["POST"])
@web.endpoint
@counted("register")
def register() -> Response:
    request = bodies.register(web.body_of(app.current_request))
    grant, is_new = hallpass().lifecycle.register(request, now=now())
    return web.respond(201 if is_new else 200, render.grant_summary(grant))


@app.route("/grants/{grant_id}", methods=["GET"])
@web.endpoint
@counted("read")
def view(grant_id: str) -> Response:
    token = web.bearer(app.current_request)
    grant, holder, newest = hallpass().grant_view.view(web.path_id(grant_id), token)
    return web.respond(200, render.grant(grant, holder, newest, now=now()))


@app.route("/grants/{grant_id}/end", methods=["POST"])
@web.endpoint
@counted("end")
def end(grant_id: str) -> Response:
    token = web.bearer(app.current_request)
    confirms = bodies.confirm(web.optional_body_of(app.current_request))
    with invocation(app.lambda_context) as parts:
        end = parts.ending.confirm if confirms else parts.ending.end
        grant = end(web.path_id(grant_id), token, now=now())
    return web.respond(200 if grant.state == "ended" else 202, render.end(grant))


@app.route("/grants/{grant_id}/extend", methods=["POST"])
@web.endpoint
@counted("change")
def extend(grant_id: str) -> Response:
    token = web.bearer(app.current_request)
    days, seen = bodies.extend(web.body_of(app.current_request))
    grant = hallpass().lifecycle.extend(
        web.path_id(grant_id), token, days=days, seen=seen, now=now()
    )
    return web.respond(200, render.grant_summary(grant))


@app.route("/grants/{grant_id}/link", methods=["POST"])
@web.endpoint
@counted("link")
def renew(grant_id: str) -> Response:
    token = web.bearer(app.current_request)
    password, support_token = bodies.renew(web.body_of(app.current_request))
    with invocation(app.lambda_context) as parts:
        grant = parts.renewal.renew(
            web.path_id(grant_id), token, password, support_token=support_token, now=now()
        )
    return web.respond(200, render.made(grant))


@app.route("/grants/{grant_id}/ask", methods=["POST"])
@web.endpoint
@counted("ask")
def ask(grant_id: str) -> Response:
    token = web.bearer(app.current_request)
    wish = bodies.ask(web.body_of(app.current_request))
    hallpass().asking.ask(web.path_id(grant_id), token, wish, now=now())
    return web.respond(204)


@app.route("/grants/{grant_id}/repair", methods=["POST"])
@web.endpoint
@counted("repair")
def repair(grant_id: str) -> Response:
    token = web.bearer(app.current_request)
    consent, confirm = bodies.repair(web.body_of(app.current_request))
    with invocation(app.lambda_context) as parts:
        grant_id = web.path_id(grant_id)
        done = parts.repair.repair(grant_id, token, consent, confirm=confirm, now=now())
    return web.respond(200, render.found(done) if isinstance(done, Found) else render.end(done))


@app.schedule(Rate(1, unit=Rate.MINUTES))
def sweep(event: Any) -> None:  # noqa: ANN401 - Chalice ships no types
    """Hand out what is due. The gauge is the operator's alarm."""
    request_id = name_invocation(event.context)
    with invocation(event.context) as parts:
        result = parts.sweep.sweep(now=now(), correlation_id=request_id)
    metrics.add_metric("OldestOverdueSeconds", "Seconds", result.oldest_overdue)
    metrics.add_metric("OldestDueSeconds", "Seconds", result.oldest_due)
    metrics.flush_metrics()
    if result.handed_out:
        logger.info("handed out", extra=result.handed_out)


@app.on_sqs_message(queue="due", batch_size=1)
def end_due(event: Any) -> None:  # noqa: ANN401 - Chalice ships no types
    """Finish one due grant. What cannot be recorded is raised, and the queue delivers it again."""
    (record,) = event.to_dict()["Records"]
    message = sqs.read(record["body"])
    name_invocation(event.context, message.correlation_id)
    logger.append_keys(
        message_id=record["messageId"],
        delivery=record["attributes"]["ApproximateReceiveCount"],
    )
    with invocation(event.context) as parts:
        try:
            tried = parts.worker.finish(message.grant_id, now=now())
        except Exception:
            logger.exception("failed", extra={"grant_id": message.grant_id})
            raise
    if tried is None:
        logger.info("nothing to do", extra={"grant_id": message.grant_id})
        return
    logger.info("tried", extra=tried._asdict())
    metrics.add_metric("Ended", "Count", int(tried.has_ended))
    metrics.add_metric("PutOff", "Count", int(not tried.has_ended and tried.attempts > 0))
    metrics.flush_metrics()


@app.on_dynamodb_record(stream_arn=STREAM, batch_size=100, starting_position="TRIM_HORIZON")
def announce(event: Any) -> None:  # noqa: ANN401 - Chalice ships no types
    """Announce what writes of grants recorded. What is not taken is raised, and read again."""
    name_invocation(event.context)
    hallpass().announcer.announce(event_bus.writes_of(event.to_dict()["Records"]))


@app.on_cw_event({"source": ["aws.ses"]})  # The template says which of them.
def note_bounce(event: Any) -> None:  # noqa: ANN401 - Chalice ships no types
    """Note a mail that came back, or was called spam."""
    grant_id, mailboxes = ses.bounced(event.detail)
    name_invocation(event.context)
    outcome = hallpass().bounces.note(grant_id, mailboxes, now=now())
    logger.info("came back", extra={"outcome": outcome, "grant_id": grant_id})
    if outcome == "support":
        metrics.add_metric("SupportMailFailed", "Count", 1)
        metrics.flush_metrics()


def call_of(request: Request) -> onetimesecret.Call:
    """Return *request* as One Time Secret's API takes it."""
    return onetimesecret.Call.of(request, web.visitor_ip(request, hallpass().edge_key), now())


app.register_blueprint(onetimesecret_routes.routes(lambda: hallpass().one_time_secret_api, call_of))
