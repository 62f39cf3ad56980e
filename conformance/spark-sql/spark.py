"""Asks real Spark about SQL texts: one JSON object a line in, one a line out.

In:  {"sql": whole text, "select": the text without INSERT INTO, "sources": {name: [[column, type], ...]}, "watermark": column or null}
Out: {"schema": [[name, type], ...]} or {"error": first line of Spark's message}

Each source becomes a streaming view with the columns of a message (and of the address' schema). Unless the text has a
WATERMARK of its own, the view has one over `time`, or over the schema's event time, as a deployed job has. Then the text is parsed, the SELECT is
analyzed, and Spark's own check for streaming queries in append mode runs over the plan.
"""

import json
import os
import sys

os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")

from pyspark.sql import SparkSession  # noqa: E402


def start():
    session = (
        SparkSession.builder.master("local[1]")
        .appName("millrace-sql-conformance")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.sql.shuffle.partitions", "1")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.host", "127.0.0.1")
        .getOrCreate()
    )
    session.sparkContext.setLogLevel("OFF")
    return session


def register(session, name, columns, watermark):
    rate = session.readStream.format("rate").load()
    typed = [
        f"CAST(timestamp AS TIMESTAMP) AS `{column}`" if kind == "TIMESTAMP" else f"CAST(NULL AS {kind}) AS `{column}`"
        for column, kind in columns
    ]
    frame = rate.selectExpr(*typed)
    if watermark is not None:
        frame = frame.withWatermark(watermark, "0 seconds")
    quoted = name.replace("`", "``")
    frame.createOrReplaceTempView(f"`{quoted}`")


def ask(session, request):
    session._jsparkSession.sessionState().sqlParser().parsePlan(request["sql"])
    for name, columns in request["sources"].items():
        register(session, name, columns, request["watermark"])
    frame = session.sql(request["select"])
    mode = session._jvm.org.apache.spark.sql.streaming.OutputMode.Append()
    checker = session._jvm.org.apache.spark.sql.catalyst.analysis.UnsupportedOperationChecker
    checker.checkForStreaming(frame._jdf.queryExecution().analyzed(), mode)
    return {"schema": [[field.name, field.dataType.simpleString()] for field in frame.schema]}


def first_line(error):
    text = getattr(error, "java_exception", None)
    text = str(text if text is not None else error)
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[0][:400] if lines else type(error).__name__


def main():
    session = start()
    print(json.dumps({"version": session.version}), flush=True)
    for line in sys.stdin:
        try:
            answer = ask(session, json.loads(line))
        except Exception as error:  # every refusal is an answer
            answer = {"error": first_line(error)}
        print(json.dumps(answer), flush=True)
    session.stop()


main()
