-- error TYPE_MISMATCH TYPE_MISMATCH TYPE_MISMATCH
SELECT NOT priority AS a, durable AND priority AS b, priority IS TRUE AS c FROM STREAM s
