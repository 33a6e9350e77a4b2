# The Lambda image: the function, its locked dependencies and the baked model, on AWS's Python base.
#
#   docker build --build-arg MODEL_ID=models/demo -t pet-tagger .      (`sam build` does the same from template.yaml)
#
# Builds with BuildKit and without (SAM before 1.156): so no RUN --mount and no heredoc.
# Order: what changes least comes first, so a change of code installs nothing again.
# checkov:skip=CKV_DOCKER_7:the tag is in BASE
ARG BASE=public.ecr.aws/lambda/python:3.13

# --- dependencies: as they come. pip and its cache stay behind in this stage.
FROM ${BASE} AS dependencies
COPY requirements/torch.txt /requirements/
RUN python3 -m pip install --no-cache-dir --no-compile --no-deps --require-hashes --target /dependencies \
      -r /requirements/torch.txt
COPY requirements/runtime.lock /requirements/
RUN python3 -m pip install --no-cache-dir --no-compile --no-deps --require-hashes --target /dependencies \
      -r /requirements/runtime.lock

# --- the model: fetched, encoded, verified. Only what the bake imports, so that other code can change without it.
FROM dependencies AS model
WORKDIR /src
ENV PYTHONPATH=/dependencies
COPY models/ models/
COPY function/__init__.py function/errors.py function/settings.py function/labels.toml function/bake.py function/
COPY function/model/ function/model/
COPY function/clip/ function/clip/
COPY function/tagging/ function/tagging/
ARG MODEL_ID=openai/clip-vit-base-patch32
ARG MODEL_REVISION=
RUN python3 -m function.bake --model "${MODEL_ID}" ${MODEL_REVISION:+--revision "${MODEL_REVISION}"} --out /opt/model \
 && python3 -m function.bake --verify /opt/model \
 && chmod -R a+rX /opt/model

# --- what of the dependencies the run time needs, compiled.
FROM dependencies AS runtime
COPY scripts/strip_dependencies.py /scripts/
# Byte code is never checked against its source: the root is read-only, and layers need not keep a file's time.
RUN python3 /scripts/strip_dependencies.py /dependencies \
 && python3 -m compileall -q -j 0 --invalidation-mode unchecked-hash /dependencies

# --- what Lambda runs: as any user, on a read-only root, with nothing but /tmp to write to and no network.
FROM ${BASE}
# What it was built on, for scripts/deploy.sh: a production release must name it by digest.
ARG BASE
LABEL org.opencontainers.image.base.name=${BASE}
# SnapStart accepts an image that is not built on AWS's base only with this label.
LABEL com.amazonaws.lambda.feature.snapstart="Allow"
COPY --from=runtime /dependencies/ ${LAMBDA_TASK_ROOT}/
COPY --from=model /opt/model/ /opt/model/
COPY function/ ${LAMBDA_TASK_ROOT}/function/
RUN python3 -m compileall -q --invalidation-mode unchecked-hash "${LAMBDA_TASK_ROOT}/function"
# TORCHINDUCTOR_CACHE_DIR: else torch, imported for the text tower, looks for a folder that it can write to, and raises
# where /tmp is full.
ENV HOME=/tmp \
    HF_HOME=/tmp/hf \
    HF_HUB_OFFLINE=1 \
    MODEL_DIR=/opt/model \
    TORCHINDUCTOR_CACHE_DIR=/tmp
CMD ["function.handler.handler"]
