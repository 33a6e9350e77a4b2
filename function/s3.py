"""Reads and writes S3 objects, and decides which errors of S3 are worth a retry.

boto3 is imported on first use, because most requests contain their image and do not need it.
"""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from function.errors import ObjectArchived, ObjectNotFound, StorageUnavailable, TooManyBytes

if TYPE_CHECKING:
    from botocore.config import Config
    from types_boto3_s3 import S3Client

_CONNECTIONS = 32
_NOT_FOUND = {"NoSuchKey", "NoSuchVersion", "NoSuchBucket", "NotFound", "404", "412", "PreconditionFailed"}
# A version that is a delete marker, an invalid version id, a key that is too long.
_INVALID = {"MethodNotAllowed", "405", "InvalidArgument", "KeyTooLongError"}
_EXISTS = {"PreconditionFailed", "412"}


@dataclass(frozen=True)
class S3Object:
    """One S3 object. `version_id` and `etag` (without quotes) identify the version, if they are known."""

    bucket: str
    key: str
    version_id: str | None = None
    etag: str | None = None

    @property
    def version(self) -> str | None:
        """The identity of this version: its version id or, in a bucket without versioning, its ETag."""
        return self.version_id if self.version_id not in {None, "null"} else self.etag

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.key}"


class ObjectStore:
    """S3 through one client, which threads may share."""

    @cached_property
    def client(self) -> "S3Client":
        """The S3 client, created on first use."""
        import boto3  # noqa: PLC0415

        # The host must contain bucket and region. S3 redirects other hosts on a bucket's first day, and a browser does
        # not follow a redirect of a presigned POST.
        hosts = {"addressing_style": "virtual", "us_east_1_regional_endpoint": "regional"}
        return boto3.client("s3", config=client_config(signature_version="s3v4", s3=hosts))

    def resolve(self, s3_object: S3Object) -> S3Object:
        """Return the object with its current version and ETag. Raises ObjectNotFound or StorageUnavailable."""
        with _translated(s3_object):
            return _identified(s3_object, self.client.head_object(**_arguments(s3_object)))

    def fetch(self, s3_object: S3Object, max_bytes: int) -> tuple[S3Object, bytes]:
        """Return the version of the object that was read, and its bytes.

        Raises TooManyBytes (before reading) if there are more than `max_bytes`, ObjectNotFound if the object or the
        version does not exist, ObjectArchived if it must be restored first, or StorageUnavailable.
        """
        condition: dict[str, Any] = {"IfMatch": f'"{s3_object.etag}"'} if s3_object.etag else {}
        with _translated(s3_object):
            response = self.client.get_object(**_arguments(s3_object), **condition)
            with closing(response["Body"]) as body:
                if response["ContentLength"] > max_bytes:
                    size, most = response["ContentLength"] / 1e6, max_bytes / 1e6
                    raise TooManyBytes(f"The object has {size:.1f} MB; the limit is {most:.1f} MB.")
                return _identified(s3_object, response), body.read()

    def create(self, bucket: str, key: str, body: bytes) -> None:
        """Write a JSON object unless the key exists. Raises StorageUnavailable."""
        try:
            self.client.put_object(Bucket=bucket, Key=key, Body=body, ContentType="application/json", IfNoneMatch="*")
        except Exception as error:
            if _reason(error) not in _EXISTS:
                raise _unavailable(S3Object(bucket, key), error) from error

    def tags(self, s3_object: S3Object) -> dict[str, str]:
        """Return the S3 tags of an object. Raises ObjectNotFound or StorageUnavailable."""
        with _translated(s3_object):
            response = self.client.get_object_tagging(**_arguments(s3_object))
            return {tag["Key"]: tag["Value"] for tag in response["TagSet"]}

    def write_tags(self, s3_object: S3Object, tags: dict[str, str]) -> None:
        """Replace the S3 tags of an object. Raises ObjectNotFound or StorageUnavailable."""
        tag_set: Any = [{"Key": key, "Value": value} for key, value in tags.items()]
        with _translated(s3_object):
            self.client.put_object_tagging(**_arguments(s3_object), Tagging={"TagSet": tag_set})

    def presigned_post(self, target: S3Object, max_bytes: int, expires_in_s: int) -> dict[str, Any]:
        """Return the `url` and form `fields` of a presigned POST: anybody may upload one image of up to `max_bytes`.

        Raises StorageUnavailable.
        """
        conditions: list[Any] = [["content-length-range", 1, max_bytes], ["starts-with", "$Content-Type", "image/"]]
        with _translated(target):
            return self.client.generate_presigned_post(
                target.bucket, target.key, Conditions=conditions, ExpiresIn=expires_in_s
            )


def client_config(**options: Any) -> "Config":
    """Return the configuration of an AWS client: short timeouts, a few retries, and `options`."""
    from botocore.config import Config  # noqa: PLC0415

    return Config(
        connect_timeout=3,
        read_timeout=10,
        retries={"mode": "standard", "total_max_attempts": 4},
        max_pool_connections=_CONNECTIONS,
        **options,
    )


def _arguments(s3_object: S3Object) -> dict[str, Any]:
    version = {"VersionId": s3_object.version_id} if s3_object.version_id else {}
    return {"Bucket": s3_object.bucket, "Key": s3_object.key, **version}


def _identified(s3_object: S3Object, response: Any) -> S3Object:
    """Return the object with the version and ETag of S3's response."""
    return replace(
        s3_object, version_id=response.get("VersionId", s3_object.version_id), etag=response["ETag"].strip('"')
    )


@contextmanager
def _translated(s3_object: S3Object) -> Iterator[None]:
    """Raise our errors for those of S3 and boto3. An error is worth a retry unless it is known to be final."""
    from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError  # noqa: PLC0415

    try:
        yield
    except ParamValidationError as error:
        raise ObjectNotFound(f"{s3_object} is not a valid S3 bucket and key.") from error
    except (ClientError, BotoCoreError, OSError) as error:
        reason = _reason(error)
        if reason in _NOT_FOUND | _INVALID:
            raise ObjectNotFound(f"{s3_object} does not exist, or this version was deleted.") from error
        if reason == "InvalidObjectState":
            raise ObjectArchived(f"{s3_object} is archived: restore it before you read it.") from error
        raise _unavailable(s3_object, error) from error


def _unavailable(s3_object: S3Object, error: Exception) -> StorageUnavailable:
    return StorageUnavailable(f"S3 failed for {s3_object}: {_reason(error)}. Try again.")


def _reason(error: Exception) -> str:
    """Return S3's error code, or the error's class; not S3's own text, because that text names roles and accounts."""
    from botocore.exceptions import ClientError  # noqa: PLC0415

    code: str = error.response["Error"]["Code"] if isinstance(error, ClientError) else type(error).__name__
    return code
