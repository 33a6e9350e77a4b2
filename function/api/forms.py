"""Multipart forms to one image and its options, in memory, whatever the form claims to be."""

from typing import Any

from fastapi import Request
from starlette.datastructures import FormData, QueryParams, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from function.errors import InvalidOption, MalformedBody, MissingImage, TooManyImages
from function.tagging.options import MAX_OPTIONS

IMAGE_FIELDS = ("file", "image")
# What a body may hold beside the image: options, part headers, JSON.
OVERHEAD_BYTES = 256 * 1024


async def read_form(request: Request) -> tuple[bytes, dict[str, Any]]:
    """Return the image and the options of a multipart form."""
    parser = _InMemoryParser(
        request.headers, request.stream(), max_files=10, max_fields=100, max_part_size=OVERHEAD_BYTES
    )
    try:
        form = await parser.parse()
        # A browser sends every field of a form, those left blank too.
        options = FormData([(name, value) for name, value in form.multi_items() if isinstance(value, str) and value])
        return await _only_image(form).read(), values_of(options)
    except MultiPartException as error:
        raise MalformedBody(f"The multipart form does not parse: {error.message}") from error
    finally:
        parser.close()


def _only_image(form: FormData) -> UploadFile:
    """Return the one file in a field for images."""
    images = [file for name in IMAGE_FIELDS for file in form.getlist(name) if isinstance(file, UploadFile)]
    # Of file inputs left blank at most one is kept, to say that it is empty.
    images = [file for file in images if file.filename or file.size] or images[:1]
    if len(images) > 1:
        raise TooManyImages("One image a request, please: the form has several.")
    if not images:
        others = ", ".join(sorted({repr(name[:50]) for name in form})) or "nothing"
        raise MissingImage(f"The form has no file in a field named 'file' or 'image'. It has: {others}.")
    return images[0]


def values_of(items: QueryParams | FormData) -> dict[str, Any]:
    """Return names to values: one string, or a list where a name is repeated.

    Raises InvalidOption if there are more than any request needs.
    """
    if len(items.multi_items()) > MAX_OPTIONS:
        raise InvalidOption(f"There are {len(items.multi_items())} options, more than there can be.")
    return {name: values if len(values := items.getlist(name)) > 1 else values[0] for name in items}


class _InMemoryParser(MultiPartParser):
    """Starlette's parser, its files never spilled to disk: they are bounded, and Lambda's disk may not be there.

    Fields are UTF-8, whatever charset the request names: among Python's codecs are some that raise what Starlette does
    not catch, or make strings that no answer can carry.
    """

    spool_max_size = 2**62

    def close(self) -> None:
        """Close every file, also one that was begun and, the form cut short, is not part of it."""
        for file in self._files_to_close_on_error:
            file.close()

    @property
    def _charset(self) -> str:
        return "utf-8"

    @_charset.setter
    def _charset(self, _: str) -> None:
        """Leave it as it is."""
