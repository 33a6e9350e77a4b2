"""All settings of the service. Entry modules read them from the environment once and pass them down."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from function.errors import ModelError


class Settings(BaseModel):
    """The settings. Each field is the environment variable of the same name in capitals."""

    model_config = ConfigDict(frozen=True, protected_namespaces=())

    model_dir: Path = Field(default=Path("build/model"), description="The baked model folder to serve.")
    model_dtype: Literal["float32", "bfloat16", "auto"] = Field(
        default="float32",
        description="Number format of the image encoder. auto selects bfloat16 if the CPU supports it in hardware.",
    )
    max_image_bytes: int = Field(
        default=4_500_000, gt=0, description="Maximum image size in bytes. Lambda limits a base64 request to 6 MB."
    )
    # images/bounds.py sets Pillow's own limit to twice this maximum.
    max_image_pixels: int = Field(
        default=51_000_000, gt=0, le=125_000_000, description="Maximum image size in pixels, width x height."
    )
    max_upload_seconds: float = Field(
        default=60, gt=0, description="Upload timeout in seconds. Local server only: API Gateway buffers requests."
    )
    max_waiting_requests: int = Field(
        default=64, gt=0, description="Maximum number of concurrent requests; more get 503. Lambda sends one at a time."
    )
    cors_origins: str = Field(
        default="", description="Origins allowed by CORS, separated by commas, or * for all; empty for none."
    )
    metrics_namespace: str = Field(
        default="", description="CloudWatch namespace of the metrics, which are written to the log; empty for none."
    )
    new_version: str = Field(default="", description="ARN of the version that the smoke test invokes.")
    smoke_label: str = Field(
        default="", description="Pet that a new version must see in the smoke test's photo; empty for any."
    )
    upload_bucket: str = Field(default="", description="The bucket of POST /uploads and of s3:// URLs; empty for none.")
    upload_origin: str = Field(default="", description="Origin of the upload bucket, which the web page may call.")
    results_bucket: str = Field(default="", description="Bucket for the results of the bulk function.")
    event_bus: str = Field(default="default", description="EventBridge bus for one ImageTagged event per image.")
    write_object_tags: bool = Field(default=False, description="Also write the tags to the S3 objects.")
    max_object_bytes: int = Field(
        default=50_000_000, gt=0, description="Maximum size of an S3 object in bytes. Several are in memory at once."
    )

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Return the settings in `environment`, usually `os.environ`. An empty variable means the default.

        Raises ModelError, which names every variable that is not valid.
        """
        values = {name: value for name in cls.model_fields if (value := environment.get(name.upper(), "").strip())}
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            problems = "; ".join(f"{str(e['loc'][0]).upper()}={e['input']!r}: {e['msg']}" for e in error.errors())
            raise ModelError(f"bad settings: {problems}") from error
