# The Lambda image: the function, its locked dependencies and the baked model, on AWS's Python base.
#
#   docker build --build-arg MODEL_ID=models/demo -t pet-tagger .      (`sam build` does the same from template.yaml)
#
# Builds with and without BuildKit (SAM before 1.156 does not use it), so there is no RUN --mount and no heredoc.
# Steps that change rarely come first, so a change of code does not install the dependencies again.
# checkov:skip=CKV_DOCKER_7:the tag is in BASE
ARG BASE=public.ecr.aws/lambda/python:3.13

# --- dependencies of the function. pip and its cache are not copied out of this stage.
FROM ${BASE} AS dependencies
COPY requirements/torch.txt /requirements/
RUN python3 -m pip install --no-cache-dir --no-compile --no-deps --require-hashes --target /dependencies \
      -r /requirements/torch.txt
COPY requirements/runtime.lock /requirements/
RUN python3 -m pip install --no-cache-dir --no-compile --no-deps --require-hashes --target /dependencies \
      -r /requirements/runtime.lock

# --- the model: downloaded, converted, verified. Transformers is installed in this stage only. Only the code that the
# bake imports is copied, so other code can change without a new bake.
FROM dependencies AS model
COPY requirements/bake.lock /requirements/
RUN python3 -m pip install --no-cache-dir --no-compile --no-deps --require-hashes --target /bake-dependencies \
      -r /requirements/bake.lock
WORKDIR /src
ENV PYTHONPATH=/bake-dependencies:/dependencies
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

# --- the same dependencies without the files that are never used at run time, compiled.
FROM dependencies AS runtime
COPY scripts/strip_dependencies.py /scripts/
# Byte code is not checked against its source, because the root is read-only and layers may change a file's time.
RUN python3 /scripts/strip_dependencies.py /dependencies \
 && python3 -m compileall -q -j 0 --invalidation-mode unchecked-hash /dependencies

# --- the image that Lambda runs: as any user, on a read-only root, with only /tmp to write to.
FROM ${BASE}
# scripts/deploy.sh reads this label: a production release must name its base by digest.
ARG BASE
LABEL org.opencontainers.image.base.name=${BASE}
# SnapStart accepts an image that is not built on AWS's base only with this label.
LABEL com.amazonaws.lambda.feature.snapstart="Allow"
COPY --from=runtime /dependencies/ ${LAMBDA_TASK_ROOT}/
COPY --from=model /opt/model/ /opt/model/
COPY function/ ${LAMBDA_TASK_ROOT}/function/
RUN python3 -m compileall -q --invalidation-mode unchecked-hash "${LAMBDA_TASK_ROOT}/function"
ENV HOME=/tmp \
    MODEL_DIR=/opt/model
CMD ["function.handler.handler"]
