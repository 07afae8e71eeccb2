"""Settings of the app."""

from django.test import override_settings

from steps.conf import Conf, conf, names


def test_defaults_stand_where_nothing_is_given() -> None:
    with override_settings(STEPS={}):
        assert conf() == Conf()


def test_settings_are_read_again_when_they_change() -> None:
    with override_settings(STEPS={"check_responses": True, "unknown": 1}):
        assert conf().check_responses is True
    assert conf().check_responses is None
    assert {"check_responses", "trace_sample", "max_depth"} <= names()
    assert "unknown" not in names()
