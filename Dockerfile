# The service of facetrail, run by an ordinary user: docs/service.md says how to build and to run it.
FROM python:3.11-slim-bookworm

RUN useradd --create-home --uid 10001 facetrail && install -d -o facetrail -m 0700 /data
WORKDIR /src
COPY pyproject.toml constraints.txt README.md LICENSE facetrail_lazy_door.py facetrail_torchvision.py ./
COPY watermark watermark
COPY generator generator
COPY detectors detectors
COPY forensics forensics
# Without `full` there is no torch, and no /examine: add it to EXTRAS for that.
ARG EXTRAS=serve,postgres,heic
RUN pip install --no-cache-dir --constraint constraints.txt ".[${EXTRAS}]" && rm -rf /src/*

USER facetrail
WORKDIR /data
ENV FACETRAIL_HOME=/data/home
VOLUME /data
EXPOSE 8710
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s CMD \
    ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8710/health', timeout=4)"]
ENTRYPOINT ["facetrail"]
CMD ["serve", "--host", "0.0.0.0", "--sign", "--keys", "/data/keys", "--json-log"]
