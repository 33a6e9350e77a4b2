"""Settings are read from the environment, validated, and immutable."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from function.errors import ModelError
from function.settings import Settings


def test_empty_environment_gives_the_defaults() -> None:
    settings = Settings.from_environment({})
    assert settings == Settings()
    assert (settings.model_dir, settings.model_dtype) == (Path("build/model"), "float32")


def test_variables_of_settings_are_read_and_others_ignored() -> None:
    environment = {"MODEL_DIR": "/opt/model", "MAX_IMAGE_BYTES": " 1000 ", "MODEL_DTYPE": "", "PATH": "/bin"}
    settings = Settings.from_environment(environment)
    assert (settings.model_dir, settings.max_image_bytes) == (Path("/opt/model"), 1000)
    assert settings.model_dtype == "float32"


def test_error_names_every_invalid_variable() -> None:
    with pytest.raises(ModelError) as caught:
        Settings.from_environment({"MAX_IMAGE_BYTES": "lots", "MODEL_DTYPE": "int8"})
    assert "MAX_IMAGE_BYTES='lots'" in str(caught.value)
    assert "MODEL_DTYPE='int8'" in str(caught.value)


@pytest.mark.parametrize(
    ("name", "largest"), [("MAX_IMAGE_BYTES", None), ("MAX_IMAGE_PIXELS", 125_000_000), ("MAX_UPLOAD_SECONDS", None)]
)
def test_limits_of_numbers_are_exact(name: str, largest: int | None) -> None:
    assert getattr(Settings.from_environment({name: "1"}), name.lower()) == 1
    with pytest.raises(ModelError, match=f"{name}='0'.*greater than 0"):
        Settings.from_environment({name: "0"})
    if largest:
        assert getattr(Settings.from_environment({name: str(largest)}), name.lower()) == largest
        with pytest.raises(ModelError, match=f"{name}='{largest + 1}'.*less than or equal"):
            Settings.from_environment({name: str(largest + 1)})


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        Settings().max_image_bytes = 1


@pytest.mark.parametrize("name", list(Settings.model_fields))
def test_every_setting_is_in_the_readme(name: str) -> None:
    readme = Path(__file__).parents[2] / "README.md"
    assert f"`{name.upper()}`" in readme.read_text(encoding="utf-8")
