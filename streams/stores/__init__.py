"""Where items, positions and logs are kept; ``store_for`` finds the store of a stream."""

from functools import cache

from django.core.signals import setting_changed
from django.utils.module_loading import import_string

from ..conf import SETTING, conf
from ..errors import DefinitionError
from .base import Store

__all__ = ["Store", "store_for"]


@cache
def store_for(storage: str) -> Store:
    """Return the store that *storage* means: "default", a name in the setting ``stores`` or a dotted path; one each.

    Raises: DefinitionError - there is none.
    """
    name = conf().storage if storage == "default" else storage
    path = conf().stores.get(name, name)
    if path != storage:
        return store_for(path)
    try:
        kind = import_string(path)
    except ImportError as error:
        known = f"known are {', '.join(conf().stores)}, and dotted paths"
        raise DefinitionError(f"there is no store {path!r:.80} ({error}); {known}") from error
    if not (isinstance(kind, type) and issubclass(kind, Store)):
        raise DefinitionError(f"{path} is not a Store")
    return kind()


def _forget(*, setting: str, **_: object) -> None:
    if setting == SETTING:
        store_for.cache_clear()


setting_changed.connect(_forget, dispatch_uid="streams.stores")
