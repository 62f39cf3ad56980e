-- error TYPE_MISMATCH TYPE_MISMATCH TYPE_MISMATCH
SELECT durable = 1 AS a, properties = properties AS b, time > 5 AS c FROM STREAM s
