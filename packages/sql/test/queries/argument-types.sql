-- error TYPE_MISMATCH TYPE_MISMATCH TYPE_MISMATCH TYPE_MISMATCH TYPE_MISMATCH
SELECT upper(properties) AS a, sqrt(durable) AS b, unix_millis(body) AS c, md5(priority) AS d, greatest(priority, body) AS e FROM STREAM s
