#!/usr/bin/env bash
# A worker: it waits for the master for some minutes, and starts executors for the Connect server. Arguments go to Spark.
# shellcheck source=start-common.sh
source "$(dirname "${BASH_SOURCE[0]}")/start-common.sh"

export SPARK_WORKER_OPTS="-Dspark.worker.cleanup.enabled=true ${SPARK_WORKER_OPTS:-}"
# Spark's own default is the memory of the whole machine, whatever the container's limit.
exec "$SPARK_HOME/bin/spark-class" org.apache.spark.deploy.worker.Worker \
  --host "$SPARK_NODE_HOST" \
  --port "${SPARK_WORKER_PORT:-7078}" \
  --webui-port "${SPARK_WORKER_WEBUI_PORT:-8081}" \
  --work-dir "${SPARK_WORKER_DIR:-/work}" \
  --cores "${SPARK_WORKER_CORES:-2}" \
  --memory "${SPARK_WORKER_MEMORY:-1g}" \
  "$@" \
  "${SPARK_MASTER_URL:-spark://spark-master:7077}"
