# huiying:0.1.0. One image for crawler, workers and dashboard; docs/operations.md says what of it is proven where.
FROM python:3.11-slim AS build
WORKDIR /build
RUN python -m venv /opt/huiying
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY crawlers crawlers
COPY dashboard dashboard
COPY stream stream
# Wheels only: nothing is compiled, so no compiler is needed, and nothing that a package would run at its installation.
RUN /opt/huiying/bin/pip install --no-cache-dir --disable-pip-version-check --only-binary :all: \
        --constraint constraints.txt . \
    && /opt/huiying/bin/pip uninstall --yes --quiet pip setuptools

FROM python:3.11-slim
# 1000 is Kafka's and Elasticsearch's user too: so one file, readable by its owner alone, can be shared.
RUN groupadd --gid 1000 huiying && useradd --uid 1000 --gid 1000 --no-create-home --home-dir /tmp huiying \
    && install -d -o huiying -g huiying -m 700 /var/lib/huiying /secrets /snapshots /certs
COPY --from=build /opt/huiying /opt/huiying
COPY config /srv/huiying/config
ENV PATH=/opt/huiying/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOME=/tmp \
    HUIYING_DATA=/var/lib/huiying \
    HUIYING_METRICS=127.0.0.1:9108
WORKDIR /srv/huiying
USER 1000:1000
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:9108/health', timeout=4)"]
ENTRYPOINT ["huiying"]
CMD ["--help"]
