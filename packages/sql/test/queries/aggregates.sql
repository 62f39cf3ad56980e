-- plan
-- column s i INT
-- column s b BIGINT
-- column s f FLOAT
-- column s d DOUBLE
-- column s p DECIMAL(5,2)
-- column s p2 DECIMAL(20,4)
SELECT count(*) AS a, count(i) AS b, count_if(i > 0) AS c, sum(i) AS d, sum(b) AS e, sum(f) AS f, sum(d) AS g, sum(p) AS h,
       sum(body) AS i, avg(i) AS j, avg(p) AS k, avg(body) AS l, min(body) AS m, max(body_bytes) AS n, min(durable) AS o, max(time) AS q,
       sum(CAST(p AS DECIMAL(35, 2))) AS r, avg(CAST(p AS DECIMAL(37, 4))) AS s, mean(f) AS t, min(p) AS u
FROM STREAM s GROUP BY window(time, '5 seconds')
