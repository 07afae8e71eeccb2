"""Where it runs: settings, URLs, ASGI, Celery, `make run` - and the flows, which are yours to replace."""

# Celery's own habit for Django: with it, @shared_task and send_task find this project's app in every process.
from .celery import app as celery_app

__all__ = ["celery_app"]
