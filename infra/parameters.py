"""
Which value each parameter of the stack gets: the stack is the one place where settings are kept.

What the operator names on the command line changes; all else stays as the stack has it. Some
parameters the deployer finds out by itself, and only then:

* `PublicUrl` follows `DomainName`, or the address that CloudFront gave out, for as long as the
  operator has named no other;
* `CreateSender` is `no` where SES knows the sender, or its domain, already;
* `ApiConcurrency`, `SweepConcurrency` and `WorkerConcurrency` are 0 where the account's quota is
  too small for them, and `DueConcurrency` and `RetryConcurrency` small;
* `ManageApiAccount` is `no` where API Gateway's account names a role already;
* `GrantsStreamArn` is that of the table that `GrantsTableName` names;
* `Runtime` is the Python that the package was built for.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from infra.cloudformation import DeployError

if TYPE_CHECKING:
    from mypy_boto3_sesv2 import SESV2Client

# Stands in for the address while the first deployment makes it; nothing answers there.
NO_ADDRESS_YET = "https://address-not-known-yet.invalid"
REQUIRED = {
    "SenderEmail": "where mails come from",
    "SupportEmail": "where tickets go",
}
ADDRESSES = (*REQUIRED, "AlarmEmail")
SECRET = "EventsKey"  # noqa: S105  The name of one.
RESERVED = re.compile(
    r"\.(example|invalid|test|localhost)\.?$|(^|\.)example\.(com|net|org)\.?$", re.IGNORECASE
)
MIN_UNRESERVED_EXECUTIONS = 100  # Executions that Lambda lets no function reserve.
FEW_WORKERS = {"DueConcurrency": "3", "RetryConcurrency": "2"}  # Of the 10 of a new account.
CERTIFICATE = re.compile(r"arn:aws[a-z-]*:acm:([a-z0-9-]+):\d{12}:certificate/[\w-]+")
CERTIFICATE_REGION = "us-east-1"
MIN_WAF_RATE = 10  # AWS WAF counts no fewer.


def parse(words: list[str]) -> dict[str, str]:
    """
    Return what the operator named as ``Parameter=value``.

    Raises:
        DeployError: A word is no assignment, or a parameter is named twice.
    """
    given: dict[str, str] = {}
    for word in words:
        name, separator, value = word.partition("=")
        if not separator or not name.isalnum():
            if SECRET in given:  # The word may be the rest of it.
                raise DeployError(
                    f"A word after {SECRET} is no parameter. Put a value with a blank in quotes: "
                    f"{SECRET}='Bearer …'."
                )
            raise DeployError(f"“{word}” is no parameter. Write Parameter=value, without blanks.")
        if given.get(name, value) != value:
            raise DeployError(f"{name} is named twice.")
        given[name] = value
    return given


def check(given: Mapping[str, str], stored: Mapping[str, str], region: str | None = None) -> None:
    """
    Check what the stack in *region* will have, before anything is changed.

    Raises:
        DeployError: An address is missing or reserved, the certificate does not fit, or a web ACL
            cannot be made.
    """
    effective = {**stored, **given}
    for name, meaning in REQUIRED.items():
        if not effective.get(name):
            raise DeployError(f"Say {meaning}: add {name}=name@your-domain.")
    for name in ADDRESSES:
        address = effective.get(name, "")
        if RESERVED.search(address.rpartition("@")[2]):
            raise DeployError(
                f"{name} is {address}, and mail to that domain reaches no mailbox: it is reserved "
                f"for examples. Add {name}=name@your-domain."
            )
    domain, certificate = effective.get("DomainName", ""), effective.get("CertificateArn", "")
    if domain and not certificate:
        raise DeployError(
            f"{domain} needs a certificate of {CERTIFICATE_REGION}: request one in AWS Certificate "
            "Manager there, then add CertificateArn=its ARN."
        )
    if certificate:
        matched = CERTIFICATE.fullmatch(certificate)
        if matched is None or matched[1] != CERTIFICATE_REGION:
            where = matched[1] if matched else "no region"
            raise DeployError(
                f"CloudFront takes certificates of {CERTIFICATE_REGION} only, and this one is of "
                f"{where}: {certificate}. Request one in {CERTIFICATE_REGION}."
            )
    _check_web_acl(int(effective.get("WafRate", "0")), region)
    if bool(effective.get("GrantsTableName")) != bool(effective.get("DataKeyArn")):
        raise DeployError(
            "GrantsTableName and DataKeyArn belong together: without its key, the records of a "
            "table remove no support user. Name both."
        )


def _check_web_acl(rate: int, region: str | None) -> None:
    if rate and rate < MIN_WAF_RATE:
        raise DeployError(f"WafRate is at least {MIN_WAF_RATE}, or 0 for no web ACL.")
    if rate and region not in {None, CERTIFICATE_REGION}:
        raise DeployError(
            f"A web ACL of CloudFront is made in {CERTIFICATE_REGION} only, and this stack is for "
            f"{region}: leave WafRate out."
        )


def check_workers(
    given: Mapping[str, str], stored: Mapping[str, str], known: Mapping[str, Any]
) -> None:
    """
    Refuse more workers than are reserved: SQS counts what Lambda refuses as a failed try.

    *known* are the parameters of the template.

    Raises:
        DeployError: Says how many to reserve.
    """
    names = ("DueConcurrency", "RetryConcurrency", "WorkerConcurrency")
    if not set(names) & set(given):
        return
    effective = {**{name: known[name]["Default"] for name in names}, **stored, **given}
    due, retry, reserved = (int(effective[name]) for name in names)
    if reserved and reserved < due + retry:
        raise DeployError(
            f"{due} workers for first tries and {retry} for retries need as many executions: add "
            f"WorkerConcurrency={due + retry} (or 0, which reserves none)."
        )


def public_url(
    given: Mapping[str, str], stored: Mapping[str, str], outputs: Mapping[str, str]
) -> str | None:
    """
    Return the new value of `PublicUrl`; None when it stays as it is.

    It is `NO_ADDRESS_YET` while CloudFront has given out none: deploy once more after that.
    """
    if "PublicUrl" in given:
        return given["PublicUrl"]
    now = stored.get("PublicUrl", "")
    edge = edge_url(outputs)
    found_out = {"", NO_ADDRESS_YET, outputs.get("SiteUrl", ""), edge}
    if stored.get("DomainName"):
        found_out.add(f"https://{stored['DomainName']}")
    changes_domain = given.get("DomainName", stored.get("DomainName")) != stored.get("DomainName")
    if now not in found_out and not changes_domain:
        return None
    domain = given.get("DomainName", stored.get("DomainName", ""))
    wanted = f"https://{domain}" if domain else edge or NO_ADDRESS_YET
    return None if wanted == now else wanted


def edge_url(outputs: Mapping[str, str]) -> str:
    """Return the address that CloudFront gave out, with or without a domain; empty if none yet."""
    if "EdgeDomainName" in outputs:
        return f"https://{outputs['EdgeDomainName']}"
    # The outputs of version 0.1.0 name it only where there is no other domain.
    url = outputs.get("SiteUrl", "")
    return url if url.endswith(".cloudfront.net") else ""


def sender(ses: SESV2Client, given: Mapping[str, str], stored: Mapping[str, str]) -> dict[str, str]:
    """Return `CreateSender` when the sender is new to the stack: SES makes no identity twice."""
    address = given.get("SenderEmail", stored.get("SenderEmail", ""))
    if "CreateSender" in given or address == stored.get("SenderEmail"):
        return {}
    known = any(identity(ses, name) for name in (address, address.rpartition("@")[2]))
    return {"CreateSender": "no" if known else "yes"}


def identity(ses: SESV2Client, name: str) -> dict[str, object] | None:
    """Return what SES says of the address or domain *name*; None when it does not know it."""
    try:
        return dict(ses.get_email_identity(EmailIdentity=name))
    except ClientError as error:
        if error.response["Error"]["Code"] == "NotFoundException":
            return None
        raise


def concurrency(
    functions: Any,  # noqa: ANN401  A boto3 client.
    given: Mapping[str, str],
    stored: Mapping[str, str],
    defaults: Mapping[str, int],
) -> dict[str, str]:
    """
    Return 0 for each reservation that is new to the stack and that the account is too small for.

    Then workers are few as well, for they share what there is with the API. Lambda keeps 100
    executions free of reservations; *defaults* are the template's.

    Raises:
        DeployError: What the operator asks for is more than the account has.
    """
    new = {name: n for name, n in defaults.items() if name not in {**given, **stored}}
    limit = functions.get_account_settings()["AccountLimit"]["UnreservedConcurrentExecutions"]
    more = sum(int(given[n]) - int(stored.get(n, "0")) for n in defaults if n in given)
    if more > 0 and limit - more < MIN_UNRESERVED_EXECUTIONS:
        raise DeployError(
            f"The account has {limit} executions of Lambda left, of which "
            f"{MIN_UNRESERVED_EXECUTIONS} have to stay free, and this reserves {more} more. Ask "
            "for more in Service Quotas, “Concurrent executions” of AWS Lambda, or reserve fewer."
        )
    limit -= max(0, more)
    if limit - sum(new.values()) >= MIN_UNRESERVED_EXECUTIONS:
        return {}
    few = {name: n for name, n in FEW_WORKERS.items() if name not in {**given, **stored}}
    return dict.fromkeys(new, "0") | (few if new else {})


def api_account(
    gateway: Any,  # noqa: ANN401  A boto3 client.
    given: Mapping[str, str],
    *,
    exists: bool,
) -> dict[str, str]:
    """Return `ManageApiAccount` for a new stack: a role that another program set stays."""
    if exists or "ManageApiAccount" in given:
        return {}
    named = gateway.get_account().get("cloudwatchRoleArn")
    return {"ManageApiAccount": "no" if named else "yes"}


def stream(
    dynamodb: Any,  # noqa: ANN401  A boto3 client.
    given: Mapping[str, str],
    stored: Mapping[str, str],
) -> dict[str, str]:
    """
    Return `GrantsStreamArn` of an adopted table; the stream is switched on where it is off.

    What was written to the table while its stream was off is not announced.
    """
    effective = {**stored, **given}
    table = effective.get("GrantsTableName", "")
    if not table:
        return {"GrantsStreamArn": ""} if stored.get("GrantsStreamArn") else {}
    described = dynamodb.describe_table(TableName=table)["Table"]
    if not described.get("StreamSpecification", {}).get("StreamEnabled"):
        kind = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
        described = dynamodb.update_table(TableName=table, StreamSpecification=kind)
        described = described["TableDescription"]
    return {"GrantsStreamArn": described["LatestStreamArn"]}
