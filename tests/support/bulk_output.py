"""What the bulk tagger writes: results in a bucket, and events, which a queue receives."""

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types_boto3_events import EventBridgeClient
    from types_boto3_s3 import S3Client
    from types_boto3_sqs import SQSClient

IMAGE_TAGGED = {"source": ["pet-tagger"], "detail-type": ["ImageTagged"]}


def results(s3: "S3Client", bucket: str, prefix: str = "results/") -> list[dict[str, Any]]:
    """Return every version of every result in a bucket, so that a second write of a result is seen."""
    pages = s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix)
    objects = [
        s3.get_object(Bucket=bucket, Key=version["Key"], VersionId=version["VersionId"])
        for page in pages
        for version in page.get("Versions", [])
    ]
    return [json.loads(each["Body"].read()) for each in objects]


def queue_of_events(
    sqs: "SQSClient", events: "EventBridgeClient", name: str, pattern: dict[str, Any], **attributes: str
) -> str:
    """Create a queue that receives the events of a pattern; return its URL."""
    url = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]  # type: ignore[arg-type]
    events.put_rule(Name=name, EventPattern=json.dumps(pattern))
    events.put_targets(Rule=name, Targets=[{"Id": "queue", "Arn": queue_arn(sqs, url)}])
    return url


def queue_arn(sqs: "SQSClient", url: str) -> str:
    """Return the ARN of a queue."""
    return sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]


def drain(sqs: "SQSClient", url: str) -> list[Any]:
    """Return all messages of a queue, and delete them."""
    messages: list[Any] = []
    while batch := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
        messages += batch
        for message in batch:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return messages
