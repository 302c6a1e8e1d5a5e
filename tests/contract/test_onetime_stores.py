"""Receipts and accounts of shared secrets: one contract over memory and over DynamoDB."""

from __future__ import annotations

import secrets as random

import pytest

from chalicelib.aws.account_table import AccountTable
from chalicelib.aws.receipt_table import ReceiptTable
from chalicelib.onetime.accounts import Account, AccountStore, Listed
from chalicelib.onetime.receipts import Receipt, ReceiptStore
from tests.contract.conftest import Either
from tests.fakes.stores import MemoryAccounts, MemoryReceipts
from tests.fakes.world import NOW


@pytest.fixture
def receipts(either: Either[ReceiptStore]) -> ReceiptStore:
    return either(MemoryReceipts, ReceiptTable, "SecretsTableName")


@pytest.fixture
def accounts(either: Either[AccountStore]) -> AccountStore:
    return either(MemoryAccounts, AccountTable, "AccountsTableName")


@pytest.fixture
def name() -> str:
    return f"acme-{random.token_hex(8)}"


def receipt(secret_id: str) -> Receipt:
    return Receipt(secret_id, "proof", False, NOW, 3600, "page")  # noqa: FBT003


class TestReceipts:
    def test_a_secret_has_one_receipt(self, receipts: ReceiptStore, name: str) -> None:
        assert receipts.get(name) is None
        assert receipts.add(receipt(name))
        assert not receipts.add(receipt(name))
        assert receipts.get(name) == receipt(name)

    def test_an_outcome_is_recorded_once(self, receipts: ReceiptStore, name: str) -> None:
        assert receipts.record(name, "burned", NOW) is None
        receipts.add(receipt(name))

        recorded = receipts.record(name, "burned", NOW + 5)

        assert recorded is not None
        assert (recorded.outcome, recorded.outcome_at) == ("burned", NOW + 5)
        assert receipts.record(name, "received", NOW + 6) is None
        assert receipts.get(name) == recorded

    def test_many_are_read_at_once_and_missing_ones_are_left_out(
        self, receipts: ReceiptStore, name: str
    ) -> None:
        receipts.add(receipt(f"{name}a"))

        assert receipts.get_all([]) == {}
        found = receipts.get_all([f"{name}a", f"{name}b"])
        assert found == {f"{name}a": receipt(f"{name}a")}


class TestAccounts:
    def test_a_name_is_taken_once_until_it_is_deleted(
        self, accounts: AccountStore, name: str
    ) -> None:
        account = Account(name, "hash", NOW, mail_openings=True)
        assert accounts.get(name) is None
        assert accounts.add(account)
        assert not accounts.add(Account(name, "another", NOW))
        assert accounts.get(name) == account
        assert account in accounts.all()

        assert accounts.delete(name)
        assert not accounts.delete(name)
        assert accounts.get(name) is None

    def test_the_newest_lines_of_a_list_are_read_oldest_first(
        self, accounts: AccountStore, name: str
    ) -> None:
        lines = [
            Listed(f"{name}{number}", b"sealed", NOW + number, NOW + 86_400) for number in range(3)
        ]
        for line in lines:
            accounts.list_receipt(name, line)

        assert list(accounts.recent(name, 2)) == lines[1:]
        assert list(accounts.recent(f"{name}-other", 2)) == []
