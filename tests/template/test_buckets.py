"""The buckets: how long objects stay, and that nothing is lost with a failed first deployment."""

from tests.template.conftest import Resources


def test_uploads_are_really_gone_after_a_week(stack: Resources) -> None:
    """On a versioned bucket an expired object stays as a noncurrent version, behind a delete marker."""
    rules = stack["UploadBucket"]["Properties"]["LifecycleConfiguration"]["Rules"]
    uploads = [rule for rule in rules if rule.get("Prefix") == "uploads/" and rule["Status"] == "Enabled"]
    assert [rule["ExpirationInDays"] for rule in uploads if "ExpirationInDays" in rule] == [7]
    noncurrent = [rule["NoncurrentVersionExpiration"] for rule in uploads if "NoncurrentVersionExpiration" in rule]
    assert noncurrent == [{"NoncurrentDays": 1}]
    assert any(rule.get("ExpiredObjectDeleteMarker") for rule in uploads)


def test_buckets_stay_unless_their_first_deployment_fails(stack: Resources) -> None:
    buckets = [resource for resource in stack.values() if resource["Type"] == "AWS::S3::Bucket"]
    assert len(buckets) == 2
    assert all(bucket["DeletionPolicy"] == "RetainExceptOnCreate" for bucket in buckets)
