"""Each module of `function/` has a test module of its name in one of FOLDERS, or a reason here why not."""

import pytest

from tests.support.programs import ROOT

FOLDERS = ("unit", "api", "bulk", "lambda", "page")
# Tested through their callers, with the tests that do it.
TESTED_ELSEWHERE = {
    "function": "the version and an environment variable: tests/api/test_app.py, tests/lambda/test_handler.py",
    "function.__main__": "calls cli.main: tests/unit/test_cli.py",
    "function.errors": "codes and statuses of all errors: tests/api/test_app.py",
    "function.bulk_handler": "tests/bulk/test_handler.py",
    "function.s3": "against moto, with faults: tests/bulk/test_pipeline.py, tests/api/test_uploads.py",
    "function.api.body": "requests of real clients: tests/api/test_request_cases.py",
    "function.api.docs": "tests/page/test_document.py and tests/lambda/test_events.py",
    "function.api.json_body": "requests of real clients: tests/api/test_request_cases.py",
    "function.api.openapi": "tests/api/test_app.py, and `make check` checks the committed copy",
    "function.api.problems": "tests/api/test_app.py",
    "function.api.receive": "tests/api/test_request_cases.py and tests/hostile/test_server.py",
    "function.api.routes": "one test module for each route: tests/api/test_tag.py, test_embed.py, test_uploads.py",
    "function.api.schemas": "tests/api/test_app.py and tests/hostile/test_schemathesis.py",
    "function.api.services": "the limit of waiting requests: tests/api/test_app.py",
    "function.api.upload_bucket": "tests/api/test_uploads.py",
    "function.bulk.eventbridge": "against moto: tests/bulk/test_pipeline.py",
    "function.bulk.observe": "log lines: tests/bulk/test_handler.py",
    "function.bulk.results": "against moto: tests/bulk/test_pipeline.py",
    "function.bulk.sqs": "sample events: tests/bulk/test_handler.py",
    "function.bulk.step_functions": "sample events and the state machine: tests/bulk/test_handler.py",
    "function.clip.linear": "every way to multiply: tests/unit/test_image_encoder.py",
    "function.clip.normalise": "pixels of Transformers: tests/unit/test_preprocess.py",
    "function.clip.transformer": "tests/unit/test_image_encoder.py and test_text_encoder.py",
    "function.clip.weight_reader": "tests/unit/test_image_encoder.py",
    "function.images.animation": "tests/unit/test_decode.py",
    "function.images.bounds": "a hostile file for each limit: tests/hostile/test_bombs.py",
    "function.images.heif_guard.coded_size": "tests/unit/test_heif_guard.py",
    "function.images.heif_guard.isobmff": "tests/unit/test_heif_guard.py",
    "function.images.jpeg": "tests/unit/test_decode.py",
    "function.images.orientation": "tests/unit/test_formats.py",
    "function.images.png": "tests/unit/test_decode.py",
    "function.images.tiff": "tests/unit/test_decode.py",
    "function.images.signatures": "tests/unit/test_formats.py and test_decode.py",
    "function.model.config": "tests/unit/test_preprocess.py and test_conversion.py",
    "function.model.digests": "tests/unit/test_baked_folder.py",
    "function.model.tensor_file": "tests/unit/test_baked_folder.py",
    "function.model.weight_shapes": "tests/unit/test_image_encoder.py and test_text_encoder.py",
    "function.start": "the first request logs the start: tests/api/test_middleware.py",
    "function.tagging.bank": "scores of Transformers: tests/unit/test_tagger.py",
    "function.tagging.options": "tests/api/test_tag.py and test_request_cases.py",
}


def modules() -> list[str]:
    """Return the names of all modules; packages count if they contain more than a docstring."""
    paths = [path.relative_to(ROOT).with_suffix("") for path in (ROOT / "function").rglob("*.py")]
    names = [".".join(path.parts).removesuffix(".__init__") for path in paths]
    return sorted(name for name in names if name == "function" or not (ROOT / name.replace(".", "/")).is_dir())


@pytest.mark.parametrize("module", modules())
def test_module_has_a_test_module_or_a_reason(module: str) -> None:
    name = module.rpartition(".")[2]
    has_test = any((ROOT / f"tests/{folder}/test_{name}.py").exists() for folder in FOLDERS)
    assert has_test != (module in TESTED_ELSEWHERE)


def test_every_reason_is_about_a_module_and_names_existing_tests() -> None:
    assert set(TESTED_ELSEWHERE) <= set(modules())
    for reason in TESTED_ELSEWHERE.values():
        for path in (word.rstrip(",") for word in reason.split() if word.startswith("tests/")):
            assert (ROOT / path).exists(), path
