"""Names and flags to start Chromium for tests and screenshots: headless, no sandbox, no background network requests."""

# The commands on Debian, on Ubuntu, and on GitHub's runners (Google's build).
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")

CHROMIUM_FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
