"""What routes use besides the request itself, as typed FastAPI dependencies.

`create_app` stores one `Services` in the app's state. Starlette types that state as Any, so only this module reads it.
"""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from function.api.admission import Admission
from function.api.upload_bucket import UploadBucket
from function.settings import Settings
from function.tagging.tagger import Tagger


@dataclass(frozen=True)
class Services:
    """The objects that all requests share."""

    tagger: Tagger
    settings: Settings
    upload_bucket: UploadBucket
    admission: Admission


# The functions below are async because FastAPI runs plain functions in a thread pool, which takes longer.


async def _services(request: Request) -> Services:
    services: Services = request.app.state.services
    return services


_Services = Annotated[Services, Depends(_services)]


async def _tagger(services: _Services) -> Tagger:
    return services.tagger


async def _settings(services: _Services) -> Settings:
    return services.settings


async def _upload_bucket(services: _Services) -> UploadBucket:
    return services.upload_bucket


async def _admission(services: _Services) -> Admission:
    return services.admission


async def _request_log(request: Request) -> dict[str, object]:
    log: dict[str, object] = request.state.log
    return log


TaggerDep = Annotated[Tagger, Depends(_tagger)]
SettingsDep = Annotated[Settings, Depends(_settings)]
UploadBucketDep = Annotated[UploadBucket, Depends(_upload_bucket)]
AdmissionDep = Annotated[Admission, Depends(_admission)]
# Fields that a route adds become part of the request's log line.
RequestLogDep = Annotated[dict[str, object], Depends(_request_log)]
