-- plan
-- column s v INT
SELECT * FROM STREAM s
