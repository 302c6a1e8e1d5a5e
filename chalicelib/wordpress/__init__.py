"""
The WordPress adapter: the port `grants.site.WordPress` over a site's REST API.

Everything that WordPress, its plugins and its hosts do to that API ends here: the story of a grant
calls the port, and learns in the errors of `errors` and the reasons of `site_problems` what a site
refused.

* `client`: the port, one method for each call that the story makes. Begin reading here.
* `discovery`: from an address that a person typed to the REST root of the site behind it.
* `anonymous`: the requests of that search, without a key, bounded in all.
* `sign_in_page`: where an owner and support sign in, as strangers meet it.
* `rest_index`: reads the index at that root.
* `users`, `user_creation`: reading, deleting and creating users.
* `snapshot`: what support could change during its stay.
* `rest`: one route with one key, whatever the permalinks, through hosts that block methods.
* `replies`: WordPress' JSON in an HTTP response, or the error that names what sent it instead.

Three words for three things: a `Response` is a site's HTTP response as `outbound` read it, a
`Reply` is WordPress' own JSON in one, and a refusal is a `Reply` with an error code.

May import: `outbound`, `grants.site` (the port and its values), `site_problems` and `errors`.
"""
