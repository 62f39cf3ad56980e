-- error NO_WATERMARK
-- column s measured TIMESTAMP
-- column s sent TIMESTAMP
-- format s json
-- event-time s measured 10
INSERT INTO t SELECT count(*) AS n FROM STREAM s GROUP BY window(sent, '1 minute')
