-- plan
-- column s i INT
-- column s b BIGINT
-- column s f FLOAT
-- column s d DOUBLE
-- column s p DECIMAL(5,2)
-- column s p2 DECIMAL(20,4)
SELECT CASE WHEN durable THEN i ELSE d END AS c0,
       CASE WHEN durable THEN i ELSE body END AS c1,
       CASE i WHEN 1 THEN 'a' WHEN 2.5 THEN 'b' END AS c2,
       CASE i WHEN '1' THEN 1 ELSE NULL END AS c3,
       CASE WHEN durable THEN p WHEN i > 2 THEN i END AS c4,
       if(durable, i, NULL) AS c5,
       if(i > 1, 1, 2.5) AS c6,
       nvl2(i, b, d) AS c7,
       nullif(i, b) AS c8,
       nullif(i, body) AS c9,
       ifnull(i, body) AS c10,
       nvl(p, i) AS c11,
       nullif(body, 1) AS c12
FROM STREAM s
