"""Accounts of One Time Secret's API: add one and show its token, list them, revoke one.

    make tokens ARGS="add NAME [--mail-openings]"
    make tokens ARGS="list"
    make tokens ARGS="revoke NAME"

NAME is what a client sends as user name, usually an e-mail address; with `--mail-openings` that
address gets a mail when a secret of the account is opened. The token is shown once; only its
SHA-256 is stored. `--stack` and `--region` name another deployment; the usual AWS configuration
signs in.
"""

from __future__ import annotations

import argparse
import sys
import time
from datetime import UTC, datetime

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.aws.account_table import AccountTable
from chalicelib.errors import InvalidInput, TryAgain
from chalicelib.onetime.accounts import Accounts

OUTPUT = "AccountsTableName"


def accounts_of(session: boto3.Session, stack: str, endpoint_url: str | None = None) -> Accounts:
    """Return the accounts of the deployed *stack*; its output names their table."""
    cloudformation = session.client("cloudformation", endpoint_url=endpoint_url)
    described = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]
    outputs = {o["OutputKey"]: o["OutputValue"] for o in described.get("Outputs", [])}
    if OUTPUT not in outputs:
        sys.exit(f"The stack {stack} has no accounts yet. Deploy this version first.")
    dynamodb = session.client("dynamodb", endpoint_url=endpoint_url)
    return Accounts(AccountTable(dynamodb, outputs[OUTPUT]))


def main(arguments: list[str]) -> None:
    """Do what *arguments* say."""
    parser = argparse.ArgumentParser(
        prog="make tokens", description="Accounts of One Time Secret's API."
    )
    parser.add_argument("--stack", default="hallpass")
    parser.add_argument("--region", default=None, help="default: that of your AWS configuration")
    acts = parser.add_subparsers(dest="act", required=True)
    adding = acts.add_parser("add", help="add an account and show its token")
    adding.add_argument("name")
    adding.add_argument(
        "--mail-openings", action="store_true", help="mail it when a secret is opened"
    )
    acts.add_parser("list", help="list the accounts")
    acts.add_parser("revoke", help="delete an account").add_argument("name")
    options = parser.parse_args(arguments)
    accounts = accounts_of(boto3.Session(region_name=options.region), options.stack)
    if options.act == "add":
        token = accounts.add(
            options.name, mail_openings=options.mail_openings, now=int(time.time())
        )
        if token is None:
            sys.exit(f"{options.name} has a token already. Revoke it first.")
        print(f"user   {options.name.lower()}\ntoken  {token}\nThe token is not shown again.")
    elif options.act == "revoke":
        if not accounts.store.delete(options.name.lower()):
            sys.exit(f"There is no account {options.name}.")
        print(f"{options.name.lower()} can no longer sign in.")
    else:
        for account in accounts.store.all():
            added = datetime.fromtimestamp(account.created_at, UTC).strftime("%Y-%m-%d")
            print(f"{account.name}  added {added}{'  gets mails' if account.mail_openings else ''}")


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except (BotoCoreError, ClientError, InvalidInput, TryAgain) as error:
        sys.exit(f"Nothing changed: {error}")
