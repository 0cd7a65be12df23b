"""One module for each command; `forensics.cli` loads the one that is called.

Each offers `configure(parser)` and sets its `run(options, report)` as the parser's default. Everything heavy is
imported inside `run`, so that `--help` stays quick.
"""
