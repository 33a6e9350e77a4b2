"""Bulk tagging of S3 objects, for SQS queues and Step Functions."""
