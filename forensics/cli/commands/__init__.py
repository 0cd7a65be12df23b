"""Declare one module for each command; `forensics.cli` loads the module of the command that is called.

Each module has `configure(parser)` and sets its `run(options, report)` as the parser's default. Everything heavy is
imported inside `run`, so that `--help` stays fast.
"""
