"""The page in a real Chromium, with the running service."""

import io
import re
import subprocess
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import HTTP
from pathlib import Path
from typing import Any

import httpx2
import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from PIL import Image
from playwright.sync_api import BrowserContext, FilePayload, Locator, Page, Route, expect

from function.api import page as page_package
from tests.conftest import encode
from tests.support.programs import MODEL
from tools.fuzz.bombs import heic

pytestmark = pytest.mark.browser

# Only a trained model gives correct tags. All other tests also work with random weights.
needs_trained_model = pytest.mark.skipif(MODEL != "models/demo", reason="the trained model, models/demo, is not here")

PICTURES = Path(page_package.__file__).parent
DARK = {"color_scheme": "dark"}
PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True, "device_scale_factor": 2}


@pytest.fixture(scope="module")
def cat() -> bytes:
    """A drawing of a cat."""
    return encode(Image.open(PICTURES / "cat.webp"), "PNG")


@pytest.fixture(scope="module")
def dog() -> bytes:
    return encode(Image.open(PICTURES / "dog.webp"), "PNG")


def file(name: str, data: bytes, media_type: str = "image/png") -> FilePayload:
    return {"name": name, "mimeType": media_type, "buffer": data}


def choose(page: Page, *files: FilePayload) -> None:
    page.get_by_label("Choose pictures").set_input_files(list(files))


def card(page: Page, name: str) -> Locator:
    return page.get_by_role("article").filter(has=page.get_by_role("heading", name=name, exact=True))


def shown_tags(card: Locator, group: str) -> dict[str, str]:
    """Wait for the labels of a group and return them with their scores."""
    expect(card).to_have_attribute("data-state", "done")
    rows = card.locator(f".group:has(> h4:text-is('{group}')) > ol > li").all()
    return {row.locator("> .label").inner_text(): row.locator("> .score").inner_text() for row in rows}


def answered(service: str, data: bytes, group: str, **options: str) -> dict[str, str]:
    """Return the tags of the API in the format of the page."""
    response = httpx2.post(f"{service}tag", files={"file": ("picture", data)}, data=options)
    tags = [tag for tag in response.raise_for_status().json() if tag["group"] == group]
    assert tags
    return {tag["label"]: f"{tag['score']:.1%}" for tag in tags}


def transfer(page: Page, *files: tuple[str, bytes]) -> Any:
    """Return a DataTransfer with these files, as a browser passes it to the page on a drop."""
    return page.evaluate_handle(
        """files => {
          const transfer = new DataTransfer();
          for (const [name, bytes] of files) transfer.items.add(new File([new Uint8Array(bytes)], name));
          return transfer;
        }""",
        [[name, list(data)] for name, data in files],
    )


def drop(page: Page, *files: tuple[str, bytes]) -> None:
    event_init = {"dataTransfer": transfer(page, *files)}
    for event in ("dragenter", "dragover", "drop"):
        page.locator("#drop").dispatch_event(event, event_init)


def sent_form(page: Page, service: str, *files: FilePayload) -> dict[str, bytes]:
    """Choose files; return the fields of the form that the page sends."""
    with page.expect_response("**/tag") as response:
        choose(page, *files)
    response.value.finished()
    head = f"content-type: {response.value.request.headers['content-type']}\r\n\r\n".encode()
    form = BytesParser(policy=HTTP).parsebytes(head + httpx2.get(f"{service}last-body").content)
    fields: dict[str, bytes] = {}
    for part in form.iter_parts():
        assert isinstance(part, EmailMessage)
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        assert isinstance(content, bytes)
        fields[str(name)] = content
    return fields


def hold_answers(page: Page) -> list[Route]:
    """Hold all requests for tags; return the list of held requests, which the test continues."""
    held: list[Route] = []

    def hold(route: Route) -> None:  # Playwright sets an attribute of its handlers, so `held.append` cannot be one
        held.append(route)

    page.route("**/tag", hold)
    return held


def violations(page: Page) -> str:
    report: str = Axe().run(page).generate_report()
    return report if "Found 0" not in report else ""


