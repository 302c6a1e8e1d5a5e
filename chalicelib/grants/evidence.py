"""
What the site has said of our account and of its key, so that nothing is doubted or asked again.

`removal` and `removal_key` record it; `parts.OnSite` holds it.
"""

from __future__ import annotations

from typing import NamedTuple

from chalicelib.clock import DAY


class Evidence(NamedTuple):
    """
    What a grant keeps of the site's words, in epoch seconds.

    `deleted_at` is when WordPress answered our deletion with ``deleted: true`` and the right id;
    `key_refused_at` when the site last refused the removal key with both names. `is_by_email`: it
    refused the login name, which may have been changed in the database, so the key is sent with the
    e-mail address. `is_answer_lost`: the answer to our deletion never came.
    """

    deleted_at: int | None = None
    key_refused_at: int | None = None
    is_by_email: bool = False
    is_answer_lost: bool = False

    def is_key_usable(self, now: int) -> bool:
        """
        Return whether the removal key may be sent: after a refusal, only once a day.

        Plugins that count refused keys block the address that sends them.
        """
        return self.key_refused_at is None or now >= self.key_refused_at + DAY

    def deletion_confirmed(self, now: int) -> Evidence:
        """Record that WordPress confirmed our deletion; a refusal of the key is news."""
        return self._replace(deleted_at=now, key_refused_at=None)

    def deletion_disproved(self) -> Evidence:
        """Record that the key still works, so its user is not deleted."""
        return self._replace(deleted_at=None)

    def answer_lost(self) -> Evidence:
        """Record that the answer to our deletion never came."""
        return self._replace(is_answer_lost=True)

    def login_refused(self) -> Evidence:
        """Record a refusal with the login name; the e-mail address is next."""
        return self._replace(is_by_email=True)

    def key_refused(self, now: int) -> Evidence:
        """Record a refusal with both names; tomorrow the login name is first again."""
        return self._replace(key_refused_at=now, is_by_email=False)
