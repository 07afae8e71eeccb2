"""The flows: each an ordinary Django app with ``streams.py`` and ``steps.py``. Yours to replace."""
