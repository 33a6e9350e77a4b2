"""Every error that the service raises on purpose. Each class has a `code` that clients may rely on.

`api/problems.py` maps these errors to HTTP statuses.
"""


class TaggerError(Exception):
    """Base of all errors raised on purpose. The message is safe to show to a client."""

    code = "error"

    def __init_subclass__(cls, code: str) -> None:
        cls.code = code


class RequestError(TaggerError, code="bad_request"):
    """The request is wrong."""


class MissingImage(RequestError, code="missing_image"):
    """The request has no image, or an empty one."""


class TooManyImages(RequestError, code="too_many_images"):
    """The request has more than one image."""


class MalformedBody(RequestError, code="malformed_body"):
    """The body does not parse as its content type."""


class UnsupportedMediaType(RequestError, code="unsupported_media_type"):
    """The content type or the image format is not supported."""


class TooManyBytes(RequestError, code="too_many_bytes"):
    """The upload is larger than the limit."""


class TooSlow(RequestError, code="too_slow"):
    """The upload takes longer than the limit."""


class InvalidOption(RequestError, code="invalid_option"):
    """An option or a text to embed is not valid. The message names it."""


class SourceNotSupported(RequestError, code="source_not_supported"):
    """The request names an image by s3:// URL, and this deployment does not read from S3."""


class SourceForbidden(RequestError, code="source_forbidden"):
    """The s3:// URL names a bucket that does not belong to this deployment."""


class ObjectNotFound(RequestError, code="object_not_found"):
    """The S3 object, or this version of it, does not exist."""


class ObjectArchived(RequestError, code="object_archived"):
    """The S3 object is archived and must be restored before it can be read."""


class ImageError(TaggerError, code="bad_image"):
    """The image is wrong."""


class TooManyPixels(ImageError, code="too_many_pixels"):
    """The image has more pixels than the limit."""


class UndecodableImage(ImageError, code="undecodable_image"):
    """The format is supported, but the file is truncated or corrupt."""


class Overloaded(TaggerError, code="overloaded"):
    """Too many requests are waiting. The client may retry."""


class StorageUnavailable(TaggerError, code="storage_unavailable"):
    """S3 or EventBridge failed: throttled, timed out, or access denied. The caller may retry."""


class BulkError(TaggerError, code="bad_batch"):
    """A batch is wrong. Raised by the bulk function, never for a request."""


class MalformedMessage(BulkError, code="malformed_message"):
    """A queue message or a batch item names no object."""


class ItemsUnfinished(BulkError, code="items_unfinished"):
    """A part of the batch is not done. Finished objects are recorded, so the whole batch can be retried."""


class UnexpectedEvent(TaggerError, code="unexpected_event"):
    """A Lambda function got an event that it does not handle. The invocation fails, so that the event is not lost."""


class ModelError(TaggerError, code="bad_model"):
    """The model or its labels are not valid. Raised at build time or start-up, never for a request."""


class LabelsError(ModelError, code="bad_labels"):
    """`labels.toml` is not valid. The message names the file and the line."""


class CheckpointError(ModelError, code="bad_checkpoint"):
    """A checkpoint cannot be baked, or a baked folder cannot be served. The message names the file and the reason."""


class HubUnreachable(ModelError, code="hub_unreachable"):
    """The model hub cannot be reached. The message names the missing file and what to do."""
