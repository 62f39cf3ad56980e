#!/usr/bin/env bash
# The master of a standalone cluster. Arguments go to Spark.
# shellcheck source=start-common.sh
source "$(dirname "${BASH_SOURCE[0]}")/start-common.sh"

# The second way to submit programs, without any check of who does it, is closed.
export SPARK_MASTER_OPTS="-Dspark.master.rest.enabled=false ${SPARK_MASTER_OPTS:-}"
# exec: signals reach Java, and the container ends with it.
exec "$SPARK_HOME/bin/spark-class" org.apache.spark.deploy.master.Master \
  --host "$SPARK_NODE_HOST" \
  --port "${SPARK_MASTER_PORT:-7077}" \
  --webui-port "${SPARK_MASTER_WEBUI_PORT:-8080}" \
  "$@"