@needs_trained_model
def test_drop_a_cat_and_see_cat_first(page: Page, service: str, cat: bytes) -> None:
    drop(page, ("cat.png", cat))
    tags = shown_tags(card(page, "cat.png"), "Pet")
    assert next(iter(tags)) == "cat"
    assert tags == answered(service, cat, "pet")
    assert shown_tags(card(page, "cat.png"), "Fur") == answered(service, cat, "fur")
    assert card(page, "cat.png").locator("img").evaluate("image => image.naturalWidth") == 320
    expect(page.get_by_role("log")).to_have_text(re.compile(r"^cat\.png: cat \d+\.\d%, \w+-hair \d+\.\d%\.$"))


def test_drop_zone_is_highlighted_while_dragging_a_file(page: Page, cat: bytes) -> None:
    event_init = {"dataTransfer": transfer(page, ("cat.png", cat))}
    body = page.locator("body")
    page.locator("#drop").dispatch_event("dragenter", event_init)
    expect(body).to_have_class("dragging")
    page.locator("#drop").dispatch_event("dragleave", event_init)
    expect(body).not_to_have_class("dragging")


def test_fur_types_are_shown_under_the_pet_that_they_belong_to(page: Page, cat: bytes) -> None:
    tags = [
        {"label": "fish", "score": 0.6, "group": "pet"},
        {"label": "dog", "score": 0.3, "group": "pet"},
        {"label": "short-hair", "score": 0.2, "group": "fur", "of": "dog"},
        {"label": "long-hair", "score": 0.1, "group": "fur", "of": "dog"},
    ]
    page.route("**/tag", lambda route: route.fulfill(json=tags))
    choose(page, file("cat.png", cat))
    shown = card(page, "cat.png")
    assert shown_tags(shown, "Pet") == {"fish": "60.0%", "dog": "30.0%"}
    assert shown_tags(shown, "Fur") == {"short-hair": "20.0%", "long-hair": "10.0%"}
    expect(shown.locator("li:has(.group) > .label")).to_have_text("dog")
    expect(page.get_by_role("log")).to_have_text("cat.png: fish 60.0%, short-hair 20.0%.")


def test_groups_without_owner_come_in_the_order_of_the_labels_file(page: Page, cat: bytes) -> None:
    expect(page.locator("#known")).to_contain_text("short-hair")
    tags = [{"label": "short-hair", "score": 0.8, "group": "fur"}, {"label": "cat", "score": 0.6, "group": "pet"}]
    page.route("**/tag", lambda route: route.fulfill(json=tags))
    choose(page, file("cat.png", cat))
    expect(card(page, "cat.png").locator("h4")).to_have_text(["Pet", "Fur"])


def test_demo_model_without_tags_says_that_it_knows_drawings_only(page: Page, cat: bytes) -> None:
    model = {"name": "models/demo"}
    page.route("**/tag", lambda route: route.fulfill(json=[], headers={"X-Model": model["name"]}))
    choose(page, file("photo.png", cat))
    expect(card(page, "photo.png")).to_contain_text("The demo model knows drawings only.")
    expect(card(page, "photo.png")).to_contain_text("make run MODEL_ID=openai/clip-vit-base-patch32")
    expect(page.get_by_role("log")).to_contain_text("photo.png: No tag fits. The demo model knows drawings only.")
    model["name"] = "openai/clip-vit-base-patch32@3d74acf"
    choose(page, file("car.png", cat))
    expect(card(page, "car.png")).to_contain_text("The picture seems to show something else.")
    expect(card(page, "car.png")).not_to_contain_text("demo")


def test_live_region_keeps_recent_announcements(page: Page, cat: bytes) -> None:
    """Screen readers skip a live region that changes within a second, so each picture has its own line."""
    page.route("**/tag", lambda route: route.fulfill(json=[]))
    choose(page, *[file(f"{i}.png", cat) for i in range(40)])
    lines = page.get_by_role("log").locator("p")
    expect(lines).to_have_text(
        [f"{i}.png: No tag fits. The picture seems to show something else." for i in range(10, 40)]
    )


