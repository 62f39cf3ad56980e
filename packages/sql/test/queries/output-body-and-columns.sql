-- error OUTPUT_SHAPE
INSERT INTO t SELECT body, try_cast(body AS INT) AS v FROM STREAM s
