-- plan
-- column s device STRING
-- column s measured TIMESTAMP
-- column s celsius DOUBLE
-- format s csv
-- event-time s Measured 10
INSERT INTO t SELECT window.start AS start, max(celsius) AS highest
FROM STREAM s GROUP BY window(measured, '1 minute')
