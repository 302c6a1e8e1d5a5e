"""
What an AWS account needs before Hallpass can be deployed, and what to do where it is missing.

`make deploy` refuses by these before it changes anything; `make doctor` lists all of them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import boto3
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    EndpointConnectionError,
    NoCredentialsError,
    NoRegionError,
    ParamValidationError,
)

from chalicelib.errors import TryAgain
from infra.cloudformation import DeployError
from infra.parameters import CERTIFICATE, identity

EXPIRED_CODES = {"ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "RequestExpired"}
SES_SANDBOX_PAGE = "https://docs.aws.amazon.com/ses/latest/dg/request-production-access.html"
MISSING_CODES = {"404", "NoSuchBucket", "NotFound"}
MAX_SHOWN_CHARACTERS = 200
MAX_LATE_SECONDS = 3600  # As the alarm on the oldest due thing.
FORBIDDEN_CODES = {"403", "AccessDenied", "Forbidden"}
STACK_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,33}")  # Names of its parts have at most 64.


def explain(error: Exception) -> str:
    """Return one sentence on what failed and what to do about it."""
    if isinstance(error, NoRegionError):
        return "No region is set. Add --region us-east-1, or set AWS_DEFAULT_REGION."
    if isinstance(error, NoCredentialsError):
        return "There are no AWS credentials. Run `aws configure` or `aws sso login`."
    if isinstance(error, EndpointConnectionError):
        return f"{error} Is the name of the region right, and the network up?"
    if isinstance(error, TryAgain) and isinstance(error.__cause__, (ClientError, BotoCoreError)):
        return explain(error.__cause__)  # What a visitor of the pages is not told, an operator is.
    if isinstance(error, ClientError):
        code = error.response.get("Error", {}).get("Code", "")
        if code in EXPIRED_CODES:
            return f"AWS does not take these credentials ({code}). Sign in again."
    return " ".join(str(error).split()) if isinstance(error, BotoCoreError) else str(error)


def refuse_bad_name(stack: str) -> None:
    """
    Refuse what cannot be the name of a stack; an empty one would be all stacks of the account.

    Raises:
        DeployError: Says what a name may have.
    """
    if not STACK_NAME.fullmatch(stack):
        raise DeployError(
            f"“{printable(stack)}” cannot be the name of a stack: letters, digits and hyphens, "
            "a letter first, at most 34."
        )


def printable(text: str) -> str:
    """
    Return *text* with each sign that shows nothing of itself as its number, and shortened.

    What people and sites have typed could otherwise move the operator's cursor, hide lines or turn
    the direction of the text.
    """
    shown = "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text)
    return shown if len(shown) <= MAX_SHOWN_CHARACTERS else shown[:MAX_SHOWN_CHARACTERS] + "…"


def account(session: boto3.Session) -> str:
    """Return the number of the account that the credentials belong to."""
    if session.region_name is None:
        raise NoRegionError
    try:
        number: str = session.client("sts").get_caller_identity()["Account"]
    except ValueError as error:  # Of botocore, when AWS_ENDPOINT_URL is no address.
        raise DeployError(f"{error}. Is AWS_ENDPOINT_URL right?") from error
    return number


def default_bucket(session: boto3.Session, account: str) -> str:
    """Return the name of the bucket for packages that the deployer makes where none is named."""
    return f"hallpass-artifacts-{account}-{session.region_name}"


def artifacts_bucket(
    session: boto3.Session, named: str | None, account: str, *, make: bool = True
) -> str:
    """
    Return the bucket for packages; make the default one if it is missing.

    Raises:
        DeployError: The named bucket cannot be one, is missing, forbidden, or in another region.
    """
    s3: Any = session.client("s3")
    bucket = named or default_bucket(session, account)
    region = session.region_name
    try:
        s3.head_bucket(Bucket=bucket)
        where = s3.get_bucket_location(Bucket=bucket).get("LocationConstraint") or "us-east-1"
    except ParamValidationError as error:
        raise DeployError(
            f"“{printable(bucket)}” cannot be the name of a bucket. Leave --artifacts out, and one "
            "is made."
        ) from error
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in FORBIDDEN_CODES:
            raise DeployError(
                f"You may not use the bucket {bucket}. Name another one with --artifacts."
            ) from error
        if code not in MISSING_CODES:
            where = _region_said_by(error)
            raise _elsewhere(bucket, where, region) from error
        if named:
            raise DeployError(
                f"There is no bucket {bucket}. Leave --artifacts out, and one is made."
            ) from error
        if make:
            _make_bucket(s3, bucket, region)
        return bucket
    where = {"EU": "eu-west-1"}.get(where, where)
    if where != region:
        raise _elsewhere(bucket, where, region)
    return bucket


def _region_said_by(error: ClientError) -> str:
    headers = error.response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    return str(headers.get("x-amz-bucket-region", "another region"))


def _elsewhere(bucket: str, where: str, region: str | None) -> DeployError:
    return DeployError(
        f"The bucket {bucket} is in {where}, and Lambda takes packages from its own region only. "
        f"Name a bucket of {region} with --artifacts, or leave it out and one is made."
    )


def _make_bucket(s3: Any, bucket: str, region: str | None) -> None:  # noqa: ANN401  A client.
    where: Any = {} if region == "us-east-1" else {"LocationConstraint": region}
    s3.create_bucket(Bucket=bucket, **({"CreateBucketConfiguration": where} if where else {}))
    s3.put_public_access_block(
        Bucket=bucket,
        PublicAccessBlockConfiguration={
            "BlockPublicAcls": True,
            "IgnorePublicAcls": True,
            "BlockPublicPolicy": True,
            "RestrictPublicBuckets": True,
        },
    )
    # A year of packages is enough to go back to.
    s3.put_bucket_lifecycle_configuration(
        Bucket=bucket,
        LifecycleConfiguration={
            "Rules": [
                {
                    "ID": "old-packages",
                    "Status": "Enabled",
                    "Filter": {"Prefix": ""},
                    "Expiration": {"Days": 365},
                }
            ]
        },
    )
    print(f"Made the bucket {bucket} for packages.")


def refuse_bad_certificate(session: boto3.Session, given: Mapping[str, str]) -> None:
    """
    Refuse a certificate that is not issued, or not for the domain.

    Raises:
        DeployError: Says which.
    """
    certificate, domain = given.get("CertificateArn", ""), given.get("DomainName", "")
    if not CERTIFICATE.fullmatch(certificate):
        return
    acm: Any = session.client("acm", region_name="us-east-1")
    try:
        found = acm.describe_certificate(CertificateArn=certificate)["Certificate"]
    except ClientError as error:
        if error.response["Error"]["Code"] == "ResourceNotFoundException":
            raise DeployError(f"There is no certificate {certificate} in this account.") from error
        return  # Who may deploy may still not be allowed to see them; CloudFront says the rest.
    if found["Status"] != "ISSUED":
        raise DeployError(
            f"The certificate {certificate} is {found['Status']}, not ISSUED: "
            "make the DNS record that Certificate Manager shows, and wait until it is."
        )
    names = {found["DomainName"], *found.get("SubjectAlternativeNames", [])}
    if domain and not names & {domain, "*." + domain.partition(".")[2]}:
        raise DeployError(f"The certificate is for {', '.join(sorted(names))}, not for {domain}.")


def mail_problems(ses: Any, sender: str) -> list[str]:  # noqa: ANN401  A client.
    """Return what keeps mails from arriving, each with what to do."""
    problems = []
    domain = sender.rpartition("@")[2]
    address, whole = identity(ses, sender), identity(ses, domain)
    if not any(known and known["VerifiedForSendingStatus"] for known in (address, whole)):
        if address:
            remedy = "open the link in the mail that SES has sent there"
        elif whole:
            remedy = f"make the DNS records that the SES console shows for {domain}"
        else:
            remedy = "the deployment makes it known to SES, which will send a link there to open"
        problems.append(f"SES may not send from {sender} yet: {remedy}, or no ticket goes out.")
    if not ses.get_account()["ProductionAccessEnabled"]:
        problems.append(
            "SES is in the sandbox and mails verified addresses only, so owners get no mail: "
            f"ask AWS to lift that, see {SES_SANDBOX_PAGE}."
        )
    return problems
