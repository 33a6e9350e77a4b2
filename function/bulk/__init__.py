"""S3 objects by the batch to tags: what a queue, or a state machine over a whole bucket, asks for."""
