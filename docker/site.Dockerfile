# The project's test web server, for docker/test.sh: on top of the stage that built skitter.
ARG BUILD_IMAGE=skitter-build:latest
FROM ${BUILD_IMAGE}
COPY tests/server tests/server/
COPY tests/site tests/site/
COPY docker/slow.world docker/
RUN make build/testserver
USER 1000:1000
ENTRYPOINT ["build/testserver", "--port", "8080", "--limit", "900"]
