"""A query that sends on what it receives; as a program a driver to be killed. Arguments: jar, url, source, target, checkpoint."""

import sys

from session import session


def relay(spark, url, source, target, checkpoint):
    # A slow machine is no fault: time-outs are longer than a broker takes to come back on it.
    messages = (
        spark.readStream.format("amqp").option("url", url).option("address", source).option("connectTimeout", "3 minutes").load()
    )
    return (
        messages.selectExpr("body", "CAST(time AS STRING) AS subject")
        .writeStream.format("amqp")
        .option("url", url)
        .option("address", target)
        .option("connectTimeout", "3 minutes")
        .option("sendTimeout", "5 minutes")
        .option("checkpointLocation", checkpoint)
        .trigger(processingTime="100 milliseconds")
        .start()
    )


def main():
    jar, url, source, target, checkpoint = sys.argv[1:]
    spark = session(jar)
    spark.sparkContext.setLogLevel("WARN")
    query = relay(spark, url, source, target, checkpoint)
    print(spark._jvm.java.lang.ProcessHandle.current().pid(), flush=True)
    query.awaitTermination()


if __name__ == "__main__":
    main()
