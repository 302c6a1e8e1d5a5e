"""Accounts of One Time Secret's API: add one and show its token, list them, revoke one.

    make tokens ARGS="add NAME [--mail-openings]"
    make tokens ARGS="list"
    make tokens ARGS="revoke NAME"

NAME is what a client sends as user name, usually an e-mail address; with `--mail-openings` that
address gets a mail when a secret of the account is opened. The token is shown once; only its
SHA-256 is stored.
"""

from __future__ import annotations

import argparse
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from chalicelib.aws.account_table import AccountTable
from chalicelib.onetime.accounts import Accounts
from infra.operate import deployed
from infra.operate.deployed import OperatorError
from infra.prerequisites import printable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_dynamodb import DynamoDBClient

OUTPUT = "AccountsTableName"


def accounts_of(dynamodb: DynamoDBClient, outputs: Mapping[str, str]) -> Accounts:
    """
    Return the accounts of the stack that has these *outputs*.

    Raises:
        OperatorError: It is of a version without accounts.
    """
    if OUTPUT not in outputs:
        raise OperatorError("This stack has no accounts yet. Deploy this version first.")
    return Accounts(AccountTable(dynamodb, outputs[OUTPUT]))


def main(words: list[str]) -> None:
    """Do what *words* say."""
    options = _options(words)
    stack = deployed.connect(options)
    accounts = accounts_of(stack.client("dynamodb"), stack.outputs)
    if options.act == "add":
        _add(accounts, options.name, mail_openings=options.mail_openings)
    elif options.act == "revoke":
        if not accounts.store.delete(options.name.lower()):
            raise OperatorError(f"There is no account “{printable(options.name)}”.")
        print(f"{options.name.lower()} can no longer sign in.")
    else:
        found = accounts.store.all()
        for account in found:
            added = datetime.fromtimestamp(account.created_at, UTC).strftime("%Y-%m-%d")
            print(f"{account.name}  added {added}{'  gets mails' if account.mail_openings else ''}")
        if not found:
            print("There are no accounts.")


def _add(accounts: Accounts, name: str, *, mail_openings: bool) -> None:
    token = accounts.add(name, mail_openings=mail_openings, now=int(time.time()))
    if token is None:
        raise OperatorError(f"{name} has a token already. Revoke it first.")
    print(f"user   {name.lower()}\ntoken  {token}\nThe token is not shown again.")


def _options(words: list[str]) -> argparse.Namespace:
    parser = deployed.arguments("tokens", "Manage accounts of One Time Secret's API.")
    acts = parser.add_subparsers(dest="act", required=True)
    adding = acts.add_parser("add", help="add an account and show its token")
    adding.add_argument("name")
    adding.add_argument(
        "--mail-openings", action="store_true", help="mail it when a secret is opened"
    )
    acts.add_parser("list", help="list the accounts")
    acts.add_parser("revoke", help="delete an account").add_argument("name")
    return parser.parse_args(words)


if __name__ == "__main__":
    deployed.run(main)
