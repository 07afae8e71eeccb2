"""The project's settings for the fault tests: its streams, a layer that can be made to lose hints, a clock to set."""

from project.settings import *  # noqa: F403
from project.settings import CHANNEL_LAYERS as PROJECT_LAYERS
from project.settings import INSTALLED_APPS as PROJECT_APPS
from project.settings import STREAMS as PROJECT_STREAMS
from tests.chaos import clocks

clocks.install()

INSTALLED_APPS = [*PROJECT_APPS, "tests.chaos.playground"]
QUICK = {"trim_interval_s": 1.0, "lease_s": 6.0, "lease_renew_s": 2.0, "linger_s": 5.0, "comment_interval_s": 1.0}
STREAMS = {**PROJECT_STREAMS, **QUICK}
CHANNEL_LAYERS = {
    name: (
        {**layer, "BACKEND": "tests.chaos.layer.UnreliableLayer"}
        if layer["BACKEND"] == "channels_redis.pubsub.RedisPubSubChannelLayer"
        else layer
    )
    for name, layer in PROJECT_LAYERS.items()
}
