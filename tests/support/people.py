"""People with browsers: separate contexts whose pages may not report errors."""

import re
from dataclasses import dataclass, field

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect

PASSWORD = "let-me-in"


def enter(page: Page, username: str) -> None:
    """Log somebody in to the admin whose password is ``PASSWORD``."""
    page.goto("/admin/login/?next=/admin/")
    page.get_by_label("Username").fill(username)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="Site administration")).to_be_visible()


@dataclass
class People:
    """Opens browsers' contexts, one per person, and hears every error that their pages report.

    expected: patterns of errors that a test provokes; any other error fails the test at its end.
    """

    browser: Browser
    base_url: str
    expected: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    _contexts: list[BrowserContext] = field(default_factory=list)

    def person(self, *, java_script: bool = True) -> Page:
        """Return an empty page of somebody who shares nothing with the others."""
        context = self.browser.new_context(base_url=self.base_url, java_script_enabled=java_script)
        self._contexts.append(context)
        context.on("weberror", lambda error: self.errors.append(f"uncaught: {error.error}"))
        context.on("console", self._console)
        return context.new_page()

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.errors.append(f"{message.type}: {message.text} ({message.location.get('url', '')})")

    def close(self) -> None:
        """Close all pages and fail on errors that nobody expected."""
        for context in self._contexts:
            context.close()
        surprises = [error for error in self.errors if not any(re.search(known, error) for known in self.expected)]
        assert not surprises, "the pages reported errors:\n" + "\n".join(surprises)
