"""Declare the exceptions of the evaluation of scores.

```
ForensicsError
└── EvaluationError
    ├── MetricError      a metric that is undefined on the data given
    ├── ScoresError      a file or table of scores that breaks its contract
    └── SealError        a sealed test used out of order
```
"""

from __future__ import annotations

from forensics.errors import ForensicsError


class EvaluationError(ForensicsError):
    """Base class of the errors of evaluation."""


class MetricError(EvaluationError):
    """A metric is undefined on the given data; no metric returns a number without a meaning."""


class ScoresError(EvaluationError):
    """A file or table of scores breaks its contract."""


class SealError(EvaluationError):
    """A sealed test was used out of order."""