def test_bars_are_as_long_as_the_scores_and_phases_have_durations(page: Page, cat: bytes) -> None:
    choose(page, file("cat.png", cat))
    timing = re.compile(r"decode\s[\d.]+\sms · encode\s[\d.]+\sms · round\strip\s[\d.]+\sm?s")
    expect(card(page, "cat.png").locator(".facts")).to_have_text(timing)
    for label, score in shown_tags(card(page, "cat.png"), "Pet").items():
        row = card(page, "cat.png").locator(f"li:has(> .label:text-is('{label}'))")
        share = row.evaluate(
            "row => row.querySelector('.bar > span').offsetWidth / row.querySelector('.bar').offsetWidth"
        )
        assert share == pytest.approx(float(score.rstrip("%")) / 100, abs=0.02)


def test_tags_a_pasted_picture(context: BrowserContext, page: Page, service: str, cat: bytes) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.evaluate(
        """bytes => navigator.clipboard.write([
          new ClipboardItem({"image/png": new Blob([new Uint8Array(bytes)], {type: "image/png"})})
        ])""",
        list(cat),
    )
    page.keyboard.press("Control+V")
    tags = shown_tags(card(page, "image.png"), "Pet")
    assert tags == answered(service, cat, "pet")


def test_two_pictures_are_tagged_one_after_the_other(page: Page, service: str, cat: bytes, dog: bytes) -> None:
    choose(page, file("cat.png", cat), file("dog.png", dog))
    for name, data in (("cat.png", cat), ("dog.png", dog)):
        assert shown_tags(card(page, name), "Pet") == answered(service, data, "pet")
    spans = page.evaluate(
        "performance.getEntriesByType('resource').filter(entry => entry.name.endsWith('/tag'))"
        ".map(entry => [entry.startTime, entry.responseEnd])"
    )
    (_, first_end), (second_start, _) = spans
    assert second_start >= first_end


def test_progress_bar_counts_pictures_and_disappears(page: Page, cat: bytes, dog: bytes) -> None:
    held = hold_answers(page)
    choose(page, file("cat.png", cat), file("dog.png", dog))
    expect(page.get_by_role("progressbar", name="Picture 1 of 2")).to_be_visible()
    expect(card(page, "cat.png").locator(".state")).to_have_text(re.compile("has to load the model"))
    expect(card(page, "dog.png").locator(".state")).to_have_text("Waiting for its turn.")
    held.pop().continue_()
    expect(page.get_by_role("progressbar", name="Picture 2 of 2")).to_be_visible()
    held.pop().continue_()
    expect(card(page, "dog.png")).to_have_attribute("data-state", "done")
    expect(page.get_by_role("progressbar")).to_be_hidden()


