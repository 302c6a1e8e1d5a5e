"""
The HTTP edge: from a request to the story's values, and from its values to an answer.

Begin with `endpoint`, which wraps every route and maps each error to its status. `admission` counts
each request, `fields` reads single JSON fields, `bodies` the body of each use case, `render` makes
the JSON of answers, `log` writes what became of a request. One Time Secret's API has its own:
`onetimesecret_routes`, `onetimesecret_fields`, `onetimesecret` and `onetimesecret_render`. No rule
of the story is decided here.

The package may import everything but `wiring`; from outside chalice, Powertools for
the log, and botocore for its errors.
"""
