"""`make lint-infra`: cfn-lint on the built template, Checkov on what AWS makes of it."""
