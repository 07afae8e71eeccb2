"""What becomes of connections when the account behind them changes: Django's signals, said as revocations.

Logout and a session that is deleted end that session's connections; a new password, a change of ``is_active``,
``is_staff`` or ``is_superuser``, of groups or permissions, and deletion end the user's. ``QuerySet.update()`` sends no
signal: call ``streams.revoke(user=...)`` after it.
"""

from collections.abc import Iterable
from functools import partial
from typing import Any

from django.apps import apps
from django.contrib.auth import get_user_model
from django.contrib.auth.signals import user_logged_out
from django.db import transaction
from django.db.models import Model
from django.db.models.signals import m2m_changed, post_delete, post_save, pre_delete, pre_save
from django.utils import timezone

from .conf import conf
from .identity import session_key, user_key
from .revocations import announce

WATCHED = ("password", "is_active", "is_staff", "is_superuser")
_BEFORE = "_streams_before"


def watch() -> None:
    """Connect to the signals of the accounts that this project has."""
    if not apps.is_installed("django.contrib.auth"):
        return
    user = get_user_model()
    user_logged_out.connect(_logged_out, dispatch_uid="streams.accounts")
    pre_save.connect(_saving, sender=user, dispatch_uid="streams.accounts")
    post_save.connect(_saved, sender=user, dispatch_uid="streams.accounts")
    pre_delete.connect(_deleted, sender=user, dispatch_uid="streams.accounts")
    for name in ("groups", "user_permissions"):
        if (field := getattr(user, name, None)) is not None:
            m2m_changed.connect(_of_users, sender=field.through, dispatch_uid=f"streams.accounts.{name}")
    group = apps.get_model("auth", "Group")
    m2m_changed.connect(_of_groups, sender=group.permissions.through, dispatch_uid="streams.accounts")
    pre_delete.connect(_group_deleted, sender=group, dispatch_uid="streams.accounts")
    if apps.is_installed("django.contrib.sessions"):
        session = apps.get_model("sessions", "Session")
        post_delete.connect(_session_deleted, sender=session, dispatch_uid="streams.accounts")


# -- sessions ---------------------------------------------------------------------------------------------------------


def _logged_out(request: Any, **_: object) -> None:
    session = getattr(request, "session", None)
    # one that is a row is deleted next, which is heard as well, and at the right moment
    if session is not None and session.session_key and not hasattr(session, "get_model_class"):
        announce([session_key(session)], "logout")


def _session_deleted(instance: Any, using: str, **_: object) -> None:
    if instance.expire_date > timezone.now():  # the connections of others have ended with it
        _announce([session_key(instance)], "logout", using)


# -- users ------------------------------------------------------------------------------------------------------------


def _saving(instance: Any, using: str, update_fields: Iterable[str] | None, raw: bool = False, **_: object) -> None:
    """Note what is about to change."""
    fields = [name for name in WATCHED if _concrete(instance, name)]
    if update_fields is not None:
        fields = [name for name in fields if name in update_fields]
    before = None
    if fields and instance.pk is not None and not instance._state.adding and not raw:
        before = type(instance)._base_manager.using(using).filter(pk=instance.pk).values(*fields).first()
    setattr(instance, _BEFORE, before)


def _saved(instance: Any, using: str, **_: object) -> None:
    before = instance.__dict__.pop(_BEFORE, None)
    changed = [name for name, value in (before or {}).items() if getattr(instance, name) != value]
    if changed:
        _announce([user_key(instance)], changed[0], using)


def _deleted(instance: Any, using: str, **_: object) -> None:
    _announce([user_key(instance)], "deleted", using)


def _concrete(instance: Model, name: str) -> bool:
    return any(field.name == name for field in instance._meta.concrete_fields)


# -- groups and permissions -------------------------------------------------------------------------------------------


def _of_users(instance: Any, action: str, reverse: bool, pk_set: set[Any] | None, using: str, **_: object) -> None:
    """The groups or permissions of a user changed, said from either side."""
    if action not in ("post_add", "post_remove", "pre_clear"):
        return
    if not reverse:
        keys: Iterable[str] = [user_key(instance)] if pk_set or action == "pre_clear" else []
    elif action == "pre_clear":
        keys = _users_of(instance, using)
    else:
        keys = [user_key(pk) for pk in pk_set or ()]
    _announce(keys, "permissions", using)


def _of_groups(instance: Any, action: str, reverse: bool, pk_set: set[Any] | None, using: str, **_: object) -> None:
    """The permissions of a group changed: it concerns everybody in it."""
    if action not in ("post_add", "post_remove", "pre_clear"):
        return
    if not reverse:
        groups: Iterable[Any] = [instance] if pk_set or action == "pre_clear" else []
    elif action == "pre_clear":
        groups = instance.group_set.using(using)
    else:
        groups = apps.get_model("auth", "Group")._base_manager.using(using).filter(pk__in=pk_set or ())
    for group in groups:
        _announce(_users_of(group, using), "permissions", using)


def _group_deleted(instance: Any, using: str, **_: object) -> None:
    _announce(_users_of(instance, using), "permissions", using)


def _users_of(holder: Any, using: str) -> list[str]:
    """Return the keys of the users that have a group or permission."""
    users = getattr(holder, "user_set", None)  # absent where the project's users have no groups
    return [] if users is None else [user_key(pk) for pk in users.using(using).values_list("pk", flat=True).iterator()]


def _announce(keys: Iterable[str], cause: str, using: str) -> None:
    """Revoke with the commit of what was changed, whichever database that is in."""
    names = list(keys)
    if using == conf().database:
        announce(names, cause)
    else:
        transaction.on_commit(partial(announce, names, cause), using=using)
