-- columns that are no message columns become a JSON object: NULL is left out, numbers keep their digits
INSERT INTO t
SELECT try_cast(body AS DECIMAL(38,10)) AS exact, try_cast(body AS BIGINT) AS whole, try_cast(body AS DOUBLE) AS double,
       try_cast(body AS FLOAT) AS float, body AS text, time AS at, body = '1' AS one, map('k', body) AS pairs, 'x' AS subject
FROM STREAM s
-- input
{"time": 1700000000123, "body": "9223372036854775807"}
{"time": 1, "body": "0.1"}
{"time": 2, "body": "NaN"}
{"time": 3, "body": "é\"\n"}
-- output
{"address":"t","subject":"x","contentType":"application/json","body":"{\"exact\":9223372036854775807.0000000000,\"whole\":9223372036854775807,\"double\":9.223372036854776E18,\"float\":9.223372E18,\"text\":\"9223372036854775807\",\"at\":\"2023-11-14T22:13:20.123Z\",\"one\":false,\"pairs\":{\"k\":\"9223372036854775807\"}}"}
{"address":"t","subject":"x","contentType":"application/json","body":"{\"exact\":0.1000000000,\"double\":0.1,\"float\":0.1,\"text\":\"0.1\",\"at\":\"1970-01-01T00:00:00.001Z\",\"one\":false,\"pairs\":{\"k\":\"0.1\"}}"}
{"address":"t","subject":"x","contentType":"application/json","body":"{\"double\":\"NaN\",\"float\":\"NaN\",\"text\":\"NaN\",\"at\":\"1970-01-01T00:00:00.002Z\",\"one\":false,\"pairs\":{\"k\":\"NaN\"}}"}
{"address":"t","subject":"x","contentType":"application/json","body":"{\"text\":\"é\\\"\\n\",\"at\":\"1970-01-01T00:00:00.003Z\",\"one\":false,\"pairs\":{\"k\":\"é\\\"\\n\"}}"}
{"rowsIn":4,"rowsOut":4}
