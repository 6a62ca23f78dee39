"""`python -m feedsvc` is `feedsvc`."""

from feedsvc.cli import main

main(prog_name="feedsvc")
