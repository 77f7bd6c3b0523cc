"""Reads a quote as the Flask original does, from a hash in Redis that it turns into JSON.

The headers, the histogram and the log line are those of the other baselines.
"""

import json
import logging
import os
import time
import uuid

import redis
from flask import Flask, g, jsonify, request
from prometheus_client import Histogram

app = Flask(__name__)
store = redis.Redis(port=int(os.environ["REDIS_PORT"]), decode_responses=True)
duration = Histogram("http_request_duration_seconds", "duration", ["method", "route", "status"])
log = logging.getLogger("requests")
log.addHandler(logging.FileHandler(os.devnull))
log.setLevel(logging.INFO)
EXPOSED = (
    "allow, etag, location, ratelimit-limit, ratelimit-policy, ratelimit-remaining, "
    "ratelimit-reset, retry-after, x-request-id"
)


@app.before_request
def start():
    g.start = time.perf_counter()
    g.id = str(uuid.uuid4())


@app.after_request
def finish(response):
    elapsed = time.perf_counter() - g.start
    response.headers["X-Request-Id"] = g.id
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Access-Control-Expose-Headers"] = EXPOSED
    response.headers["Cache-Control"] = "public, no-cache"
    response.add_etag()
    route = str(request.url_rule)
    duration.labels(request.method, route, f"{response.status_code // 100}xx").observe(elapsed)
    entry = {"request_id": g.id, "method": request.method, "route": route}
    entry |= {"status": response.status_code, "duration_ms": elapsed * 1000}
    log.info(json.dumps(entry | {"client": request.remote_addr}))
    return response


@app.get("/healthz")
def healthz():
    return jsonify(status="ok")


@app.get("/quotes/<quote_id>")
def quote(quote_id):
    return jsonify(store.hgetall("flask:quote:" + quote_id))