def test_broken_file_shows_an_error_and_the_next_file_is_tagged(
    page: Page, service: str, cat: bytes, cat_jpeg: bytes
) -> None:
    cut = cat_jpeg[: len(cat_jpeg) // 3]
    notes = file("notes.txt", b"No picture. " * 50, "text/plain")
    choose(page, file("cut.jpg", cut), notes, file("empty.png", b""), file("cat.png", cat))
    expect(card(page, "cut.jpg").locator(".state")).to_have_text(re.compile("broken|cut short|truncated"))
    expect(card(page, "notes.txt").locator(".state")).to_have_text(re.compile("^This file is not a readable image"))
    expect(card(page, "empty.png").locator(".state")).to_have_text("The request has no image, or an empty one.")
    expect(card(page, "cut.jpg").get_by_role("button", name="Try again")).to_be_hidden()
    assert shown_tags(card(page, "cat.png"), "Pet") == answered(service, cat, "pet")


def test_unreachable_service_shows_an_error_with_a_retry_button(page: Page, service: str, cat: bytes) -> None:
    page.route("**/tag", lambda route: route.abort())
    with page.expect_event("requestfailed"):
        choose(page, file("cat.png", cat))
    expect(card(page, "cat.png").locator(".state")).to_have_text(re.compile("could not be reached"))
    page.unroute_all()
    card(page, "cat.png").get_by_role("button", name="Try again").click()
    assert shown_tags(card(page, "cat.png"), "Pet") == answered(service, cat, "pet")


def test_deleted_file_shows_an_error(page: Page, cat: bytes, tmp_path: Path) -> None:
    paths = [tmp_path / "first.png", tmp_path / "gone.png"]
    for path in paths:
        path.write_bytes(cat)
    held = hold_answers(page)
    page.get_by_label("Choose pictures").set_input_files(paths)
    expect(card(page, "gone.png").locator("img")).to_have_js_property("naturalWidth", 320)
    paths[1].unlink()
    held.pop().continue_()
    expect(page.get_by_role("progressbar", name="Picture 2 of 2")).to_be_visible()
    held.pop().continue_()
    expect(card(page, "gone.png").locator(".state")).to_have_text(re.compile("^This file cannot be read"))


@pytest.mark.parametrize(
    ("status", "words", "can_retry"),
    [
        (413, "The picture is too large for the service.", False),
        (429, "Too many requests. Try again in a moment.", True),
        (504, "The service is busy or still starting. Try again in a moment.", True),
        (404, "The service sent an unexpected answer (status 404).", False),
    ],
)
def test_error_of_the_gateway_shows_its_cause(page: Page, cat: bytes, status: int, words: str, can_retry: bool) -> None:
    page.route("**/tag", lambda route: route.fulfill(status=status, json={"message": "Gateway says no"}))
    choose(page, file("cat.png", cat))
    expect(card(page, "cat.png").locator(".state")).to_have_text(words)
    expect(card(page, "cat.png").get_by_role("button", name="Try again")).to_be_visible(visible=can_retry)


def test_key_is_asked_for_after_403(page: Page, service: str, cat: bytes, tmp_path: Path) -> None:
    """API Gateway answers 403 Forbidden to a request without a valid `x-api-key`."""

    def guard(route: Route) -> None:
        if route.request.headers.get("x-api-key") == "secret":
            route.continue_()
        else:
            route.fulfill(status=403, json={"message": "Forbidden"})

    page.route("**/tag", guard)
    expect(page.get_by_label("API key")).to_be_hidden()
    choose(page, file("cat.png", cat))
    expect(card(page, "cat.png").locator(".state")).to_have_text(
        re.compile("If it needs an API key, enter the key under")
    )
    assert not violations(page)
    page.get_by_label("API key").fill("secret")
    card(page, "cat.png").get_by_role("button", name="Try again").click()
    assert shown_tags(card(page, "cat.png"), "Pet") == answered(service, cat, "pet")
    command = card(page, "cat.png").locator("code").text_content() or ""
    assert '--header "x-api-key: $API_KEY"' in command
    assert "secret" not in command
    (tmp_path / "cat.png").write_bytes(cat)
    program = ["bash", "-c", f"API_KEY=secret; {command} --silent --verbose"]
    result = subprocess.run(program, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "> x-api-key: secret" in result.stderr
    assert "X-Model" in result.stderr or "x-model" in result.stderr


def test_own_labels_get_the_scores_of_the_api(page: Page, service: str, cat: bytes) -> None:
    choose(page, file("cat.png", cat))
    expect(card(page, "cat.png")).to_have_attribute("data-state", "done")
    page.get_by_label("Your own labels").fill(" cat, dog ,, cat")
    page.get_by_text("Words around the labels").click()
    page.get_by_label("Sentence around each label").fill("a photo of a {}.")
    page.get_by_role("button", name="Tag again").click()
    expect(card(page, "cat.png").get_by_role("heading", name="Your labels")).to_be_visible()
    options = {"candidate_labels": "cat,dog", "hypothesis_template": "a photo of a {}."}
    assert shown_tags(card(page, "cat.png"), "Your labels") == answered(service, cat, "custom", **options)
    expect(card(page, "cat.png").locator(".facts")).to_have_text(re.compile(r"text\s[\d.]+\sm?s"))


@pytest.mark.parametrize(
    ("field", "text", "complaint"),
    [
        ("Your own labels", ",".join(f"label {i}" for i in range(101)), "Use at most 100 labels. There are 101."),
        ("Your own labels", "x" * 201, "“xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…” is longer than 200 characters."),
        ("Sentence around each label", "a photo", "Put {} once, where the label goes: “a photo of {}.”"),
    ],
)
def test_invalid_labels_are_refused_before_a_request(
    page: Page, cat: bytes, field: str, text: str, complaint: str
) -> None:
    page.locator("details.more summary").click()
    page.get_by_label(field).fill(text)
    choose(page, file("cat.png", cat))
    assert page.get_by_label(field).evaluate("field => field.validationMessage") == complaint
    expect(page.get_by_label(field)).to_be_focused()
    expect(page.get_by_role("article")).to_have_count(0)
    page.get_by_label(field).fill("")
    choose(page, file("cat.png", cat))
    expect(card(page, "cat.png")).to_have_attribute("data-state", "done")


def test_large_picture_is_shrunk_before_it_is_sent(page: Page, service: str) -> None:
    noise = Image.effect_noise((2100, 2800), 90).convert("RGB")
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held upright: turn by 90 degrees
    photo = encode(noise, "JPEG", quality=95, exif=exif)
    assert len(photo) > 4_500_000
    sent = sent_form(page, service, file("photo.jpg", photo, "image/jpeg"))["file"]
    assert Image.open(io.BytesIO(sent)).size == (2048, 1536)
    assert len(sent) < 4_000_000
    note = re.compile(r"Made smaller before sending: 2800 . 2100, \d+\.\d\sMB to 2048 . 1536, \d\.\d\sMB\.")
    expect(card(page, "photo.jpg").locator(".facts")).to_have_text(note)
    card(page, "photo.jpg").get_by_text("The same with curl").click()
    expect(card(page, "photo.jpg")).to_contain_text(re.compile(r"refuses files over 4\.5\sMB"))


def test_a_small_picture_is_sent_unchanged(page: Page, service: str, cat: bytes) -> None:
    assert sent_form(page, service, file("cat.png", cat)) == {"file": cat}


def test_large_transparent_picture_is_shrunk_on_white(page: Page, service: str) -> None:
    clear = encode(Image.new("RGBA", (3000, 10)), "PNG")
    sent = sent_form(page, service, file("clear.png", clear))["file"]
    assert Image.open(io.BytesIO(sent)).getpixel((100, 3)) == (255, 255, 255)


def test_heic_is_sent_unchanged_because_chromium_cannot_decode_it(page: Page, service: str, cat: bytes) -> None:
    picture = heic(Image.open(io.BytesIO(cat)).convert("RGB"))
    choose(page, file("cat.heic", picture, "image/heic"))
    assert shown_tags(card(page, "cat.heic"), "Pet") == answered(service, picture, "pet")
    expect(card(page, "cat.heic").locator("img")).to_be_hidden()


def test_large_file_that_chromium_cannot_decode_is_not_sent(page: Page) -> None:
    choose(page, file("film.mov", bytes(4_600_000), "video/quicktime"))
    expect(card(page, "film.mov").locator(".state")).to_have_text(re.compile(r"^This file has 4\.6\sMB\."))


@needs_trained_model
@pytest.mark.parametrize("sample", ["cat", "dog", "fish"])
def test_sample_picture_is_tagged_correctly(page: Page, sample: str) -> None:
    page.get_by_role("button", name=f"Tag a {sample}").click()
    assert next(iter(shown_tags(card(page, f"{sample}.webp"), "Pet"))) == sample


@pytest.mark.parametrize("name", ["cat.png", 'it\'s my "cat"; really, $(echo ok) <img src=x onerror=alert(1)>.png'])
def test_curl_command_prints_the_tags_of_the_page(
    page: Page, service: str, cat: bytes, tmp_path: Path, name: str
) -> None:
    page.get_by_label("Your own labels").fill("a cat; tabby, <dog, @bird's")
    choose(page, file(name, cat))
    shown = shown_tags(card(page, name), "Your labels")
    card(page, name).get_by_text("The same with curl").click()
    command = card(page, name).locator("code").inner_text()
    assert service in command
    (tmp_path / name).write_bytes(cat)
    result = subprocess.run(
        ["bash", "-c", f"{command} --silent"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    tags = httpx2.Response(200, text=result.stdout).json()
    assert {tag["label"]: f"{tag['score']:.1%}" for tag in tags} == shown


def test_copy_button_copies_the_curl_command(context: BrowserContext, page: Page, cat: bytes) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    choose(page, file("cat.png", cat))
    card(page, "cat.png").get_by_text("The same with curl").click()
    card(page, "cat.png").get_by_role("button", name="Copy").click()
    expect(card(page, "cat.png").get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == card(page, "cat.png").locator("code").inner_text()


def test_sample_picture_can_be_saved(page: Page) -> None:
    page.get_by_role("button", name="Tag a cat").click()
    card(page, "cat.webp").get_by_text("The same with curl").click()
    with page.expect_download() as download:
        card(page, "cat.webp").get_by_role("link", name="Save the picture").click()
    assert download.value.suggested_filename == "cat.webp"


def test_cards_can_be_removed(page: Page, cat: bytes, dog: bytes) -> None:
    choose(page, file("cat.png", cat), file("dog.png", dog))
    expect(card(page, "dog.png")).to_have_attribute("data-state", "done")
    page.get_by_role("button", name="Remove cat.png").click()
    expect(card(page, "cat.png")).to_have_count(0)
    expect(page.get_by_role("button", name="Remove dog.png")).to_be_focused()
    page.get_by_role("button", name="Remove all").click()
    expect(page.get_by_role("region", name="Tags")).to_be_hidden()


def test_works_with_the_keyboard_only(page: Page, cat: bytes) -> None:
    def tab_to(name: str) -> None:
        """Press Tab until the element `name` has the focus; fail if a focused element has no outline."""
        for _ in range(30):
            page.keyboard.press("Tab")
            focused = page.evaluate(
                """() => {
                  const element = document.activeElement;
                  const framed = element.closest("label.button") ?? element;
                  const image = element.querySelector("img");
                  return {
                    name: element.ariaLabel ?? element.labels?.[0]?.innerText ?? image?.alt ?? element.innerText,
                    outline: getComputedStyle(framed).outlineStyle,
                  };
                }"""
            )
            assert focused["outline"] != "none", f"no visible focus on {focused['name']}"
            if focused["name"] == name:
                return
        pytest.fail(f"Tab does not reach {name}")

    # Registered first, because Playwright misses file choosers that open before a listener exists.
    page.on("filechooser", lambda _: None)
    tab_to("API")
    tab_to("Choose pictures")
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Enter")
    chooser.value.set_files(file("cat.png", cat))
    expect(card(page, "cat.png")).to_have_attribute("data-state", "done")
    tab_to("Tag a dog")
    page.keyboard.press("Enter")
    expect(card(page, "dog.webp")).to_have_attribute("data-state", "done")
    tab_to("Your own labels")
    page.keyboard.type("cat, dog")
    page.keyboard.press("Enter")
    expect(card(page, "cat.png").get_by_role("heading", name="Your labels")).to_be_visible()
    expect(card(page, "dog.webp")).to_have_attribute("data-state", "done")
    tab_to("Remove dog.webp")
    tab_to("The same with curl")
    page.keyboard.press("Enter")
    tab_to("Copy")
    tab_to("Remove cat.png")
    page.keyboard.press("Space")
    expect(card(page, "cat.png")).to_have_count(0)
    expect(page.get_by_role("button", name="Remove dog.webp")).to_be_focused()


@pytest.mark.parametrize(
    "context_options", [{}, DARK, PHONE, DARK | PHONE], ids=["light", "dark", "phone", "dark-phone"]
)
def test_axe_finds_no_accessibility_problem(page: Page, cat: bytes) -> None:
    assert not violations(page)
    held = hold_answers(page)
    choose(page, file("cat.png", cat), file("notes.txt", b"No picture.", "text/plain"))
    expect(page.get_by_role("progressbar")).to_be_visible()
    page.locator("details.more summary").click()
    assert not violations(page)
    held.pop().continue_()
    expect(page.get_by_role("progressbar", name="Picture 2 of 2")).to_be_visible()
    held.pop().continue_()
    expect(card(page, "notes.txt")).to_have_attribute("data-state", "failed")
    card(page, "cat.png").get_by_text("The same with curl").click()
    assert not violations(page)


@pytest.mark.parametrize("context_options", [PHONE])
def test_phone_width_needs_no_scrolling_sideways(page: Page, cat: bytes) -> None:
    expect(page.get_by_text("Take a picture")).to_be_visible()
    assert page.locator("#camera").get_attribute("capture") == "environment"
    page.get_by_label("Your own labels").fill("x" * 200)
    tags = [{"label": "x" * 200, "score": 1.0, "group": "custom"}]
    page.route("**/tag", lambda route: route.fulfill(json=tags))
    choose(page, file(f"{'long' * 50}.png", cat))
    card(page, f"{'long' * 50}.png").get_by_text("The same with curl").click()
    assert page.evaluate("document.documentElement.scrollWidth") == 360


@pytest.mark.parametrize("context_options", [PHONE])
def test_picture_from_the_camera_is_tagged(page: Page, service: str, cat: bytes) -> None:
    page.get_by_label("Take a picture").set_input_files([file("image.png", cat)])
    assert shown_tags(card(page, "image.png"), "Pet") == answered(service, cat, "pet")


@pytest.mark.parametrize(("context_options", "is_dark"), [({}, False), (DARK, True)])
def test_background_follows_the_colour_scheme(page: Page, is_dark: bool) -> None:
    red, green, blue = map(int, re.findall(r"\d+", page.evaluate("getComputedStyle(document.body).backgroundColor")))
    assert (red + green + blue < 3 * 64) == is_dark


@needs_trained_model
def test_notice_names_the_demo_model(page: Page) -> None:
    expect(page.get_by_text("The demo model is answering.")).to_be_visible()
    expect(page.get_by_text("Model models/demo, version")).to_be_visible()


def test_notice_is_hidden_for_another_model(context: BrowserContext) -> None:
    page = context.new_page()
    page.route("**/health", lambda route: route.fulfill(json={"model": "openai/clip-vit-base-patch32", "version": "1"}))
    page.goto("/")
    expect(page.get_by_text("Model openai/clip-vit-base-patch32, version 1.")).to_be_visible()
    expect(page.get_by_text("The demo model is answering.")).to_be_hidden()


def test_page_lists_the_labels_of_the_service(page: Page) -> None:
    expect(page.locator("#known")).to_have_text(re.compile("^cat, dog, hamster, .*, short-hair$"))


@pytest.mark.parametrize("path", ["/prod", "/prod/"])
def test_works_below_a_stage_path(context: BrowserContext, service: str, cat: bytes, path: str) -> None:
    page = context.new_page()
    page.goto(path)
    expect(page).to_have_url(f"{service}prod/")
    expect(page.get_by_text(f"Model {MODEL}, version")).to_be_visible()
    choose(page, file("cat.png", cat))
    assert shown_tags(card(page, "cat.png"), "Pet") == answered(service, cat, "pet")
    assert f"{service}prod/tag" in (card(page, "cat.png").locator("code").text_content() or "")
    assert page.get_by_role("link", name="API", exact=True).evaluate("link => link.href") == f"{service}prod/docs"


def test_second_visit_uses_the_cached_page(context: BrowserContext) -> None:
    page = context.new_page()
    page.goto("/")
    page.goto("/")
    size = page.evaluate("performance.getEntriesByType('navigation')[0].transferSize")
    assert size < 1500


@pytest.mark.parametrize("context_options", [{"java_script_enabled": False}])
def test_plain_form_works_without_javascript(page: Page, service: str, cat: bytes) -> None:
    page.locator("#files").set_input_files([file("cat.png", cat)])
    with page.expect_response("**/tag") as response:
        page.get_by_role("button", name="Tag", exact=True).click()
    assert response.value.json() == httpx2.post(f"{service}tag", files={"file": cat}).json()
