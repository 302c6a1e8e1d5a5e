"""A real WordPress on loopback: PHP's own server, SQLite, no mail, no outgoing calls.

    with WordPress("7.1") as site:
        requests.get(site.url + "/wp-json/wp/v2/users/me", auth=site.auth)

Hallpass is for sites that it does not control, so it is tried on real ones:

* `site`: one site, with the faults that some hosts have as switches;
* `cores`: the trees of WordPress itself, fetched once and shared (fetch-wordpress.sh);
* `fresh_database`: the database after an installation, kept for the next site of its kind;
* `tls`: https in front of PHP's server;
* `php/`: configuration, installation, router and must-use plugin of every local site.
"""

from infra.local.wordpress.cores import WordPressFailedError, newest
from infra.local.wordpress.site import WordPress

__all__ = ["WordPress", "WordPressFailedError", "newest"]
