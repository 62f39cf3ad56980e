-- every aggregate over NULLs and nothing but NULLs
INSERT INTO t
SELECT count(*) AS rows, count(body) AS bodies, count_if(body = '1') AS ones, sum(try_cast(body AS BIGINT)) AS total,
       avg(try_cast(body AS DOUBLE)) AS mean, min(try_cast(body AS DECIMAL(5,2))) AS least, max(body) AS last_text,
       sum(try_cast(body AS DECIMAL(5,2))) AS exact, avg(try_cast(body AS DECIMAL(5,2))) AS exact_mean,
       max(try_cast(body AS INT) > 1) AS any_more, count(*) FILTER (WHERE body > '1') AS filtered,
       sum(1 / CAST(body AS INT)) FILTER (WHERE try_cast(body AS INT) <> 0) AS guarded
FROM STREAM s GROUP BY window(time, '1 second')
-- input
{"time": 0, "body": "1"}
{"time": 1, "body": "2.5"}
{"time": 2, "body": null}
{"time": 3, "body": "x"}
{"time": 4, "body": "0"}
{"time": 5, "body": "2"}
{"time": 1000, "body": null}
{"time": 1001, "body": "y"}
2000
-- output
{"address":"t","contentType":"application/json","body":"{\"rows\":6,\"bodies\":5,\"ones\":1,\"total\":3,\"mean\":1.375,\"least\":0.00,\"last_text\":\"x\",\"exact\":5.50,\"exact_mean\":1.375000,\"any_more\":true,\"filtered\":3,\"guarded\":1.5}"}
{"address":"t","contentType":"application/json","body":"{\"rows\":2,\"bodies\":1,\"ones\":0,\"last_text\":\"y\",\"filtered\":1}"}
{"rowsIn":8,"rowsOut":2}
