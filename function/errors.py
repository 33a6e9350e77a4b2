"""Every error that the service raises on purpose. Each class has a `code` that clients may rely on.

TaggerError
├── RequestError               the request is wrong
│   ├── MissingImage           no image, or an empty one
│   ├── TooManyImages          more than one image
│   ├── MalformedBody          the body does not parse
│   ├── UnsupportedMediaType   the content type or the image format is not supported
│   ├── TooManyBytes           the upload is larger than the limit
│   ├── TooSlow                the upload takes longer than the limit
│   ├── InvalidOption          an option or a text is not valid
│   ├── SourceNotSupported     this deployment does not read s3:// URLs
│   ├── SourceForbidden        the s3:// URL names another bucket
│   ├── ObjectNotFound         the S3 object, or this version of it, does not exist
│   └── ObjectArchived         the S3 object must be restored before it can be read
├── ImageError                 the image is wrong
│   ├── TooManyPixels          the image is larger than the limit
│   └── UndecodableImage       the format is supported, but the file is broken
├── Overloaded                 too many requests are waiting (temporary)
├── StorageUnavailable         S3 or EventBridge failed (temporary)
├── BulkError                  raised by the bulk function only
│   ├── MalformedMessage       a queue message or a batch item names no object
│   └── ItemsUnfinished        a part of the batch is not done, so the batch must be retried
├── UnexpectedEvent            a Lambda function got an event that it does not handle
└── ModelError                 raised at build time or start-up, never for a request
    ├── LabelsError            labels.toml is not valid
    ├── CheckpointError        a checkpoint or a baked folder is not valid
    └── HubUnreachable         the model hub cannot be reached

`api/problems.py` maps these errors to HTTP statuses.
"""


class TaggerError(Exception):
    """Base of all errors raised on purpose. The message is safe to show to a client."""

    code = "error"


class RequestError(TaggerError):
    """The request is wrong."""

    code = "bad_request"


class MissingImage(RequestError):
    """The request has no image, or an empty one."""

    code = "missing_image"


class TooManyImages(RequestError):
    """The request has more than one image."""

    code = "too_many_images"


class MalformedBody(RequestError):
    """The body does not parse as its content type."""

    code = "malformed_body"


class UnsupportedMediaType(RequestError):
    """The content type or the image format is not supported."""

    code = "unsupported_media_type"


class TooManyBytes(RequestError):
    """The upload is larger than the limit."""

    code = "too_many_bytes"


class TooSlow(RequestError):
    """The upload takes longer than the limit."""

    code = "too_slow"


class InvalidOption(RequestError):
    """An option or a text to embed is not valid. The message names it."""

    code = "invalid_option"


class SourceNotSupported(RequestError):
    """The request names an image by s3:// URL, and this deployment does not read from S3."""

    code = "source_not_supported"


class SourceForbidden(RequestError):
    """The s3:// URL names a bucket that does not belong to this deployment."""

    code = "source_forbidden"


class ObjectNotFound(RequestError):
    """The S3 object, or this version of it, does not exist."""

    code = "object_not_found"


class ObjectArchived(RequestError):
    """The S3 object is archived and must be restored before it can be read."""

    code = "object_archived"


class ImageError(TaggerError):
    """The image is wrong."""

    code = "bad_image"


class TooManyPixels(ImageError):
    """The image has more pixels than the limit."""

    code = "too_many_pixels"


class UndecodableImage(ImageError):
    """The format is supported, but the file is truncated or corrupt."""

    code = "undecodable_image"


class Overloaded(TaggerError):
    """Too many requests are waiting. The client may retry."""

    code = "overloaded"


class StorageUnavailable(TaggerError):
    """S3 or EventBridge failed: throttled, timed out, or access denied. The caller may retry."""

    code = "storage_unavailable"


class BulkError(TaggerError):
    """A batch is wrong. Raised by the bulk function, never for a request."""

    code = "bad_batch"


class MalformedMessage(BulkError):
    """A queue message or a batch item names no object."""

    code = "malformed_message"


class ItemsUnfinished(BulkError):
    """A part of the batch is not done. Finished objects are recorded, so the whole batch can be retried."""

    code = "items_unfinished"


class UnexpectedEvent(TaggerError):
    """A Lambda function got an event that it does not handle. The invocation fails, so that the event is not lost."""

    code = "unexpected_event"


class ModelError(TaggerError):
    """The model or its labels are not valid. Raised at build time or start-up, never for a request."""

    code = "bad_model"


class LabelsError(ModelError):
    """`labels.toml` is not valid. The message names the file and the line."""

    code = "bad_labels"


class CheckpointError(ModelError):
    """A checkpoint cannot be baked, or a baked folder cannot be served. The message names the file and the reason."""

    code = "bad_checkpoint"


class HubUnreachable(ModelError):
    """The model hub cannot be reached. The message names the missing file and what to do."""

    code = "hub_unreachable"
