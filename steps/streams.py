"""The workbench's own stream: what changed, for pages of staff. It is in no list, and nothing is stored in it."""

from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.utils.crypto import constant_time_compare

from streams.definition import Definition

from .feed import PERMISSIONS, STREAM, group_of

if TYPE_CHECKING:
    from streams.leases import Subscription


def may_follow(subscription: "Subscription", auth: Any) -> bool:
    """Let in staff with the permission of the topic, who were told its name by a page; nobody over REST."""
    if subscription.group_id is None or not subscription.connection_id:
        return False
    for topic, permission in PERMISSIONS.items():
        if constant_time_compare(subscription.group_id, group_of(topic)):
            user = _user(auth)
            return user is not None and user.is_staff and user.is_active and user.has_perm(permission)
    return False


def _user(auth: Any) -> Any | None:
    users = get_user_model()._default_manager
    try:
        return users.filter(pk=auth["userId"]).first()
    except (KeyError, TypeError, ValueError, ValidationError):
        return None


class Internal:
    """Has a definition, and nothing else: only ``feed`` sends, and only ephemeral events."""

    definition = Definition(STREAM, history=None, can_access=may_follow, description="What changed, for the workbench")


workbench = Internal()
