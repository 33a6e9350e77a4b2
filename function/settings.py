"""Every setting of the service, read from the environment once, by the entry module, and passed down."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from function.errors import ModelError


class Settings(BaseModel):
    """What can be set; each field is the environment variable of the same name in capitals."""

    model_config = ConfigDict(frozen=True, protected_namespaces=())

    model_dir: Path = Field(default=Path("build/model"), description="The baked model folder to serve.")
    model_dtype: Literal["float32", "bfloat16", "auto"] = Field(
        default="float32",
        description="Arithmetic of the image encoder; auto takes bfloat16 where the CPU has it in hardware.",
    )
    max_image_bytes: int = Field(
        default=4_500_000, gt=0, description="Largest image accepted, bytes. Lambda's own limit is 6 MB after base64."
    )
    # Pillow refuses by itself what has more than twice its MAX_IMAGE_PIXELS.
    max_image_pixels: int = Field(
        default=50_000_000, gt=0, le=178_956_970, description="Largest image accepted, width x height."
    )
    max_upload_seconds: float = Field(
        default=60, gt=0, description="Longest that a body may take to arrive; API Gateway passes on whole ones only."
    )
    max_waiting_requests: int = Field(
        default=64, gt=0, description="Requests taken at once before 503; on Lambda there is only ever one."
    )
    cors_origins: str = Field(
        default="", description="Origins whose pages may read the answers, separated by commas, or *; empty for none."
    )
    metrics_namespace: str = Field(
        default="", description="CloudWatch namespace of the metrics, which are lines of the log; empty for none."
    )
    new_version: str = Field(default="", description="ARN of the version that the smoke test asks; set by the stack.")
    smoke_label: str = Field(
        default="", description="Best tag that a new version must give function/api/page/cat.webp; empty for any."
    )

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Return the settings that `environment` (usually `os.environ`) asks for; empty means the default.

        Raises ModelError, naming every variable that does not validate.
        """
        given = {name: value for name in cls.model_fields if (value := environment.get(name.upper(), "").strip())}
        try:
            return cls.model_validate(given)
        except ValidationError as error:
            wrong = "; ".join(f"{str(e['loc'][0]).upper()}={e['input']!r}: {e['msg']}" for e in error.errors())
            raise ModelError(f"bad settings: {wrong}") from error
