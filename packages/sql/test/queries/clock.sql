-- error NOT_DETERMINISTIC NOT_DETERMINISTIC NOT_DETERMINISTIC
SELECT current_timestamp() AS a, current_date AS b, uuid() AS c FROM STREAM s
