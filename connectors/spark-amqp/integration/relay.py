"""A driver to be killed: sends on what it receives. Arguments: jar, url, source, target, checkpoint."""

import sys

from session import session

jar, url, source, target, checkpoint = sys.argv[1:]
spark = session(jar)
spark.sparkContext.setLogLevel("WARN")
messages = spark.readStream.format("amqp").option("url", url).option("address", source).load()
query = (
    messages.selectExpr("body", "CAST(time AS STRING) AS subject")
    .writeStream.format("amqp")
    .option("url", url)
    .option("address", target)
    .option("checkpointLocation", checkpoint)
    .trigger(processingTime="100 milliseconds")
    .start()
)
print(spark._jvm.java.lang.ProcessHandle.current().pid(), flush=True)
query.awaitTermination()
