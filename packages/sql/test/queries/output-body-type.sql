-- error OUTPUT_TYPE
INSERT INTO t SELECT max(priority) AS body FROM STREAM s GROUP BY window(time, '5 seconds')
