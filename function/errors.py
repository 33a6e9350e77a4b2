"""Every error the service raises on purpose, each with a stable `code` that clients may rely on.

TaggerError
├── RequestError               the request, before any pixel is looked at
│   ├── MissingImage           no image in it
│   ├── TooManyImages          more than one image in it
│   ├── MalformedBody          a body that does not parse
│   ├── UnsupportedMediaType   a content type or an image format that is not read here
│   ├── TooManyBytes           a body over the limit
│   ├── TooSlow                a body that takes longer to arrive than the limit
│   ├── InvalidOption          an option or a text that does not validate
│   ├── SourceNotSupported     an image source this deployment does not read (s3://)
│   ├── SourceForbidden        a bucket that is not this deployment's
│   ├── ObjectNotFound         an object that is not there, or no longer
│   └── ObjectArchived         an object that has to be restored before it can be read
├── ImageError                 the image itself
│   ├── TooManyPixels          an image over the limit
│   └── UndecodableImage       a known format, but broken
├── Overloaded                 too many requests are waiting already
├── StorageUnavailable         S3 or EventBridge did not do it this time: worth another try
├── BulkError                  what the bulk function raises, never a request
│   ├── MalformedMessage       a queue's message, or a batch's item, that names no object
│   └── ItemsUnfinished        a batch of which something is left to do: worth another try
└── ModelError                 at bake or start, never at request time
    ├── LabelsError            labels.toml does not make sense
    ├── CheckpointError        a checkpoint, or a baked folder, that does not fit
    └── HubUnreachable         the model hub could not be reached

Which HTTP status each gets is decided in `api/problems.py` alone.
"""


class TaggerError(Exception):
    """Base of all errors raised on purpose; its text is safe to show to a client."""

    code = "error"


class RequestError(TaggerError):
    """The request is at fault, before any pixel was looked at."""

    code = "bad_request"


class MissingImage(RequestError):
    """No image was uploaded, or an empty one."""

    code = "missing_image"


class TooManyImages(RequestError):
    """More than one image was uploaded in one request."""

    code = "too_many_images"


class MalformedBody(RequestError):
    """The body does not parse as what its content type says."""

    code = "malformed_body"


class UnsupportedMediaType(RequestError):
    """The content type, or the format of the image, is not one that is read here."""

    code = "unsupported_media_type"


class TooManyBytes(RequestError):
    """The upload is larger than the limit."""

    code = "too_many_bytes"


class TooSlow(RequestError):
    """The upload takes longer to arrive than the limit."""

    code = "too_slow"


class InvalidOption(RequestError):
    """An option, or a text to embed, does not validate; the error names it."""

    code = "invalid_option"


class SourceNotSupported(RequestError):
    """The image is named by a source that this deployment does not read."""

    code = "source_not_supported"


class SourceForbidden(RequestError):
    """The image is in a bucket that is not this deployment's."""

    code = "source_forbidden"


class ObjectNotFound(RequestError):
    """The object is not there, or this version of it no longer is."""

    code = "object_not_found"


class ObjectArchived(RequestError):
    """The object lies in an archive, and has to be restored before it can be read."""

    code = "object_archived"


class ImageError(TaggerError):
    """The image is at fault."""

    code = "bad_image"


class TooManyPixels(ImageError):
    """The image has more pixels than the limit."""

    code = "too_many_pixels"


class UndecodableImage(ImageError):
    """The format is known, but the file is truncated or corrupt."""

    code = "undecodable_image"


class Overloaded(TaggerError):
    """Too many requests are waiting already; try again later."""

    code = "overloaded"


class StorageUnavailable(TaggerError):
    """S3 or EventBridge did not do it this time (throttled, slow, broken, not allowed); try again later."""

    code = "storage_unavailable"


class BulkError(TaggerError):
    """A batch of objects is at fault; raised by the bulk function, never for a request."""

    code = "bad_batch"


class MalformedMessage(BulkError):
    """A message of a queue, or an item of a batch, names no object."""

    code = "malformed_message"


class ItemsUnfinished(BulkError):
    """Of a batch, something is left to do; what is done is recorded, so the whole batch can be sent again."""

    code = "items_unfinished"


class ModelError(TaggerError):
    """The model or its labels are at fault; raised at bake or start, never for a request."""

    code = "bad_model"


class LabelsError(ModelError):
    """`labels.toml` does not make sense; the text names file and line."""

    code = "bad_labels"


class CheckpointError(ModelError):
    """A checkpoint cannot be baked, or a baked folder cannot be served; the text says which file and why."""

    code = "bad_checkpoint"


class HubUnreachable(ModelError):
    """The model hub could not be reached; the text says what was wanted and what to do."""

    code = "hub_unreachable"
