-- plan
-- column s i INT
-- column s b BIGINT
-- column s f FLOAT
-- column s d DOUBLE
-- column s p DECIMAL(5,2)
-- column s p2 DECIMAL(20,4)
SELECT hex(i) AS c0,
       hex(b) AS c1,
       hex(body) AS c2,
       hex(body_bytes) AS c3,
       unhex(body) AS c4,
       base64(body) AS c5,
       base64(body_bytes) AS c6,
       unbase64(body) AS c7,
       md5(body) AS c8,
       md5(body_bytes) AS c9,
       sha2(body, 256) AS c10,
       crc32(body_bytes) AS c11
FROM STREAM s
