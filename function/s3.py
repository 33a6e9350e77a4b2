"""S3 objects: the one place that reads and writes them, and that knows which of S3's refusals are worth another try.

boto3 is imported at first use: a picture that comes with its request needs none of it.
"""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from function.errors import ObjectArchived, ObjectNotFound, StorageUnavailable, TooManyBytes

if TYPE_CHECKING:
    from botocore.config import Config
    from types_boto3_s3 import S3Client

_CONNECTIONS = 32
_GONE = {"NoSuchKey", "NoSuchVersion", "NoSuchBucket", "NotFound", "404", "412", "PreconditionFailed"}
# A version that is a delete marker, a version id that cannot be one, a key that S3 would not have stored.
_NEVER_WAS = {"MethodNotAllowed", "405", "InvalidArgument", "KeyTooLongError"}
_TAKEN = {"PreconditionFailed", "412"}


@dataclass(frozen=True)
class S3Object:
    """One object of S3; `version_id` and `etag` (without quotes) say which, as far as that is known."""

    bucket: str
    key: str
    version_id: str | None = None
    etag: str | None = None

    @property
    def version(self) -> str | None:
        """What tells this version from others of the same key: in a bucket without versioning, its ETag."""
        return self.version_id if self.version_id not in {None, "null"} else self.etag

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.key}"


class ObjectStore:
    """S3 through one client, which threads may share. `make_client` is called once, when it is first needed."""

    def __init__(self, make_client: "Callable[[], S3Client] | None" = None) -> None:
        self._make_client = make_client or _client

    @cached_property
    def client(self) -> "S3Client":
        """The S3 client."""
        return self._make_client()

    def resolve(self, wanted: S3Object) -> S3Object:
        """Return `wanted` with the version and ETag that it has now.

        Raises ObjectNotFound or StorageUnavailable.
        """
        with _translated(wanted):
            return _identified(wanted, self.client.head_object(**_arguments(wanted)))

    def fetch(self, wanted: S3Object, max_bytes: int) -> tuple[S3Object, bytes]:
        """Return the bytes of an object, and which version of it they are.

        Raises TooManyBytes (before reading them) if there are more than `max_bytes`, ObjectNotFound if the object, or
        the version that is asked for, is not there, ObjectArchived, or StorageUnavailable.
        """
        condition: dict[str, Any] = {"IfMatch": f'"{wanted.etag}"'} if wanted.etag else {}
        with _translated(wanted):
            answer = self.client.get_object(**_arguments(wanted), **condition)
            with closing(answer["Body"]) as body:
                if answer["ContentLength"] > max_bytes:
                    size, most = answer["ContentLength"] / 1e6, max_bytes / 1e6
                    raise TooManyBytes(f"The object has {size:.1f} MB; at most {most:.1f} MB are read.")
                return _identified(wanted, answer), body.read()

    def create(self, bucket: str, key: str, body: bytes) -> bool:
        """Write a JSON object unless there is one of that key; return whether it was written.

        Raises StorageUnavailable.
        """
        from botocore.exceptions import ClientError  # noqa: PLC0415

        target = S3Object(bucket, key)
        try:
            self.client.put_object(Bucket=bucket, Key=key, Body=body, ContentType="application/json", IfNoneMatch="*")
        except ClientError as error:
            if error.response["Error"]["Code"] in _TAKEN:
                return False
            raise StorageUnavailable(_why(target, error)) from error
        except Exception as error:
            raise StorageUnavailable(_why(target, error)) from error
        return True

    def tags(self, source: S3Object) -> dict[str, str]:
        """Return the S3 tags of an object.

        Raises ObjectNotFound or StorageUnavailable.
        """
        with _translated(source):
            answer = self.client.get_object_tagging(**_arguments(source))
            return {tag["Key"]: tag["Value"] for tag in answer["TagSet"]}

    def write_tags(self, source: S3Object, tags: dict[str, str]) -> None:
        """Replace the S3 tags of an object.

        Raises ObjectNotFound or StorageUnavailable.
        """
        tag_set: Any = [{"Key": key, "Value": value} for key, value in tags.items()]
        with _translated(source):
            self.client.put_object_tagging(**_arguments(source), Tagging={"TagSet": tag_set})

    def presigned_post(self, target: S3Object, max_bytes: int, expires_in_s: int) -> dict[str, Any]:
        """Return the `url` and form `fields` by which anybody may upload one image of at most `max_bytes` there.

        Raises StorageUnavailable.
        """
        conditions: list[Any] = [["content-length-range", 1, max_bytes], ["starts-with", "$Content-Type", "image/"]]
        with _translated(target):
            return self.client.generate_presigned_post(
                target.bucket, target.key, Conditions=conditions, ExpiresIn=expires_in_s
            )


def client_config() -> "Config":
    """Return how every AWS client of the service connects: soon tired of waiting, and trying again a little."""
    from botocore.config import Config  # noqa: PLC0415

    return Config(
        connect_timeout=3,
        read_timeout=10,
        retries={"mode": "standard", "total_max_attempts": 4},
        max_pool_connections=_CONNECTIONS,
    )


def _client() -> "S3Client":
    import boto3  # noqa: PLC0415
    from botocore.config import Config  # noqa: PLC0415

    # Buckets by name in the host, of the region: what else a presigned POST names is redirected for a bucket's first
    # day, and a browser does not follow that.
    s3 = Config(signature_version="s3v4", s3={"addressing_style": "virtual", "us_east_1_regional_endpoint": "regional"})
    return boto3.client("s3", config=client_config().merge(s3))


def _arguments(wanted: S3Object) -> dict[str, Any]:
    version = {"VersionId": wanted.version_id} if wanted.version_id else {}
    return {"Bucket": wanted.bucket, "Key": wanted.key, **version}


def _identified(wanted: S3Object, answer: Any) -> S3Object:
    """Return `wanted` with what S3's answer says of its version."""
    return replace(wanted, version_id=answer.get("VersionId", wanted.version_id), etag=answer["ETag"].strip('"'))


@contextmanager
def _translated(source: S3Object) -> Iterator[None]:
    """Turn what S3 and boto3 raise into errors of ours; what is not known to be final is worth another try."""
    from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError, ParamValidationError  # noqa: PLC0415

    try:
        yield
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in _GONE | _NEVER_WAS:
            raise ObjectNotFound(f"{source} is not there, or this version of it no longer is.") from error
        if code == "InvalidObjectState":
            raise ObjectArchived(f"{source} is archived: it has to be restored before it can be read.") from error
        raise StorageUnavailable(_why(source, error)) from error
    except ParamValidationError as error:
        raise ObjectNotFound(f"{source} cannot be an object of S3.") from error
    except (BotoCoreError, HTTPClientError, OSError) as error:
        raise StorageUnavailable(_why(source, error)) from error


def _why(source: S3Object, error: Exception) -> str:
    """Return what went wrong without what S3 says of it, which names roles and accounts."""
    from botocore.exceptions import ClientError  # noqa: PLC0415

    reason = error.response["Error"]["Code"] if isinstance(error, ClientError) else type(error).__name__
    return f"S3 did not serve {source}: {reason}. Try again."
