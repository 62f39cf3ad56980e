-- plan
-- column s i INT
-- column s b BIGINT
-- column s f FLOAT
-- column s d DOUBLE
-- column s p DECIMAL(5,2)
-- column s p2 DECIMAL(20,4)
SELECT greatest(i, b) AS c0,
       greatest(i, d) AS c1,
       least(p, 1) AS c2,
       least(f, i) AS c3,
       greatest(body, subject, NULL) AS c4,
       least(time, creation_time) AS c5,
       greatest(i, 2.5, p2) AS c6
FROM STREAM s
