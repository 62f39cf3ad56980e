-- error OUTPUT_SHAPE
INSERT INTO t SELECT subject, properties FROM STREAM s
