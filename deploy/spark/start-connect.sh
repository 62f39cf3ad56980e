#!/usr/bin/env bash
# The Connect server: the driver of all jobs. Clients must show the token of SPARK_CONNECT_AUTHENTICATE_TOKEN, if it is set.
# Arguments go to spark-submit.
# shellcheck source=start-common.sh
source "$(dirname "${BASH_SOURCE[0]}")/start-common.sh"

export SPARK_CONNECT_MODE=0
exec "$SPARK_HOME/bin/spark-submit" \
  --class org.apache.spark.sql.connect.service.SparkConnectServer \
  --master "${SPARK_MASTER_URL:-spark://spark-master:7077}" \
  --driver-memory "${SPARK_DRIVER_MEMORY:-1g}" \
  --executor-memory "${SPARK_EXECUTOR_MEMORY:-1g}" \
  --conf spark.driver.host="$SPARK_NODE_HOST" \
  --conf spark.driver.bindAddress="$SPARK_NODE_HOST" \
  --conf spark.driver.port="${SPARK_DRIVER_PORT:-7079}" \
  --conf spark.driver.blockManager.port="${SPARK_DRIVER_BLOCKS_PORT:-7080}" \
  --conf spark.connect.grpc.binding.address="${SPARK_CONNECT_ADDRESS:-0.0.0.0}" \
  --conf spark.connect.grpc.binding.port="${SPARK_CONNECT_PORT:-15002}" \
  --conf spark.ui.port="${SPARK_UI_PORT:-4040}" \
  "$@" \
  spark-internal
