"""Parameters of `make deploy`: what cannot work is refused, and no key is shown."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest
from botocore.exceptions import ClientError

from infra import deploy, package, parameters, prerequisites, template
from infra.cloudformation import DeployError

NAMED = {"SenderEmail": "help@vendor.com", "SupportEmail": "tickets@vendor.com"}
DEFAULTS = {"ApiConcurrency": 100, "SweepConcurrency": 2, "WorkerConcurrency": 35}
KEY = "Bearer geheim"


@pytest.fixture(scope="module")
def built() -> dict[str, Any]:
    return template.load(package.build().template)


@pytest.mark.parametrize(
    "given",
    [
        "LogRetentionDays=2",
        "ThrottleRate=inf",
        "ThrottleRate=nan",
        "ThrottleRate=1_0",
        "ThrottleRate=\u0663",
        "ThrottleRate= 5",
        "ApiConcurrency=1.5",
        "ApiConcurrency=1e2",
        "RateLimits=0",
        "RateLimits=0.0",
        "RateLimits=" + "9" * 400,
        "SenderEmail=a\n@b.com",
        "SupportEmail=a@b",
        "SupportEmail=<a@b.com>",
        "SupportEmail=a@b.com,c@d.com",
        'AlarmEmail="a"@b.com',
        "AlarmEmail=a@b_c.com",
        "SupportName=   ",
        "SupportName= Support",
        "SupportName=a\u202eb",
        "SupportName=a\x85b",
        "PublicUrl=https://a?b",
        "PublicUrl=https://a#b",
        "PublicUrl=https://user@a.com",
        "EventsUrl=https://a\tb",
        "AllowedSites=https://a\tb",
        "DomainName=Help.vendor.com",
    ],
)
def test_a_value_that_cannot_work_does_not_fit(built: dict[str, Any], given: str) -> None:
    name, _, value = given.partition("=")
    with pytest.raises(template.ParameterError, match=f"{name}="):
        template.check_parameters(built, {name: value})


@pytest.mark.parametrize(
    "given",
    [
        "LogRetentionDays=30",
        "ThrottleRate=50",
        "ApiConcurrency=0",
        "WafRate=0",
        "WafRate=10",
        "RateLimits=.5",
        "RateLimits=0.25",
        "RateLimits=1000",
        "SenderEmail=hallpass@example.com",
        "SupportEmail=a.b+c_d@mail.vendor.co.uk",
        "SupportEmail=team@xn--bcher-kva.de",
        "AlarmEmail=",
        "SupportName=O'Brien & Söhne 支援",
        "PublicUrl=https://help.vendor.com",
        "PublicUrl=http://127.0.0.1:8000",
        "EventsUrl=https://hooks.slack.com/services/T0/B0/x?y=1",
    ],
)
def test_a_value_that_works_fits(built: dict[str, Any], given: str) -> None:
    name, _, value = given.partition("=")
    template.check_parameters(built, {name: value})


def test_every_default_fits(built: dict[str, Any]) -> None:
    for name, parameter in built["Parameters"].items():
        if "Default" in parameter:
            template.check_parameters(built, {name: str(parameter["Default"])})


def test_a_key_that_does_not_fit_is_not_repeated(built: dict[str, Any]) -> None:
    with pytest.raises(template.ParameterError) as unfit:
        template.check_parameters(built, {"EventsKey": f"{KEY}\u00fc"})
    with pytest.raises(DeployError) as in_two:
        parameters.parse(["EventsUrl=https://a.com", *f"EventsKey={KEY}".split()])

    for said in (unfit, in_two):
        assert "geheim" not in str(said.value)
        assert "EventsKey" in str(said.value)


@pytest.mark.parametrize("name", ["", "x@example.com", "x@mail.example.org", "x@a.example"])
def test_an_address_that_reaches_no_mailbox_is_refused(name: str) -> None:
    with pytest.raises(DeployError):
        parameters.check({**NAMED, "SupportEmail": name}, {})


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ({"DueConcurrency": "100"}, {}),
        ({"WorkerConcurrency": "10"}, {}),
        ({"RetryConcurrency": "16"}, {"WorkerConcurrency": "35", "DueConcurrency": "20"}),
    ],
)
def test_workers_that_lambda_would_refuse_are_not_asked_for(
    given: dict[str, str], stored: dict[str, str], built: dict[str, Any]
) -> None:
    """SQS counts what Lambda refuses as a delivery, and five of them are a dead letter."""
    with pytest.raises(DeployError, match="WorkerConcurrency="):
        parameters.check_workers(given, stored, built["Parameters"])


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"WorkerConcurrency": "0", "DueConcurrency": "100"},
        {"WorkerConcurrency": "115", "DueConcurrency": "100"},
        {"MaxDays": "3"},
    ],
)
def test_as_many_workers_as_are_reserved_are_taken(
    given: dict[str, str], built: dict[str, Any]
) -> None:
    parameters.check_workers(given, {}, built["Parameters"])


def test_a_web_acl_is_for_one_region() -> None:
    with pytest.raises(DeployError, match="us-east-1"):
        parameters.check({**NAMED, "WafRate": "100"}, {}, region="eu-central-1")
    with pytest.raises(DeployError, match="at least 10"):
        parameters.check({**NAMED, "WafRate": "5"}, {}, region="us-east-1")
    parameters.check({**NAMED, "WafRate": "100"}, {}, region="us-east-1")
    parameters.check({**NAMED, "WafRate": "0"}, {}, region="eu-central-1")


class Lambda:
    """The client of boto3, for an account with that much unreserved."""

    def __init__(self, unreserved: int) -> None:
        self._unreserved = unreserved

    def get_account_settings(self) -> dict[str, dict[str, int]]:
        return {"AccountLimit": {"UnreservedConcurrentExecutions": self._unreserved}}


@pytest.mark.parametrize(
    ("unreserved", "given", "stored"),
    [
        (1000, {"ApiConcurrency": "5000"}, {}),
        (10, {"ApiConcurrency": "5"}, {}),
        (150, {"ApiConcurrency": "200"}, {"ApiConcurrency": "100"}),
    ],
)
def test_more_than_the_account_has_is_refused_before_anything_is_changed(
    unreserved: int, given: dict[str, str], stored: dict[str, str]
) -> None:
    with pytest.raises(DeployError, match="Service Quotas"):
        parameters.concurrency(Lambda(unreserved), given, stored, DEFAULTS)


@pytest.mark.parametrize(
    ("given", "stored"), [({"ApiConcurrency": "200"}, {"ApiConcurrency": "100"}), ({}, {})]
)
def test_what_the_account_has_is_taken(given: dict[str, str], stored: dict[str, str]) -> None:
    assert parameters.concurrency(Lambda(863), given, stored, DEFAULTS) == {}


def test_the_python_of_the_functions_is_named_where_the_package_is_built() -> None:
    with pytest.raises(DeployError, match=r"RUNTIME=python3\.14 make deploy"):
        deploy._refuse_other_runtime({"Runtime": "python3.14"}, "python3.11")
    deploy._refuse_other_runtime({"Runtime": "python3.11"}, "python3.11")
    deploy._refuse_other_runtime({}, "python3.11")


def test_a_python_that_is_not_installed_is_one_sentence() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "infra.package"],
        env={**os.environ, "RUNTIME": "python3.99"},
        cwd=package.ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert "python3.99 is not installed here" in done.stderr
    assert "Traceback" not in done.stderr


class Ses:
    """The client of boto3 of an account that knows these identities, verified or not."""

    def __init__(self, **known: bool) -> None:
        self._known = {name.replace("_at_", "@").replace("_", "."): v for name, v in known.items()}

    def get_email_identity(self, EmailIdentity: str) -> dict[str, bool]:  # noqa: N803
        if EmailIdentity not in self._known:
            said = {"Error": {"Code": "NotFoundException", "Message": "no"}}
            raise ClientError(said, "GetEmailIdentity")  # type: ignore[arg-type]
        return {"VerifiedForSendingStatus": self._known[EmailIdentity]}

    def get_account(self) -> dict[str, bool]:
        return {"ProductionAccessEnabled": True}


@pytest.mark.parametrize(
    ("ses", "remedy"),
    [
        (Ses(help_at_vendor_com=False), "open the link"),
        (Ses(vendor_com=False), "DNS records"),
        (Ses(vendor_com=False, help_at_vendor_com=False), "open the link"),
        (Ses(), "will send a link"),
    ],
)
def test_a_sender_that_is_not_verified_has_the_remedy_that_helps(ses: Ses, remedy: str) -> None:
    (said,) = prerequisites.mail_problems(ses, "help@vendor.com")

    assert remedy in said


def test_a_verified_sender_or_domain_has_no_problem() -> None:
    for ses in (Ses(vendor_com=True), Ses(help_at_vendor_com=True)):
        assert prerequisites.mail_problems(ses, "help@vendor.com") == []
