-- error OUTPUT_TYPE OUTPUT_TYPE OUTPUT_TYPE
INSERT INTO t SELECT window AS w, max(body_bytes) AS b, NULL AS n FROM STREAM s GROUP BY window(time, '5 seconds')
