"""The local run: the real stack on loopback, and a real WordPress beside it.

`run` is `make run`, `sweep` is `make sweep`; the tests use `stack.Stack` and
`wordpress.WordPress`. In the order of reading:

* `stack`: MiniStack (`ministack`) with the deployed template and zip, and the front door;
* `frontdoor`: one origin for pages, API and mailbox (`mailbox`), as CloudFront is on AWS;
  `cloudfront` is what the deployed distribution does with requests and answers;
* `patches/`: what MiniStack lacks;
* `wordpress/`: a site to let support in to;
* `processes`, `ports`: starting and ending servers on free ports of 127.0.0.1.

Nothing in `chalicelib/` knows that it runs locally.
"""
