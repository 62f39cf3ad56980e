-- a sum is exact on its way and fails only where it does not fit at the end
INSERT INTO t
SELECT sum(CAST(body AS BIGINT)) AS total FROM STREAM s GROUP BY window(time, '1 second')
-- input
{"time": 0, "body": "9223372036854775807"}
{"time": 1, "body": "9223372036854775807"}
{"time": 2, "body": "-9223372036854775807"}
{"time": 1000, "body": "9223372036854775807"}
{"time": 1001, "body": "1"}
2000
-- output
[ARITHMETIC_OVERFLOW] the sum 9223372036854775808 does not fit in BIGINT; cast to DECIMAL or DOUBLE
sum(CAST(body AS BIGINT))
{"window":{"start":"1970-01-01T00:00:01.000Z","end":"1970-01-01T00:00:02.000Z"}}
