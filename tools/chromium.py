"""How Chromium is found and started, for tests and for screenshots: no screen, no sandbox of its own, no calls home."""

# Debian's, Ubuntu's, and Google's build of it, which GitHub's runners have.
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
